//! JSON that is safe inside the script element of a page: nothing in it can close the element or open another.

/// A string literal. Characters that HTML or older JavaScript would misread are escaped.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list of items that are JSON already.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// Builds an object; fields that are empty, none or false are omitted.
#[derive(Default)]
pub(crate) struct Object(Vec<String>);

impl Object {
    /// A field whose value is JSON already.
    pub(crate) fn raw(mut self, key: &str, value: impl ToString) -> Self {
        self.0.push(format!("\"{key}\":{}", value.to_string()));
        self
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.raw(key, text(value)) }
    }

    pub(crate) fn some(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        value.into_iter().fold(self, |object, value| object.text(key, value.as_ref()))
    }

    pub(crate) fn flag(self, key: &str, value: bool) -> Self {
        if value { self.raw(key, true) } else { self }
    }

    /// A list, omitted if it is empty.
    pub(crate) fn all<T>(self, key: &str, items: &[T], write: impl FnMut(&T) -> String) -> Self {
        if items.is_empty() { self } else { self.raw(key, list(items.iter().map(write))) }
    }

    pub(crate) fn end(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_and_hold_no_markup() {
        let nasty = "</script><!-- & \"q\" \\ \u{2028}\u{2029}\u{0}\u{7f}\n損失 \u{1f600}";
        let written = text(nasty);
        assert!(!written.contains(['<', '>', '&', '\n', '\u{2028}', '\u{2029}', '\0']), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), nasty);
    }
}
