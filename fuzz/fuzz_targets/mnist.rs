//! The four files of MNIST: each part of the input is one file, plain, or compressed as it is, or what is compressed.

#![no_main]

use chainrule::data::mnist::Mnist;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// A folder of this process.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chainrule-fuzz-mnist-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        folder
    })
}

fuzz_target!(|data: &[u8]| {
    // The first byte says for each file how it is written, the next three where the files end.
    let [how, cuts @ ..] = data else { return };
    let Some((cuts, mut rest)) = cuts.split_at_checked(6) else { return };
    for (at, name) in NAMES.iter().enumerate() {
        let end = match cuts.get(2 * at..2 * at + 2) {
            Some(&[a, b]) => usize::from(a) << 8 | usize::from(b),
            _ => rest.len(),
        };
        let (bytes, after) = rest.split_at(end.min(rest.len()));
        rest = after;
        let (plain, packed) = (folder().join(name), folder().join(format!("{name}.gz")));
        let (written, other, bytes) = match how >> (2 * at) & 3 {
            0 => (plain, packed, bytes.to_vec()),
            1 => (packed, plain, bytes.to_vec()),
            _ => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(bytes).expect("memory takes all");
                (packed, plain, encoder.finish().expect("memory takes all"))
            }
        };
        std::fs::write(written, bytes).expect("a temporary file can be written");
        let _ = std::fs::remove_file(other);
    }
    match Mnist::load(folder()) {
        Ok(mnist) => {
            for split in [&mnist.train, &mnist.test] {
                assert!(!split.is_empty() && split.images().nrows() == split.len());
                assert!(split.take(2).one_hot::<f32>().iter().sum::<f32>() as usize == split.len().min(2));
            }
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
