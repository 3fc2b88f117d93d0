//! Structs of which text leaves out what says nothing.

/// Implements `Serialize` for a struct whose fields these are, all of them. One with `unless` is left out of text where that
/// holds of it: people read text, and its reader finds a default. A binary format is given every field, since it may know
/// them by their places alone.
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
