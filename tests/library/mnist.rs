//! The MNIST reader: the real files, every kind of wrong file, and any bytes whatever.

use chainrule::data::{DataError, mnist::*};
use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn idx(axes: &[u32], data: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    bytes.extend(axes.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn images(n: usize) -> Vec<u8> {
    idx(&[n as u32, 28, 28], (0..n * PIXELS).map(|i| (i % 251) as u8))
}

fn labels(n: usize) -> Vec<u8> {
    idx(&[n as u32], (0..n).map(|i| (i * 7 % 10) as u8))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(vec![], Compression::default());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// The contents of a valid set of 3 images to train on and 2 to test with, in the order of `NAMES`.
fn small() -> [Vec<u8>; 4] {
    [images(3), labels(3), images(2), labels(2)]
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("mnist-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// With the small set, uncompressed.
    fn plain() -> Folder {
        let folder = Folder::new();
        for (name, bytes) in NAMES.iter().zip(small()) {
            folder.write(name, &bytes);
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn load(&self) -> Result<Mnist, DataError> {
        Mnist::load(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn repository_data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist")
}

#[test]
fn the_real_files_hold_what_the_readme_says() {
    let dir = repository_data();
    let readme = fs::read_to_string(dir.join("README.md")).unwrap();
    let mnist = Mnist::load(&dir).unwrap();
    for (split, name, n) in [(&mnist.train, "train", 60_000), (&mnist.test, "t10k", 10_000)] {
        assert_eq!(split.len(), n);
        assert_eq!(split.images().dim(), (n, PIXELS));
        assert_eq!(split.labels().dim(), n);
        // The uncompressed files again, from the arrays: equal sums say that every byte came through, in its place.
        let again = [
            ("images-idx3", idx(&[n as u32, 28, 28], split.images().iter().copied())),
            ("labels-idx1", idx(&[n as u32], split.labels().iter().copied())),
        ];
        for (kind, bytes) in again {
            let line = format!("{:x}  {name}-{kind}-ubyte\n", md5::compute(&bytes));
            assert!(readme.contains(&line), "not in the README: {line}");
        }
    }

    let first = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4];
    assert_eq!(mnist.train.take(10).classes().to_vec(), first);
    assert_eq!(mnist.test.labels()[0], 7);
    // The well-known mean of the training pixels.
    let sum: u64 = mnist.train.images().iter().map(|&p| u64::from(p)).sum();
    let mean = sum as f64 / (60_000 * PIXELS) as f64 / 255.0;
    assert!((mean - 0.130_660_476).abs() < 1e-9, "{mean}");
}

#[test]
fn small_sets_load_compressed_or_plain() {
    let plain = Folder::plain().load().unwrap();
    assert_eq!((plain.train.len(), plain.test.len()), (3, 2));
    assert_eq!(plain.train.labels().to_vec(), [0, 7, 4]);
    assert_eq!(plain.train.images()[[1, 2]], ((PIXELS + 2) % 251) as u8);

    let folder = Folder::new();
    for (name, bytes) in NAMES.iter().zip(small()) {
        // Two gzip streams in a row are one file, as `cat a.gz b.gz` makes it.
        let (a, b) = bytes.split_at(7);
        folder.write(&format!("{name}.gz"), &[gzip(a), gzip(b)].concat());
        folder.write(name, b"not read where the compressed file is there");
    }
    assert_eq!(folder.load().unwrap(), plain);
}

#[test]
fn pixels_and_labels_as_numbers() {
    let train = Folder::plain().load().unwrap().train;
    let (wide, narrow) = (train.pixels::<f64>(), train.pixels::<f32>());
    assert_eq!(wide.dim(), (3, PIXELS));
    assert_eq!(wide[[0, 250]], 250.0 / 255.0);
    assert_eq!(narrow[[0, 250]], 250.0 / 255.0);
    assert_eq!(wide[[0, 251]], 0.0);

    assert_eq!(train.classes().to_vec(), [0, 7, 4]);
    let one_hot = train.one_hot::<f32>();
    assert_eq!(one_hot.dim(), (3, CLASSES));
    for (i, &label) in train.classes().iter().enumerate() {
        for class in 0..CLASSES {
            assert_eq!(one_hot[[i, class]], if class == label { 1.0 } else { 0.0 });
        }
    }

    assert_eq!(train.take(2).labels().to_vec(), [0, 7]);
    assert_eq!(train.take(2).images(), &train.images().slice(ndarray::s![..2, ..]));
    assert_eq!(train.take(100), train);
    assert!(train.take(0).is_empty());
    assert_eq!(train.take(0).pixels::<f64>().dim(), (0, PIXELS));
}

/// Each wrong file, alone in a valid set, and the message it gives (without the folder in front).
#[test]
fn each_wrong_file_gives_its_own_error() {
    let [ti, tl, _, _] = NAMES;
    let gz = |name: &str| format!("{name}.gz");
    let (image_gz, label_gz) = (gzip(&images(3)), gzip(&labels(3)));
    let end = image_gz.len();
    let flipped = |at: usize| {
        let mut bytes = image_gz.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let half = idx(&[3], [0, 1]);
    let huge = idx(&[u32::MAX, 28, 28], [0; 100]);
    let bomb = gzip(&idx(&[3], vec![0; 50_000_000]));
    let cases: Vec<(&str, String, Vec<u8>, &str)> = vec![
        (
            "not gzip",
            gz(ti),
            images(3),
            "not gzip: starts with 00 00, and gzip starts with 1f 8b; a file that is not compressed has no `.gz` in its name",
        ),
        (
            "empty gzip",
            gz(ti),
            vec![],
            "not gzip: starts with nothing (it is empty), and gzip starts with 1f 8b; a file that is not compressed has no `.gz` in its name",
        ),
        (
            "bad checksum",
            gz(ti),
            flipped(end - 8),
            "damaged gzip: corrupt gzip stream does not have a matching checksum; fetch or compress the file anew",
        ),
        (
            "bad length in the trailer",
            gz(ti),
            flipped(end - 1),
            "damaged gzip: corrupt gzip stream does not have a matching checksum; fetch or compress the file anew",
        ),
        (
            "truncated trailer",
            gz(ti),
            image_gz[..end - 1].to_vec(),
            "damaged gzip: the stream breaks off; fetch or compress the file anew",
        ),
        (
            "truncated stream",
            gz(ti),
            image_gz[..end / 2].to_vec(),
            "damaged gzip: the stream breaks off; fetch or compress the file anew",
        ),
        (
            "truncated gzip header",
            gz(tl),
            label_gz[..5].to_vec(),
            "damaged gzip: the stream breaks off; fetch or compress the file anew",
        ),
        (
            "gzip of another method",
            gz(tl),
            vec![0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0, 0],
            "damaged gzip: invalid gzip header; fetch or compress the file anew",
        ),
        (
            "invalid block",
            gz(tl),
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            "damaged gzip: corrupt deflate stream; fetch or compress the file anew",
        ),
        (
            "something behind the stream",
            gz(tl),
            [&label_gz[..], b"more than that"].concat(),
            "damaged gzip: invalid gzip header; fetch or compress the file anew",
        ),
        ("compressed data too short", gz(tl), gzip(&half), "truncated: 10 bytes, wanted 11 (uncompressed)"),
        (
            "compressed data far too long",
            gz(tl),
            bomb,
            "trailing bytes: goes on after 11 bytes, wanted no more (uncompressed)",
        ),
        (
            "gzip without its name",
            tl.into(),
            label_gz.clone(),
            "not an IDX file: starts with 1f 8b, and IDX starts with 00 00; this is gzip, whose name ends in `.gz`",
        ),
        (
            "bad magic",
            tl.into(),
            b"<html>".to_vec(),
            "not an IDX file: starts with 3c 68, and IDX starts with 00 00",
        ),
        (
            "floats",
            ti.into(),
            vec![0, 0, 0x0d, 3],
            "elements of type 0d (32-bit float), wanted 08 (unsigned byte)",
        ),
        (
            "unknown elements",
            ti.into(),
            vec![0, 0, 0x77],
            "elements of type 77 (unknown to IDX), wanted 08 (unsigned byte)",
        ),
        ("labels as images", ti.into(), labels(3), "number of axes 1, wanted 3 (images have 3, labels 1)"),
        ("images as labels", tl.into(), images(3), "number of axes 3, wanted 1 (images have 3, labels 1)"),
        ("empty", tl.into(), vec![], "truncated: 0 bytes, wanted 8"),
        ("half a header", ti.into(), images(3)[..15].to_vec(), "truncated: 15 bytes, wanted 16"),
        ("truncated", tl.into(), half, "truncated: 10 bytes, wanted 11"),
        ("announces terabytes", ti.into(), huge, "truncated: 116 bytes, wanted 3367254359296"),
        (
            "more than memory can address",
            ti.into(),
            idx(&[u32::MAX; 3], []),
            "the header announces 4294967295 × 4294967295 × 4294967295 bytes, wanted at least 1 and no more than memory can address",
        ),
        (
            "no images",
            ti.into(),
            images(0),
            "the header announces 0 × 28 × 28 bytes, wanted at least 1 and no more than memory can address",
        ),
        (
            "images of another size",
            ti.into(),
            idx(&[3, 32, 30], []),
            "images of 32 × 30 pixels, wanted 28 × 28",
        ),
        (
            "trailing bytes",
            tl.into(),
            idx(&[3], [0, 1, 2, 3]),
            "trailing bytes: goes on after 11 bytes, wanted no more",
        ),
        (
            "fewer labels",
            tl.into(),
            labels(2),
            "2 labels, wanted 3, one for each image in DIR/train-images-idx3-ubyte",
        ),
        ("a label above 9", tl.into(), idx(&[3], [9, 10, 11]), "label 10 at position 1, wanted 0 to 9"),
    ];
    for (what, name, bytes, expected) in cases {
        let folder = Folder::plain();
        folder.write(&name, &bytes);
        let error = folder.load().expect_err(what).to_string();
        let message = error.replace(&*folder.0.to_string_lossy(), "DIR").replace('\\', "/");
        assert_eq!(message, format!("DIR/{name}: {expected}"), "{what}");
    }
}

#[test]
fn a_missing_file_and_one_that_cannot_be_read() {
    for name in NAMES {
        let folder = Folder::plain();
        fs::remove_file(folder.0.join(name)).unwrap();
        let path = folder.0.join(format!("{name}.gz"));
        let error = folder.load().unwrap_err();
        assert_eq!(error, DataError::Missing { path: path.clone() });
        assert_eq!(
            error.to_string(),
            format!(
                "{}: there is no such file, nor one without the `.gz`; name the folder that holds the files of the data set",
                path.display()
            )
        );
    }
    let nowhere = Folder::new().0.join("nowhere");
    assert!(matches!(Mnist::load(nowhere), Err(DataError::Missing { .. })));

    // A folder in the place of a file.
    let folder = Folder::plain();
    fs::create_dir(folder.0.join("t10k-images-idx3-ubyte.gz")).unwrap();
    assert!(matches!(folder.load(), Err(DataError::Read { .. })));
    // A file in the place of the folder.
    let error = Mnist::load(folder.0.join(NAMES[0])).unwrap_err();
    assert!(matches!(error, DataError::Read { .. } | DataError::Missing { .. }));
    // The message, whose kind depends on the system.
    let error = DataError::Read { path: "a.gz".into(), kind: ErrorKind::PermissionDenied };
    assert_eq!(error.to_string(), "a.gz: cannot be read: permission denied; wanted a file that may be read");
}

/// What every loaded set keeps to, whatever its files were.
fn assert_sound(mnist: &Mnist) {
    for split in [&mnist.train, &mnist.test] {
        assert!(!split.is_empty());
        assert_eq!(split.images().dim(), (split.len(), PIXELS));
        assert!(split.labels().iter().all(|&label| label < 10));
        assert_eq!(split.one_hot::<f32>().sum(), split.len() as f32);
        assert_eq!(split.pixels::<f32>().dim(), (split.len(), PIXELS));
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Truncate(Index),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index| index.index(bytes.len().max(1)).min(bytes.len());
        match self {
            Edit::Set(i, to) => {
                let i = at(i);
                bytes.splice(i..(i + 1).min(bytes.len()), [*to]);
            }
            Edit::Flip(i, bit) => {
                let i = at(i);
                bytes.iter_mut().skip(i).take(1).for_each(|b| *b ^= 1 << bit);
            }
            Edit::Insert(i, new) => {
                let i = at(i);
                bytes.splice(i..i, new.iter().copied());
            }
            Edit::Remove(i, n) => {
                let i = at(i);
                bytes.drain(i..(i + n).min(bytes.len()));
            }
            Edit::Truncate(i) => bytes.truncate(at(i)),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || any::<Index>();
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(i, to)| Edit::Set(i, to)),
        (place(), 0..8_u8).prop_map(|(i, bit)| Edit::Flip(i, bit)),
        (place(), vec(any::<u8>(), 1..20)).prop_map(|(i, new)| Edit::Insert(i, new)),
        (place(), 1..20_usize).prop_map(|(i, n)| Edit::Remove(i, n)),
        place().prop_map(Edit::Truncate),
    ]
}

proptest! {
    #[test]
    fn any_bytes_load_or_give_an_error(
        which in 0..4_usize,
        compressed: bool,
        head in 0..3_usize,
        bytes in vec(any::<u8>(), 0..200),
    ) {
        let folder = Folder::plain();
        // Random bytes alone seldom get past the first check: also let them follow a good beginning.
        let start: &[u8] = match (head, compressed) {
            (0, _) => &[],
            (_, true) => &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
            (1, false) => &[0, 0, 8, 3],
            (_, false) => &[0, 0, 8, 1, 0, 0, 0],
        };
        let name = NAMES[which];
        folder.write(&if compressed { format!("{name}.gz") } else { name.into() }, &[start, &bytes].concat());
        if let Ok(mnist) = folder.load() {
            assert_sound(&mnist);
        }
    }

    #[test]
    fn edited_files_load_or_give_an_error(
        which in 0..4_usize,
        compressed: bool,
        in_header: bool,
        edits in vec(edit(), 1..4),
    ) {
        let mut bytes = small()[which].clone();
        if compressed {
            bytes = gzip(&bytes);
        }
        let rest = bytes.split_off(if in_header { bytes.len().min(16) } else { bytes.len() });
        for edit in &edits {
            edit.apply(&mut bytes);
        }
        bytes.extend(rest);
        let folder = Folder::plain();
        let before = folder.load().unwrap();
        let name = NAMES[which];
        folder.write(&if compressed { format!("{name}.gz") } else { name.into() }, &bytes);
        if let Ok(mnist) = folder.load() {
            assert_sound(&mnist);
            // Behind a checksum an edit can only have touched what is not data: the time or the name in the header.
            if compressed {
                prop_assert_eq!(mnist, before);
            }
        }
    }
}
