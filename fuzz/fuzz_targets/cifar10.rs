//! The files of CIFAR-10: the input is the last of them, plain or compressed as it is; the others are right.

#![no_main]

use chainrule::data::cifar10::Cifar10;
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A folder of this process, with files to train on.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chainrule-fuzz-cifar10-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        for i in 1..=5 {
            let path = folder.join(format!("data_batch_{i}.bin"));
            std::fs::write(path, [7; 3073]).expect("a temporary file can be written");
        }
        folder
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((how, bytes)) = data.split_first() else { return };
    let (plain, packed) = (folder().join("test_batch.bin"), folder().join("test_batch.bin.gz"));
    let (written, other) = if how & 1 == 0 { (plain, packed) } else { (packed, plain) };
    std::fs::write(written, bytes).expect("a temporary file can be written");
    let _ = std::fs::remove_file(other);
    match Cifar10::load(folder()) {
        Ok(cifar) => {
            assert!(cifar.train.len() == 5 && !cifar.test.is_empty());
            assert!(cifar.test.classes().iter().all(|&class| class < 10));
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
