//! How the numbers of constants are written.

use crate::exchange::exported::ExportPrecision;
use crate::exchange::numbers::bf16;
use crate::portable::ElementType;
use std::fmt::Write;

/// Numbers of this many elements at most are written one by one; more of them as their bytes.
const FEW: usize = 16;

impl ExportPrecision {
    /// What stands behind `dense`, of one number for all elements, or of all.
    pub(super) fn dense(self, numbers: &[f64], element: ElementType, shape: &[usize]) -> String {
        match numbers {
            _ if shape.contains(&0) => "<>".to_owned(),
            [number] => format!("<{}>", self.number(*number, element)),
            _ if numbers.len() <= FEW && shape.len() == 1 => {
                let all: Vec<String> = numbers.iter().map(|&x| self.number(x, element)).collect();
                format!("<[{}]>", all.join(", "))
            }
            _ => {
                let mut text = "<\"0x".to_owned();
                for &x in numbers {
                    let (bits, bytes) = self.bits(x, element);
                    (0..bytes)
                        .for_each(|k| write!(text, "{:02X}", (bits >> (8 * k)) as u8).unwrap_or_default());
                }
                text.push_str("\">");
                text
            }
        }
    }

    /// The bits of a number, and how many bytes they are.
    fn bits(self, x: f64, element: ElementType) -> (u64, usize) {
        match (element, self) {
            (ElementType::Real, Self::F64) | (ElementType::Double, _) => (x.to_bits(), 8),
            (ElementType::Real, Self::F32) => (u64::from((x as f32).to_bits()), 4),
            (ElementType::Real, Self::Bf16) => (u64::from(bf16(x)), 2),
            (ElementType::Index, _) => (u64::from(x as i32 as u32), 4),
            (ElementType::Integer, _) => (x as i64 as u64, 8),
            (ElementType::Truth, _) => (u64::from(x != 0.0), 1),
        }
    }

    fn number(self, x: f64, element: ElementType) -> String {
        match element {
            ElementType::Truth => (x != 0.0).to_string(),
            ElementType::Index | ElementType::Integer => (x as i64).to_string(),
            ElementType::Real | ElementType::Double if x.is_finite() && self.keeps(x, element) => decimal(x),
            ElementType::Real | ElementType::Double => {
                let (bits, bytes) = self.bits(x, element);
                format!("0x{bits:0width$X}", width = 2 * bytes)
            }
        }
    }

    /// Whether a finite number stays one.
    fn keeps(self, x: f64, element: ElementType) -> bool {
        self == Self::F64 || element == ElementType::Double || (x as f32).is_finite() && self != Self::Bf16
    }
}

/// A number in the shortest way that gives it back, with the point that MLIR wants.
fn decimal(x: f64) -> String {
    let text = format!("{x:?}");
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}
