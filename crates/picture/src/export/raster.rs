//! Pictures as PNG and PDF, converted from the SVG with fonts that are part of the build.

use crate::model::picture::Picture;
use chainrule_base::error::{Error, Result};
use std::sync::{Arc, OnceLock};
use usvg::fontdb::{Database, ID, Query, Source, Style, Weight};
use usvg::{FontResolver, FontStyle, Options, Tree};

/// The largest side of an image; a square one of this size takes a gigabyte while it is drawn.
#[cfg(feature = "png")]
const LARGEST: f32 = 16_384.0;

/// See `fonts/README.md`.
const FONTS: [&[u8]; 3] = [
    include_bytes!("../fonts/Arimo-Regular.ttf"),
    include_bytes!("../fonts/Arimo-Italic.ttf"),
    include_bytes!("../fonts/Arimo-Bold.ttf"),
];

impl Picture {
    /// The picture as PNG: [`to_svg`](Picture::to_svg) with `scale` pixels per unit, 1 for a standard screen and 2 for a
    /// high-resolution one. Needs the feature `png`.
    ///
    /// Text is set in a font that is part of the build; only characters that it lacks, such as those of East Asian
    /// scripts, use system fonts.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// let png = picture.to_png(2.0)?;
    /// assert!(png.starts_with(b"\x89PNG\r\n"));
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the scale is not positive, or a side of the image would have no pixel or more than 16,384.
    #[cfg(feature = "png")]
    pub fn to_png(&self, scale: f32) -> Result<Vec<u8>> {
        if !(scale.is_finite() && scale > 0.0) {
            return Err(refused("png", format!("the scale is {scale}, and has to be positive")));
        }
        let tree = tree("png", &self.to_svg())?;
        let (width, height) = ((tree.size().width() * scale).ceil(), (tree.size().height() * scale).ceil());
        let fits = width.max(height) <= LARGEST && width.min(height) >= 1.0;
        // Both are whole and in range.
        let image = fits.then(|| resvg::tiny_skia::Pixmap::new(width as u32, height as u32)).flatten();
        let Some(mut image) = image else {
            return Err(refused(
                "png",
                format!(
                    "{width} × {height} pixels are asked for, and a side has 1 to {LARGEST}; take a smaller scale or SVG"
                ),
            ));
        };
        resvg::render(&tree, usvg::Transform::from_scale(scale, scale), &mut image.as_mut());
        image.encode_png().map_err(|e| refused("png", e.to_string()))
    }

    /// The picture as a PDF page, one point per unit of [`to_svg`](Picture::to_svg). Needs the feature `pdf`.
    ///
    /// Text is drawn as outlines, in the fonts of the PNG export, so that a page looks the same everywhere and the file is
    /// reproducible; the text cannot be searched.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// let pdf = picture.to_pdf()?;
    /// assert!(pdf.starts_with(b"%PDF-"));
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the converter rejects the drawing.
    #[cfg(feature = "pdf")]
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        let tree = tree("pdf", &self.to_svg())?;
        // Embedded fonts would be written in a different order each time.
        let options = svg2pdf::ConversionOptions { embed_text: false, ..Default::default() };
        let pdf = svg2pdf::to_pdf(&tree, options, Default::default());
        Ok(in_order(&pdf.map_err(|e| refused("pdf", e.to_string()))?))
    }
}

/// A PDF with the references in each dictionary sorted, so that the file is reproducible.
///
/// The converter writes them in the order of a hash map, one per line. Dictionaries are unordered, so runs of such lines
/// are sorted; no byte after them moves.
#[cfg(feature = "pdf")]
fn in_order(pdf: &[u8]) -> Vec<u8> {
    let reference = |line: &[u8]| {
        let line = line.trim_ascii();
        line.starts_with(b"/") && line.ends_with(b" 0 R") && line.is_ascii()
    };
    let lines: Vec<&[u8]> = pdf.split_inclusive(|&byte| byte == b'\n').collect();
    let mut out = Vec::with_capacity(pdf.len());
    for run in lines.chunk_by(|a, b| reference(a) && reference(b)) {
        let mut run = run.to_vec();
        run.sort_unstable();
        run.into_iter().for_each(|line| out.extend_from_slice(line));
    }
    out
}

pub(crate) fn tree(what: &'static str, svg: &str) -> Result<Tree> {
    let mut fonts = Database::new();
    for font in FONTS {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    let options = Options { fontdb: Arc::new(fonts), font_resolver: resolver(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|e| refused(what, e.to_string()))
}

/// The built-in font for all text, and system fonts only for characters that it lacks.
fn resolver() -> FontResolver<'static> {
    let installed = OnceLock::new();
    let among_all = FontResolver::default_fallback_selector();
    FontResolver {
        select_font: Box::new(|font, fonts| {
            let style = match font.style() {
                FontStyle::Normal => Style::Normal,
                FontStyle::Italic | FontStyle::Oblique => Style::Italic,
            };
            own(fonts, style, Weight(font.weight()))
        }),
        select_fallback: Box::new(move |c, used, fonts| {
            installed.get_or_init(|| Arc::make_mut(fonts).load_system_fonts());
            among_all(c, used, fonts)
        }),
    }
}

fn own(fonts: &Database, style: Style, weight: Weight) -> Option<ID> {
    let families = &[usvg::fontdb::Family::Name("Arimo")];
    fonts.query(&Query { families, style, weight, ..Query::default() })
}

fn refused(what: &'static str, problem: String) -> Error {
    Error::Argument { what, problem }
}
