//! How types are written, and names.

use crate::exchange::exported::ExportPrecision;
use crate::portable::ElementType;
use std::fmt::Write;

impl ExportPrecision {
    pub(super) fn element(self, element: ElementType) -> &'static str {
        match (element, self) {
            (ElementType::Real, Self::F32) => "f32",
            (ElementType::Real, Self::F64) | (ElementType::Double, _) => "f64",
            (ElementType::Real, Self::Bf16) => "bf16",
            (ElementType::Index, _) => "i32",
            (ElementType::Integer, _) => "i64",
            (ElementType::Truth, _) => "i1",
        }
    }

    /// `tensor<3x4xf32>`.
    pub(super) fn tensor(self, element: ElementType, shape: &[usize]) -> String {
        let mut text = "tensor<".to_owned();
        shape.iter().for_each(|n| write!(text, "{n}x").unwrap_or_default());
        text.push_str(self.element(element));
        text.push('>');
        text
    }
}

/// A name as an identifier of MLIR, `%` in front.
pub(super) fn identifier(name: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || "$._-".contains(c);
    let text: String = name.chars().map(|c| if known(c) { c } else { '_' }).collect();
    // What begins with a digit is a number to MLIR.
    let prefix = if text.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "_" };
    format!("%{prefix}{text}")
}

/// A text between quotation marks.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | 0..0x20 | 0x7f.. => write!(quoted, "\\{byte:02X}").unwrap_or_default(),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    quoted
}
