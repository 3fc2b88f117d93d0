//! Text metrics without fonts, and escaping.

use chainrule_base::shown::taken;

/// Advance widths of the printable ASCII characters, in thousandths of the font size, common to Helvetica, Arial and
/// Liberation Sans, which the drawings ask for.
#[rustfmt::skip]
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The same for the Greek letters from `Α` to `ω`.
#[rustfmt::skip]
const GREEK: [u16; 57] = [
    667, 667, 551, 668, 667, 611, 722, 778, 278, 667, 668, 833, 722, 650, 778, 722,
    667, 667, 618, 611, 667, 798, 667, 835, 748, 278, 667, 578, 446, 556, 222, 547,
    578, 575, 500, 557, 446, 441, 556, 556, 222, 500, 500, 576, 500, 448, 556, 690,
    569, 482, 617, 395, 547, 648, 525, 713, 781,
];

/// The width of a text at a font size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).map(f64::from).sum::<f64>() * size / 1000.0
}

fn advance(c: char) -> u16 {
    match c {
        ' '..='~' => ASCII[c as usize - ' ' as usize],
        '\u{391}'..='\u{3c9}' => GREEK[c as usize - 0x391],
        '×' | '−' | '±' | '¬' => 584,
        '÷' | '√' | '≤' | '≥' | '≠' | '≈' => 549,
        '·' | '²' | '³' | '¹' => 333,
        // Most browsers take these from another font, such as DejaVu Sans.
        '⁰' | '⁴'..='⁹' => 401,
        '⁻' => 528,
        '∂' => 494,
        'µ' => 576,
        '∞' | '∑' | '∇' => 713,
        '∏' => 823,
        'ᵀ' => 433,
        '–' => 556,
        '—' | '…' | '→' | '←' | '▶' | '◀' => 1000,
        // Combining and invisible characters.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        c if c.is_control() => 0,
        // East Asian scripts, full-width forms and emoji fill a square.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 1000,
        c if c.is_uppercase() => 722,
        _ => 600,
    }
}

/// The text, cut with `…` to at most the width `limit`.
pub(crate) fn fitted(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut space = limit - width("…", size);
    let mut kept = String::new();
    for c in text.chars() {
        space -= f64::from(advance(c)) * size / 1000.0;
        if space < 0.0 {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// Escapes text for the content of XML and HTML and for attributes in double quotes.
///
/// A line break becomes a space, and characters that XML forbids become `�`.
pub(crate) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            c => escaped.push(taken(c)),
        }
    }
    escaped
}

/// A true minus sign instead of a hyphen.
pub(crate) fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_glyphs() {
        assert_eq!(width("", 10.0), 0.0);
        assert!((width("220", 10.0) - 16.68).abs() < 1e-9);
        assert!(width("iii", 10.0) < width("mmm", 10.0));
        assert_eq!(width("損失", 10.0), 20.0);
        assert_eq!(width("e\u{301}", 10.0), width("e", 10.0));
        assert_eq!(width("1.2", 10.0), width("9.8", 10.0), "digits are tabular");
    }

    #[test]
    fn a_text_that_is_too_wide_is_cut() {
        assert_eq!(fitted("short", 10.0, 100.0), "short");
        let cut = fitted("a_name_that_goes_on_and_on", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
    }

    #[test]
    fn xml_is_escaped() {
        let nasty = "</script> & \"q\" \\ <img onerror=x>\nzwei 損失 \u{1}";
        assert_eq!(
            xml(nasty),
            "&lt;/script&gt; &amp; &quot;q&quot; \\ &lt;img onerror=x&gt; zwei 損失 \u{fffd}"
        );
    }
}
