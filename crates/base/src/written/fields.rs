//! Structs that omit default fields from text formats.

/// Implements `Serialize` for a struct; all its fields are listed. A text format omits a field where its `unless`
/// predicate holds, and the reader fills in the default. A binary format gets every field, since it may identify fields by
/// position alone.
#[macro_export]
macro_rules! fields {
    ($type:ident { $($field:ident $(unless $idle:path)?),+ $(,)? }) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let brief = s.is_human_readable();
                let Self { $($field),+ } = self;
                let shown = [$(true $(&& !(brief && $idle($field)))?),+];
                let count = shown.iter().filter(|shown| **shown).count();
                let mut fields = s.serialize_struct(stringify!($type), count)?;
                let mut shown = shown.into_iter();
                $(
                    match shown.next() {
                        Some(true) => fields.serialize_field(stringify!($field), $field)?,
                        _ => fields.skip_field(stringify!($field))?,
                    }
                )+
                fields.end()
            }
        }
    };
}
