//! A picture in JSON, then every format of it, and the same document again.

#![no_main]

use chainrule::picture::Picture;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(picture) = Picture::from_json(data) else { return Corpus::Reject };
    let all = [picture.to_svg(), picture.to_dot(), picture.to_mermaid(), picture.to_html()];
    let limit = 1_000_000 + 1_000 * data.len();
    assert!(all.iter().all(|text| !text.is_empty() && text.len() < limit), "a text grows faster than the picture");
    assert_eq!(Picture::from_json(picture.to_json()).expect("just written"), picture);
    Corpus::Keep
});
