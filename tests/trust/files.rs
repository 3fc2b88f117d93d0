//! What is written is read back, bit for bit, in every format; what cannot be read is refused.

mod formats;
mod limits;
mod models;
mod numbers;
mod states;
mod states_hostile;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What comes back of a value from each format: JSON as text and as a tree, CBOR, which has fields by their names, and
/// postcard, which has them by their places alone.
fn read_back<T: DeserializeOwned>(value: &impl Serialize) -> Vec<(&'static str, T)> {
    let text = serde_json::to_string(value).unwrap();
    let tree = serde_json::to_value(value).unwrap();
    let mut cbor = Vec::new();
    ciborium::into_writer(value, &mut cbor).unwrap();
    let postcard = postcard::to_allocvec(value).unwrap();
    vec![
        ("JSON", serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))),
        ("a tree of JSON", serde_json::from_value(tree).unwrap()),
        ("CBOR", ciborium::from_reader(&cbor[..]).unwrap()),
        ("postcard", postcard::from_bytes(&postcard).unwrap()),
    ]
}

/// The bits of all that a value holds: its bytes in a format that keeps those of floats.
fn bits(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).unwrap()
}

/// That a value comes back from every format with the same bits.
fn assert_survives<T: Serialize + DeserializeOwned>(value: &T) {
    for (format, again) in read_back::<T>(value) {
        assert_eq!(bits(&again), bits(value), "{format}: {}", serde_json::to_string(value).unwrap());
    }
}
