//! Whether two ops of one type with equal attributes are the same op: what they say of themselves is compared.

use super::op::Op;
use std::any::Any;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// What an op says of itself, as text.
struct Told<'a>(&'a dyn Op);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.identity(f)
    }
}

/// A hash of what an op said of itself at some time: an op may hold a table of a million numbers, and the text would be
/// longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(pub(super) u64);

impl Identity {
    /// That of an op now; `None` if equal attributes are enough, because it has no fields or is built in.
    pub(super) fn of(op: &dyn Op) -> Option<Self> {
        let settled = size_of_val(op) == 0 || crate::ops::is_built_in((op as &dyn Any).type_id());
        (!settled).then(|| Self::hashed(op))
    }

    fn hashed(op: &dyn Op) -> Self {
        struct Hashed(DefaultHasher);
        impl Write for Hashed {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        let mut hashed = Hashed(DefaultHasher::new());
        // An op whose text breaks off has said what is there until then.
        let _ = write!(hashed, "{}", Told(op));
        Self(hashed.0.finish())
    }

    /// Whether an op is the same as one of its type and with its attributes that is on the tape, whose identity this was
    /// when it came there.
    ///
    /// State within an op, such as a count of its calls, may have changed since then; so it is compared as it was and as
    /// it is.
    pub(super) fn is_of(self, new: &Arc<dyn Op>, known: &Arc<dyn Op>) -> bool {
        if Arc::ptr_eq(new, known) {
            return true;
        }
        let new = Self::hashed(&**new);
        new == self || new == Self::hashed(&**known)
    }
}

/// Whether two ops are of one type, with equal attributes, and the same.
pub(crate) fn are_same(a: &Arc<dyn Op>, b: &Arc<dyn Op>) -> bool {
    let of_type = |op: &Arc<dyn Op>| (&**op as &dyn Any).type_id();
    let identity = Identity::of(&**b);
    of_type(a) == of_type(b)
        && a.attributes() == b.attributes()
        && identity.is_none_or(|identity| identity.is_of(a, b))
}

/// What two ops say of themselves, each cut to what a message has room for, around the first letter that differs.
pub(super) fn told_apart(new: &dyn Op, known: &dyn Op) -> [String; 2] {
    let texts = [new, known].map(|op| {
        let mut text = String::new();
        let _ = write!(text, "{}", Told(op));
        text
    });
    let same = texts[0].chars().zip(texts[1].chars()).take_while(|(a, b)| a == b).count();
    texts.each_ref().map(|text| excerpt(text, same))
}

/// A text in backticks: all of it, or its beginning and what stands around a letter.
fn excerpt(text: &str, letter: usize) -> String {
    const BEGINNING: usize = 24;
    const AROUND: usize = 48;
    if text.chars().count() <= BEGINNING + 2 * AROUND {
        return format!("`{text}`");
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    let from = letter.saturating_sub(AROUND).max(BEGINNING);
    let part: String = text.chars().skip(from).take(2 * AROUND).collect();
    format!("`{beginning} … {part} …`")
}

/// What an op keeps that its attributes seem not to list. Displays as a sentence.
///
/// It is a suspicion, not a fault: what is missing among the attributes may be the same in all ops of the type. An op that
/// [says](Op::identity) nothing of itself is not suspected.
#[derive(Debug)]
pub(crate) struct Unlisted {
    op: String,
    attributes: String,
    /// The names of the fields, where they have some.
    pub(super) fields: Vec<String>,
}

impl Unlisted {
    /// What the attributes of an op seem not to list; `None` if there is nothing.
    pub(crate) fn of(op: &dyn Op) -> Option<Self> {
        Identity::of(op)?;
        let (text, attributes) = (Told(op).to_string(), op.attributes());
        let (fields, listed) = (fields(&text), attributes.iter().count());
        if text.is_empty() || (fields.len() <= listed && listed > 0) {
            return None;
        }
        let unlisted = |name: &&str| !name.is_empty() && attributes.get(name).is_none();
        let fields = fields.into_iter().filter(unlisted).map(str::to_owned).collect();
        let attributes = if listed == 0 { "none".to_owned() } else { attributes.to_string() };
        Some(Self { op: excerpt(&text, 0), attributes, fields })
    }
}

impl fmt::Display for Unlisted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, attributes, fields } = self;
        let what =
            if fields.is_empty() { "something".to_owned() } else { format!("`{}`", fields.join("`, `")) };
        write!(
            f,
            "{op} keeps {what} that its attributes ({attributes}) do not list: ops that differ in it cannot be told apart \
             in a graph or a file; list it in `Op::attributes`, or leave it out of `Op::identity` if it is the same in all"
        )
    }
}

/// The names of the fields in a text as `Debug` derives it, `Name { a: 1, b: 2 }` or `Name(1, 2)`; empty ones of a tuple.
fn fields(text: &str) -> Vec<&str> {
    let Some(open) = text.find(['{', '(']) else { return Vec::new() };
    let (mut parts, mut depth, mut quoted, mut escaped) = (Vec::new(), 0_usize, false, false);
    let mut start = open + 1;
    for (i, c) in text.char_indices().skip_while(|&(i, _)| i < open) {
        match c {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth <= 1 => {
                parts.push(&text[start..i]);
                break;
            }
            '}' | ')' | ']' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    let named = text[open..].starts_with('{');
    parts
        .into_iter()
        .map(str::trim)
        .filter_map(|part| {
            let (name, value) = if named { part.split_once(':')? } else { ("", part) };
            let value = value.trim();
            (!value.is_empty() && !value.starts_with("PhantomData")).then_some(name.trim())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Unlisted, excerpt, fields};
    use crate::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, Zero};
    use crate::{Float, ops};

    /// Holds a number and a word, of which some are listed.
    #[derive(Debug)]
    struct Holding {
        delta: f64,
        word: &'static str,
        listed: &'static [&'static str],
    }

    impl<F: Float> Kernel<F> for Holding {
        fn run(&self, _: Inputs<'_, '_, F>, y: Output<'_, F>) {
            y.data.fill(F::of(self.delta + self.word.len() as f64));
        }
    }

    impl Op for Holding {
        fn name(&self) -> &'static str {
            "holding"
        }
        fn formula(&self) -> &'static str {
            "y = delta + length of the word"
        }
        fn attributes(&self) -> Attributes {
            let value = |name| match name {
                "delta" => Attribute::Number(self.delta),
                _ => Attribute::Text(self.word.to_owned()),
            };
            self.listed.iter().fold(Attributes::new(), |all, name| all.with(name, value(name)))
        }
        fn shape(&self, _: &[Operand<'_>]) -> Result<Vec<usize>, String> {
            Ok(Vec::new())
        }
        fn rule<'t>(
            &self,
            _: usize,
            _: &[crate::Var<'t>],
            _: crate::Var<'t>,
            _: crate::Var<'t>,
        ) -> Derivative<'t> {
            Zero.into()
        }
        fn identity(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Holding").field("delta", &self.delta).field("word", &self.word).finish()
        }
    }

    fn unlisted(listed: &'static [&'static str]) -> Option<String> {
        Unlisted::of(&Holding { delta: 0.5, word: "a, b", listed }).map(|unlisted| unlisted.to_string())
    }

    #[test]
    fn what_attributes_do_not_list_is_suspected() {
        let none = unlisted(&[]).expect("nothing is listed");
        let wanted =
            ["`Holding { delta: 0.5, word: \"a, b\" }` keeps `delta`, `word`", "(none)", "`Op::attributes`"];
        assert!(wanted.iter().all(|wanted| none.contains(wanted)), "{none}");
        let one = unlisted(&["delta"]).expect("one is not");
        assert!(one.contains("keeps `word` that its attributes (delta=0.5) do not list"), "{one}");
        assert_eq!(unlisted(&["delta", "word"]), None);
        assert_eq!(unlisted(&["word", "another name"]), None, "as many as there are fields");
        for entry in ops::TABLE {
            assert!((entry.examples)().iter().all(|op| Unlisted::of(&**op).is_none()), "{}", entry.name);
        }
    }

    #[test]
    fn fields_are_read_off_a_derived_text() {
        assert_eq!(fields("Huber"), [""; 0]);
        assert_eq!(fields("Huber { delta: 0.5 }"), ["delta"]);
        assert_eq!(fields("Op { a: [1, 2], b: Inner { c: 3, d: 4 }, e: \"}, f: \\\"\" }"), ["a", "b", "e"]);
        assert_eq!(fields("Pair(0.5, Some(2))"), ["", ""]);
        assert_eq!(fields("Typed { n: 2, of: PhantomData<f64> }"), ["n"]);
    }

    #[test]
    fn a_long_text_is_cut_around_what_differs() {
        let long = format!("Table {{ numbers: [{}] }}", "0.0, ".repeat(1000));
        let cut = excerpt(&long, 3000);
        assert!(cut.starts_with("`Table { numbers: ") && cut.chars().count() < 200, "{cut}");
        assert_eq!(excerpt("Huber", 2), "`Huber`");
    }
}
