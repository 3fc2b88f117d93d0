//! Attributes of ops: the settings that, with its name, make one op different from another.

use crate::base::float::Written;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};

/// The value of one attribute of an op.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Yes or no.
    Flag(bool),
    /// An integer.
    Int(i64),
    /// A number; in text, one that not every reader has to the last bit, NaN or an infinity is a word.
    Number(#[serde(with = "chainrule_base::written::number")] f64),
    /// Integers: axes, sizes, offsets; `None` where one is left open.
    Ints(Vec<Option<i64>>),
    /// Numbers, each written as one is.
    Numbers(#[serde(with = "crate::written::number")] Vec<f64>),
    /// A word.
    Text(String),
    /// Nothing, where there may be something.
    None,
}

// Numbers are compared by their bits, so that attributes can be keys and NaN equals itself.
impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits(),
            (Self::Ints(a), Self::Ints(b)) => a == b,
            (Self::Numbers(a), Self::Numbers(b)) => {
                a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
            }
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::None, Self::None) => true,
            _ => false,
        }
    }
}

impl Eq for Attribute {}

impl Hash for Attribute {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Flag(x) => x.hash(state),
            Self::Int(x) => x.hash(state),
            Self::Number(x) => x.to_bits().hash(state),
            Self::Ints(x) => x.hash(state),
            Self::Numbers(x) => x.iter().for_each(|x| x.to_bits().hash(state)),
            Self::Text(x) => x.hash(state),
            Self::None => {}
        }
    }
}

impl Attribute {
    /// Whether it says the same as another: an integer may stand for a number.
    pub(crate) fn means(&self, other: &Self) -> bool {
        match (self, other) {
            (&Self::Int(n), &Self::Number(x)) | (&Self::Number(x), &Self::Int(n)) => n as f64 == x,
            (Self::Number(a), Self::Number(b)) => a == b || (a.is_nan() && b.is_nan()),
            _ => self == other,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(x) => write!(f, "{x}"),
            Self::Int(x) => write!(f, "{x}"),
            Self::Number(x) => Written(*x).fmt(f),
            Self::Text(x) => f.write_str(x),
            Self::Ints(xs) => {
                let words: Vec<String> =
                    xs.iter().map(|x| x.map_or_else(|| "_".to_owned(), |x| x.to_string())).collect();
                write!(f, "[{}]", words.join(", "))
            }
            Self::Numbers(xs) => {
                let words: Vec<String> = xs.iter().map(|&x| Written(x).to_string()).collect();
                write!(f, "[{}]", words.join(", "))
            }
            Self::None => f.write_str("none"),
        }
    }
}

/// The attributes of an op, by name, in the order in which it lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Vec<(String, Attribute)>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: Attribute) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    /// With axes, or other sizes counted from 0.
    #[must_use]
    pub fn with_sizes(self, name: &str, sizes: &[usize]) -> Self {
        self.with(name, Attribute::Ints(sizes.iter().map(|&n| i64::try_from(n).ok()).collect()))
    }

    /// An attribute by name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, a)| a)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(n, a)| (n.as_str(), a))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A flag.
    ///
    /// # Errors
    ///
    /// A message if the attribute is missing or of another kind.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            Some(&Attribute::Flag(x)) => Ok(x),
            other => Err(wrong(name, "true or false", other)),
        }
    }

    /// An integer.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn int(&self, name: &str) -> Result<i64, String> {
        match self.get(name) {
            Some(&Attribute::Int(x)) => Ok(x),
            other => Err(wrong(name, "an integer", other)),
        }
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn number(&self, name: &str) -> Result<f64, String> {
        match self.get(name) {
            Some(&Attribute::Number(x)) => Ok(x),
            Some(&Attribute::Int(x)) => Ok(x as f64),
            other => Err(wrong(name, "a number", other)),
        }
    }

    /// Numbers.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, String> {
        match self.get(name) {
            Some(Attribute::Numbers(x)) => Ok(x.clone()),
            other => Err(wrong(name, "a list of numbers", other)),
        }
    }

    /// A word.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name) {
            Some(Attribute::Text(x)) => Ok(x.clone()),
            other => Err(wrong(name, "a word", other)),
        }
    }

    /// Integers, of which some may be left open.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn ints(&self, name: &str) -> Result<Vec<Option<i64>>, String> {
        match self.get(name) {
            Some(Attribute::Ints(x)) => Ok(x.clone()),
            other => Err(wrong(name, "a list of integers", other)),
        }
    }

    /// Sizes, axes or positions, counted from 0.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag).
    pub fn sizes(&self, name: &str) -> Result<Vec<usize>, String> {
        self.ints(name)?
            .into_iter()
            .map(|x| {
                x.and_then(|x| usize::try_from(x).ok())
                    .ok_or_else(|| format!("attribute `{name}` wants integers from 0"))
            })
            .collect()
    }
}

fn wrong(name: &str, wanted: &str, found: Option<&Attribute>) -> String {
    match found {
        Some(a) => format!("attribute `{name}` wants {wanted}, got {a}"),
        None => format!("attribute `{name}` is missing; it wants {wanted}"),
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(n, a)| format!("{n}={a}")).collect();
        f.write_str(&words.join(", "))
    }
}
