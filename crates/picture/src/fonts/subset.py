#!/usr/bin/env python3
"""Makes the fonts of this folder from Arimo 1.23 (see README.md): subset.py FOLDER_WITH_ARIMO

Keeps the characters that drawings use, drops hints, kerning and other tables that placing text by widths does not
need, and adds a few signs that Arimo lacks, made of its own outlines.
"""
import sys
from pathlib import Path

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FILES = {
    "Arimo-Regular.ttf": "Arimo_400Regular.ttf",
    "Arimo-Italic.ttf": "Arimo_400Regular_Italic.ttf",
    "Arimo-Bold.ttf": "Arimo_700Bold.ttf",
}
RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x2B0, 0x2FF), (0x370, 0x3FF), (0x400, 0x45F), (0x1D2C, 0x1D6A), (0x2010, 0x205E),
    (0x2070, 0x209C), (0x20A0, 0x20BF), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x2C7C, 0x2C7C),
    (0xFFFD, 0xFFFD),
]
# Outlines of other signs, moved: new sign, old sign, scale across, scale up, shift up (in thousandths of the size).
MADE = [("▶", "►", 1, 1, 0), ("◀", "◄", 1, 1, 0), ("∇", "Δ", 1, -1, 729), ("∧", "Λ", 0.9, 0.8, 0), ("ⱼ", "j", 0.6, 0.6, -130)]
MADE += [(new, old, 0.6, 0.6, 300) for new, old in zip("⁰⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾", "0456789+−=()")]
MADE += [(new, old, 0.6, 0.6, -130) for new, old in zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", "0123456789+−=()")]


def add(font, new, old, across, up, shift):
    cmap = font.getBestCmap()
    if ord(new) in cmap or ord(old) not in cmap:
        return
    unit = font["head"].unitsPerEm / 1000
    glyphs, source = font.getGlyphSet(), cmap[ord(old)]
    outline = DecomposingRecordingPen(glyphs)
    glyphs[source].draw(outline)
    pen = TTGlyphPen(None)
    outline.replay(TransformPen(pen, (across, 0, 0, up, 0, shift * unit)))
    name = f"uni{ord(new):04X}"
    font.setGlyphOrder(font.getGlyphOrder() + [name])
    glyph = pen.glyph()
    font["glyf"].glyphs[name] = glyph
    font["glyf"].glyphOrder = font.getGlyphOrder()
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (round(font["hmtx"][source][0] * abs(across)), glyph.xMin)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[ord(new)] = name


def main():
    folder, here = Path(sys.argv[1]), Path(__file__).parent
    for made, source in FILES.items():
        font = TTFont(folder / source, recalcTimestamp=False)
        for sign in MADE:
            add(font, *sign)
        options = Options()
        options.hinting = False
        options.layout_features = []
        options.notdef_outline = True
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
        options.drop_tables += ["kern", "GPOS", "GSUB", "GDEF", "DSIG", "PCLT", "VDMX", "LTSH", "hdmx", "gasp"]
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
        subsetter.subset(font)
        font.save(here / made)


main()
