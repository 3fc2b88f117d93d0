//! Display texts: names and other texts from outside, cut to a bounded length and without characters that terminals,
//! Graphviz or XML readers interpret or reject.

use std::borrow::Cow;

/// The most characters of a name or of a shape in a table.
pub const CELL: usize = 60;
/// The most characters of a table cell that lists several things.
pub const LIST: usize = 200;
/// The most characters of a text that is drawn. Five such texts, with an entity of six bytes for each character, stay far
/// below the 16,384 bytes of a string that Graphviz reads.
pub const DRAWN: usize = 100;
/// The most characters of a text beside the drawing, such as a tooltip; in bytes, less than Graphviz's limit.
pub const TOLD: usize = 2_000;

/// A text as it is displayed on one line: cut to `longest` characters, the last of them `…`; a space for each line break
/// and tab; `�` for each character that a terminal, Graphviz or an XML reader would interpret or reject.
pub fn shown(text: &str, longest: usize) -> Cow<'_, str> {
    // A text has no more characters than bytes.
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    cut(text.chars().map(in_line), longest)
}

/// The same for a text of several lines: each `\n` stays.
pub fn shown_lines(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return Cow::Borrowed(text);
    }
    cut(text.chars().map(|c| if c == '\n' { c } else { in_line(c) }), longest)
}

fn cut(chars: impl Iterator<Item = char> + Clone, longest: usize) -> Cow<'static, str> {
    let whole = chars.clone().take(longest.saturating_add(1)).count() <= longest;
    Cow::Owned(if whole { chars.collect() } else { chars.take(longest.max(1) - 1).chain(['…']).collect() })
}

/// A character as it is displayed within a line.
fn in_line(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        c => taken(c),
    }
}

/// The character, or `�` for one that is not text: control characters, which terminals interpret and XML forbids;
/// bidirectional formatting characters, which reorder the text after them; and noncharacters.
pub fn taken(c: char) -> char {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let none = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    if c.is_control() || turns || none { '\u{fffd}' } else { c }
}

/// A count with its digits in groups of three: `1,234,567`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The first names of a list and how many more there are, so that a message stays readable.
pub fn first_of(names: impl IntoIterator<Item = String>) -> String {
    const LISTED: usize = 16;
    let mut names = names.into_iter();
    let mut list: Vec<String> = names.by_ref().take(LISTED).collect();
    match names.count() {
        0 => {}
        more => list.push(format!("and {more} more")),
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_stays_and_is_not_copied() {
        for text in ["", "w1", "block1/attention", &"x".repeat(60)] {
            assert!(matches!(shown(text, 60), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(shown("損失 ünï 👩\u{200d}🔬 \u{fffd}", 60), "損失 ünï 👩\u{200d}🔬 \u{fffd}");
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        assert_eq!(shown("abcd", 3), "ab…");
        assert_eq!(shown("損失損失", 3), "損失…");
        assert_eq!(shown("損失損", 3), "損失損");
        assert_eq!(shown("ab", 1), "…");
        assert_eq!(shown_lines("a\nb\nc", 4), "a\nb…");
        assert_eq!(shown(&"x".repeat(70_000), CELL).chars().count(), CELL);
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(shown("a\nb\r\tc\u{85}d\u{2028}e", 60), "a b  c d e");
        assert_eq!(shown_lines("a\nb\u{2028}c\u{1b}[2J", 60), "a\nb c\u{fffd}[2J");
        let none = [
            '\0',
            '\u{1}',
            '\u{7f}',
            '\u{9f}',
            '\u{202e}',
            '\u{2066}',
            '\u{fdd0}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{10ffff}',
        ];
        for c in none {
            assert_eq!(shown(&format!("a{c}b"), 60), "a\u{fffd}b", "{c:?}");
        }
    }
}
