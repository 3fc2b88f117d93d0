//! Floats that are read back bit for bit, whatever the format and its reader.
//!
//! Binary formats store the bits of a float. Readers of text differ: JSON has no NaN and no infinities, and `serde_json`
//! reads numbers of many digits an ulp off unless it is built with `float_roundtrip`. So text holds a number as a number
//! where every reader reads it exactly, and otherwise as a string, which is parsed here.

use serde::de::{DeserializeOwned, Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Neg;

/// A floating-point number as its bits and as text.
pub trait Number:
    Copy + fmt::Debug + fmt::Display + fmt::LowerExp + Neg<Output = Self> + Serialize + DeserializeOwned
{
    /// `"f32"` or `"f64"`.
    const TYPE: &'static str;

    /// The default quiet NaN.
    const QUIET_NAN: Self;

    /// The nearest number of this precision.
    fn nearest(x: f64) -> Self;

    /// The same number in f64.
    fn exactly(self) -> f64;

    /// The bits, zero-extended.
    fn bits(self) -> u64;

    /// The number with these bits, if they fit in its width.
    fn of_bits(bits: u64) -> Option<Self>;

    /// The number nearest to the one that a text holds, if it holds one.
    fn parse(text: &str) -> Option<Self>;
}

macro_rules! number {
    ($float:ident) => {
        impl Number for $float {
            const TYPE: &'static str = stringify!($float);
            const QUIET_NAN: Self = Self::NAN;

            fn nearest(x: f64) -> Self {
                x as Self
            }

            fn exactly(self) -> f64 {
                self.into()
            }

            fn bits(self) -> u64 {
                self.to_bits().into()
            }

            fn of_bits(bits: u64) -> Option<Self> {
                bits.try_into().ok().map(Self::from_bits)
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    };
}

number!(f32);
number!(f64);

/// A float in a file.
#[derive(Debug, Clone, Copy)]
pub struct Exact<F>(pub F);

impl<F: Number> Serialize for Exact<F> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if !s.is_human_readable() || every_reader_has(self.0) {
            return self.0.serialize(s);
        }
        s.serialize_str(&word(self.0))
    }
}

impl<'de, F: Number> Deserialize<'de> for Exact<F> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return F::deserialize(d).map(Self);
        }
        d.deserialize_any(Reader(PhantomData)).map(Self)
    }
}

/// Whether plain arithmetic reads the shortest decimal form of this number exactly: both the digits and the power of ten
/// are exact in f64, so that one division rounds once (Clinger, "How to read floating point numbers accurately", PLDI
/// 1990). A writer without exponents adds zeros before the point and `.0` after it; these digits count too.
fn every_reader_has<F: Number>(x: F) -> bool {
    let shortest = format!("{x:e}");
    let Some((digits, exponent)) = shortest.split_once('e') else { return false };
    let count = digits.bytes().filter(u8::is_ascii_digit).count() as i32;
    let few = exponent.parse().is_ok_and(|e: i32| count <= 15 && e < 15 && count - 1 - e <= 22);
    // f32 rounds a second time.
    few && shortest.parse().is_ok_and(|read: f64| F::nearest(read).bits() == x.bits())
}

/// The word for a number: `NaN`, `-NaN`, one with its bits for any other NaN, `inf`, `-inf`, or the digits.
fn word<F: Number>(x: F) -> String {
    if !x.exactly().is_nan() {
        return format!("{x:?}");
    }
    let (bits, usual) = (x.bits(), F::QUIET_NAN);
    match [usual, -usual].iter().position(|nan| nan.bits() == bits) {
        Some(0) => "NaN".to_owned(),
        Some(_) => "-NaN".to_owned(),
        None => format!("NaN({bits:#x})"),
    }
}

/// Parses a word; none if it is not one.
fn number<F: Number>(word: &str) -> Option<F> {
    match word {
        "NaN" => return Some(F::QUIET_NAN),
        "-NaN" => return Some(-F::QUIET_NAN),
        _ => {}
    }
    if let Some(bits) = word.strip_prefix("NaN(0x").and_then(|rest| rest.strip_suffix(')')) {
        return F::of_bits(u64::from_str_radix(bits, 16).ok()?).filter(|x| x.exactly().is_nan());
    }
    let x = F::parse(word)?;
    // Rejects digits that overflow this precision, and other spellings of numbers that are not finite.
    (x.exactly().is_finite() || matches!(word, "inf" | "-inf")).then_some(x)
}

/// Reads a number, or a word for one.
struct Reader<F>(PhantomData<F>);

impl<F: Number> Visitor<'_> for Reader<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of {}, or a word for one such as `NaN`, `-inf` or `0.1`", F::TYPE)
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<F, E> {
        let read = F::nearest(x);
        if x.is_finite() && !read.exactly().is_finite() {
            return Err(E::invalid_value(Unexpected::Float(x), &self));
        }
        Ok(read)
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<F, E> {
        self.visit_f64(x as f64)
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<F, E> {
        self.visit_f64(x as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<F, E> {
        number(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A field that is a float, or an optional one.
pub trait Written {
    /// What is written.
    type As: Serialize + DeserializeOwned;

    /// Converts to the written form.
    fn written(&self) -> Self::As;

    /// Converts from the written form.
    fn read(written: Self::As) -> Self;
}

impl Written for f64 {
    type As = Exact<f64>;

    fn written(&self) -> Exact<f64> {
        Exact(*self)
    }

    fn read(Exact(x): Exact<f64>) -> Self {
        x
    }
}

impl Written for Vec<f64> {
    type As = Vec<Exact<f64>>;

    fn written(&self) -> Vec<Exact<f64>> {
        self.iter().copied().map(Exact).collect()
    }

    fn read(written: Vec<Exact<f64>>) -> Self {
        written.into_iter().map(|number| number.0).collect()
    }
}

impl Written for Option<f64> {
    type As = Option<Exact<f64>>;

    fn written(&self) -> Option<Exact<f64>> {
        self.map(Exact)
    }

    fn read(written: Option<Exact<f64>>) -> Self {
        written.map(f64::read)
    }
}

/// With [`deserialize`], what `#[serde(with = "…::written::number")]` calls.
pub fn serialize<T: Written, S: Serializer>(x: &T, s: S) -> Result<S::Ok, S::Error> {
    x.written().serialize(s)
}

/// With [`serialize`], what `#[serde(with = "…::written::number")]` calls.
pub fn deserialize<'de, T: Written, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
    T::As::deserialize(d).map(T::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `serde_json` makes of a decimal number without `float_roundtrip`: all digits as one integer, and then a power of
    /// ten at a time.
    fn read_plainly(text: &str) -> f64 {
        let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let significand: u64 = format!("{whole}{fraction}").trim_start_matches('-').parse().unwrap();
        let exponent = exponent.parse::<i32>().unwrap() - fraction.len() as i32;
        let power: f64 = format!("1e{}", exponent.abs()).parse().unwrap();
        let size = if exponent < 0 { significand as f64 / power } else { significand as f64 * power };
        if text.starts_with('-') { -size } else { size }
    }

    fn survives<F: Number>(x: F) {
        if every_reader_has(x) {
            for text in [format!("{x:e}"), format!("{x}"), format!("{x:?}")] {
                assert_eq!(F::nearest(read_plainly(&text)).bits(), x.bits(), "{text}");
            }
        }
        assert_eq!(number::<F>(&word(x)).unwrap().bits(), x.bits(), "{}", word(x));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn numbers_of_any_bits_survive(bits: u64, small in -1_000_000_i32..1_000_000, places in 0..12_i32) {
            survives(f64::from_bits(bits));
            survives(f32::from_bits(bits as u32));
            let decimal = f64::from(small) / 10_f64.powi(places);
            survives(decimal);
            survives(decimal as f32);
            survives(f64::from(small) * 10_f64.powi(places));
            prop_assert!(every_reader_has(decimal) && every_reader_has(decimal as f32));
        }
    }

    #[test]
    fn words_for_what_is_no_decimal_number() {
        let words = [
            (f64::NAN, "NaN"),
            (-f64::NAN, "-NaN"),
            (f64::from_bits(0x7ff8_0000_0000_0123), "NaN(0x7ff8000000000123)"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
        ];
        for (x, text) in words {
            assert_eq!((word(x).as_str(), every_reader_has(x)), (text, false));
        }
        for text in ["", "nan", "infinity", "1e999", "NaN(0x0)", "NaN(0x7ff8000000000123", "0x1", " 1", "1 "]
        {
            assert!(number::<f64>(text).is_none(), "{text}");
        }
        assert!(number::<f32>("1e39").is_none() && number::<f32>("NaN(0x7ff8000000000123)").is_none());
    }
}
