//! A state in a file of each format, read in both precisions; what was read is written and read back.

#![no_main]

use chainrule::{Float, State};
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder of this process.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chainrule-fuzz-state-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        folder
    })
}

/// The numbers of a state by name and bits.
fn bits<F: Float>(state: &State<F>) -> Vec<(String, Vec<usize>, Vec<u64>)> {
    let entry = |(name, array): (&str, ndarray::ArrayViewD<'_, F>)| {
        (name.to_owned(), array.shape().to_vec(), array.iter().map(|x| x.wide().to_bits()).collect())
    };
    let mut entries: Vec<_> = state.iter().map(entry).collect();
    entries.sort();
    entries
}

fn read<F: Float>(path: &Path, bytes: usize) {
    match State::<F>::load(path) {
        Ok(state) => {
            // Deflate makes at most 1032 bytes of one; an empty array takes no bytes for its numbers.
            assert!(state.iter().map(|(_, array)| array.len()).sum::<usize>() <= 1032 * bytes);
            let again = path.with_file_name("again.npz");
            match state.save(&again) {
                Ok(()) => assert_eq!(bits(&State::<F>::load(&again).expect("just written")), bits(&state)),
                Err(problem) => assert!(state.contains(""), "{problem}"),
            }
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

fuzz_target!(|data: &[u8]| {
    // The first byte says in which format the others are read.
    let Some((how, bytes)) = data.split_first() else { return };
    let path = folder().join(["a.safetensors", "a.npz", "a.npy"][usize::from(how % 3)]);
    std::fs::write(&path, bytes).expect("a temporary file can be written");
    read::<f64>(&path, bytes.len());
    read::<f32>(&path, bytes.len());
});
