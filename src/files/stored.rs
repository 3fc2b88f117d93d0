//! Types of numbers in files, and their conversion to a precision where it loses nothing.

use crate::base::float::Float;
use crate::base::state::State;
use crate::shown::{CELL, shown};
use half::{bf16, f16};
use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};
use std::io::{ErrorKind, Read};

/// The numbers that are converted at one time.
const BLOCK: usize = 4096;

/// A type of numbers in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    Bf16,
    F32,
    F64,
}

/// Where an array stands in a file, and how.
pub(super) struct StoredArray<'n> {
    pub(super) name: &'n str,
    pub(super) stored: Stored,
    pub(super) is_big_endian: bool,
    pub(super) shape: Vec<usize>,
    /// Whether the first axis is the one that moves fastest.
    pub(super) is_column_major: bool,
}

impl Stored {
    /// Bytes of a number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The number with these bits; none if the precision does not have it.
    fn number<F: Float>(self, bits: u64) -> Option<F> {
        let whole = |x: i128| Some(F::of(x as f64)).filter(|y| y.wide() as i128 == x);
        match self {
            Self::Bool => (bits < 2).then(|| F::truth(bits == 1)),
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => whole(i128::from(bits)),
            Self::I8 => whole(i128::from(bits as u8 as i8)),
            Self::I16 => whole(i128::from(bits as u16 as i16)),
            Self::I32 => whole(i128::from(bits as u32 as i32)),
            Self::I64 => whole(i128::from(bits as i64)),
            Self::F16 => Some(F::of(f16::from_bits(bits as u16).to_f64())),
            Self::Bf16 => Some(F::of(bf16::from_bits(bits as u16).to_f64())),
            // Of the same type, a NaN keeps its bits.
            Self::F32 if F::NAME == "f32" => F::of_bits(bits),
            Self::F32 => Some(F::of(f64::from(f32::from_bits(bits as u32)))),
            Self::F64 if F::NAME == "f64" => F::of_bits(bits),
            Self::F64 => None,
        }
    }
}

impl StoredArray<'_> {
    /// The number of elements.
    pub(super) fn len(&self) -> Result<usize, String> {
        let product = self.shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis));
        // What memory cannot address even if an axis of length 0 makes it empty has no array.
        let largest = self.shape.iter().filter(|&&n| n > 0).try_fold(8_usize, |n, &axis| n.checked_mul(axis));
        match (product, largest) {
            (Some(n), Some(largest)) if largest <= isize::MAX as usize => Ok(n),
            _ => Err(format!("{} of shape {} does not fit in memory", self.entry(), self.shape_shown())),
        }
    }

    fn entry(&self) -> String {
        format!("entry `{}`", shown(self.name, CELL))
    }

    fn shape_shown(&self) -> String {
        shown(&format!("{:?}", self.shape), CELL).into_owned()
    }

    /// Reads the numbers.
    pub(super) fn read<F: Float>(&self, from: &mut dyn Read) -> Result<ArrayD<F>, String> {
        if self.stored == Stored::F64 && F::NAME == "f32" {
            let entry = self.entry();
            return Err(format!(
                "{entry} holds f64, which f32 would round; load it as a `State<f64>` and `cast` that"
            ));
        }
        let (len, size) = (self.len()?, self.stored.size());
        let mut numbers: Vec<F> = Vec::new();
        let mut bytes = [0; 8 * BLOCK];
        while numbers.len() < len {
            let count = BLOCK.min(len - numbers.len());
            let bytes = &mut bytes[..count * size];
            from.read_exact(bytes).map_err(|e| match e.kind() {
                ErrorKind::UnexpectedEof => {
                    format!("truncated: {} ends after {} of {len} numbers", self.entry(), numbers.len())
                }
                _ => format!("{} cannot be read: {e}", self.entry()),
            })?;
            if numbers.try_reserve(count).is_err() {
                return Err(format!(
                    "{} of shape {} does not fit in memory",
                    self.entry(),
                    self.shape_shown()
                ));
            }
            for number in bytes.chunks_exact(size) {
                let push = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
                let bits = match self.is_big_endian {
                    true => number.iter().fold(0, push),
                    false => number.iter().rev().fold(0, push),
                };
                let at = numbers.len();
                numbers.push(self.stored.number(bits).ok_or_else(|| {
                    let (entry, stored) = (self.entry(), self.stored);
                    format!("{entry}: number {at}, of type {stored:?}, is none of {}", F::NAME)
                })?);
            }
        }
        let shape = IxDyn(&self.shape).set_f(self.is_column_major);
        let array = ArrayD::from_shape_vec(shape, numbers);
        array.map_err(|e| format!("{} of shape {}: {e}", self.entry(), self.shape_shown()))
    }
}

/// The bytes of an array in row-major order, each number with its least significant byte first.
pub(super) fn bytes_of<F: Float>(array: &ArrayViewD<'_, F>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(array.len() * size_of::<F>());
    for x in array {
        bytes.extend_from_slice(&x.bits().to_le_bytes()[..size_of::<F>()]);
    }
    bytes
}

/// Puts an array into the state that is read.
pub(super) fn insert_new<F: Float>(state: &mut State<F>, name: &str, array: ArrayD<F>) -> Result<(), String> {
    match state.insert(name, array) {
        None => Ok(()),
        Some(_) => Err(format!("two entries are named `{}`", shown(name, CELL))),
    }
}
