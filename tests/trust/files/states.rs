//! States in files: bit for bit, whole or not at all, and those that NumPy and PyTorch wrote.

use chainrule::{Error, Float, State};
use ndarray::{ArrayD, IxDyn, arr0, arr1};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own for one test, empty.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("chainrule-states-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Every number's bits, in both precisions.
fn bits<F: Float + serde::Serialize>(state: &State<F>) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let mut all: Vec<_> = state
        .iter()
        .map(|(name, array)| {
            let numbers: Vec<F> = array.iter().copied().collect();
            (name.to_owned(), array.shape().to_vec(), postcard::to_allocvec(&numbers).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Numbers with awkward bits: signalling NaNs and others with payloads, infinities, zeros, subnormal ones.
fn awkward() -> (State<f32>, State<f64>) {
    let narrow = [
        f32::from_bits(0x7f80_0001),
        f32::from_bits(0xffc1_2345),
        f32::NAN,
        f32::NEG_INFINITY,
        -0.0,
        f32::from_bits(1),
        f32::MAX,
        0.1,
    ];
    let wide = [
        f64::from_bits(0x7ff0_0000_0000_0001),
        f64::from_bits(0xfff8_0000_dead_beef),
        f64::INFINITY,
        -0.0,
        f64::from_bits(1),
        f64::MIN,
        0.1,
        1.0 / 3.0,
    ];
    let mut states = (State::new(), State::new());
    for (name, shape) in
        [("affine1/weight", vec![2, 4]), ("損失 'é\"", vec![8, 1, 1]), ("b\\c", vec![2, 2, 2])]
    {
        states.0.insert(name, ArrayD::from_shape_vec(shape.clone(), narrow.to_vec()).unwrap());
        states.1.insert(name, ArrayD::from_shape_vec(shape, wide.to_vec()).unwrap());
    }
    states.0.insert("empty", ArrayD::<f32>::zeros(IxDyn(&[3, 0, 2])));
    states.1.insert("empty", ArrayD::<f64>::zeros(IxDyn(&[0])));
    states.0.insert("adam/step/w", arr0(7.0));
    states.1.insert("adam/step/w", arr0(7.0));
    // More numbers than are converted at one time.
    states.0.insert("long", ArrayD::from_shape_fn(IxDyn(&[3, 5000]), |i| (i[0] * 5000 + i[1]) as f32));
    states.1.insert("long", ArrayD::from_shape_fn(IxDyn(&[9001]), |i| 1.0 / i[0] as f64));
    states
}

#[test]
fn states_come_back_bit_for_bit_and_are_the_same_bytes_each_time() {
    let folder = folder("bits");
    let (narrow, wide) = awkward();
    for ending in ["safetensors", "npz"] {
        let paths = [folder.join(format!("a.{ending}")), folder.join(format!("b.{}", ending.to_uppercase()))];
        narrow.save(&paths[0]).unwrap();
        assert_eq!(bits(&State::<f32>::load(&paths[0]).unwrap()), bits(&narrow), "{ending}");
        let first = fs::read(&paths[0]).unwrap();
        wide.save(&paths[0]).unwrap();
        assert_eq!(bits(&State::<f64>::load(&paths[0]).unwrap()), bits(&wide), "{ending}");
        State::<f32>::load(&paths[0]).unwrap_err();
        narrow.save(&paths[1]).unwrap();
        assert!(first == fs::read(&paths[1]).unwrap(), "{ending}");
        // Names without order of their own in a map, but for what was written.
        assert_eq!(State::<f32>::load(&paths[1]).unwrap().cast::<f64>().len(), narrow.len());
        State::<f64>::load(&paths[1]).unwrap();
    }
    for array in narrow.iter() {
        let path = folder.join("one.npy");
        let one: State<f32> = [("one", array.1.to_owned())].into_iter().collect();
        one.save(&path).unwrap();
        assert_eq!(bits(&State::<f32>::load(&path).unwrap()), bits(&one));
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_a_format_cannot_hold_is_refused_and_what_was_there_stays() {
    let folder = folder("refused");
    let one: State<f32> = [("w", arr1(&[1.0]))].into_iter().collect();
    let two: State<f32> = ["w", "v"].map(|name| (name, arr1(&[2.0]))).into_iter().collect();
    let cases: [(&str, &State<f32>, &str); 5] = [
        ("a.npy", &two, "a .npy holds one array, and the state has 2; save it as .npz"),
        ("a.npy", &State::new(), "the state has 0"),
        ("a.safetensors", &[("__metadata__", arr1(&[0.0]))].into_iter().collect(), "keeps for itself"),
        ("a.npz", &[("", arr1(&[0.0]))].into_iter().collect(), "needs a name"),
        ("a.bin", &one, "ends in .safetensors, .npz or .npy"),
    ];
    for (file, state, wanted) in cases {
        let path = folder.join(file);
        fs::write(&path, "old").unwrap();
        let problem = state.save(&path).unwrap_err().to_string();
        assert!(problem.contains(wanted) && problem.contains(file), "{problem}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
    fs::create_dir(folder.join("b.npz")).unwrap();
    one.save(folder.join("b.npz")).unwrap_err();
    one.save(folder.join("none/b.npz")).unwrap_err();
    for file in ["b.npz", "none.npz", "a.bin"] {
        let problem = State::<f32>::load(folder.join(file)).unwrap_err().to_string();
        assert!(problem.contains(file), "{problem}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn f64_is_not_rounded_in_silence() {
    let folder = folder("wide");
    let state: State<f64> = [("w", arr1(&[0.1]))].into_iter().collect();
    for file in ["a.npz", "a.npy", "a.safetensors"] {
        state.save(folder.join(file)).unwrap();
        let problem = State::<f32>::load(folder.join(file)).unwrap_err().to_string();
        assert!(problem.contains("holds f64") && problem.contains("cast"), "{problem}");
        assert_eq!(
            State::<f64>::load(folder.join(file))
                .unwrap()
                .cast::<f32>()
                .to_vec([if file == "a.npy" { "a" } else { "w" }])
                .unwrap(),
            [0.1]
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

/// Files of `tests/fixtures/states/generate.py`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/states").join(name)
}

#[test]
fn files_of_numpy_and_pytorch_are_read() {
    let ramp =
        |shape: &[usize]| ArrayD::from_shape_vec(shape, (0..6).map(|i| i as f64 / 4.0).collect()).unwrap();
    let expected = |name: &str| match name {
        "c" | "fortran" | "big" | "f2" | "bf16" | "f4" => ramp(&[2, 3]),
        "scalar" => arr0(1.5).into_dyn(),
        "empty" => ArrayD::zeros(IxDyn(&[2, 0])),
        "i8" => arr1(&[-128.0, 127.0]).into_dyn(),
        "u8" => arr1(&[0.0, 255.0]).into_dyn(),
        "i16" => arr1(&[-32768.0, 32767.0]).into_dyn(),
        "i32" => arr1(&[-2147483648.0, 2147483647.0]).into_dyn(),
        "i64" => arr1(&[-3.0, 9007199254740991.0]).into_dyn(),
        "bool" => arr1(&[1.0, 0.0]).into_dyn(),
        "block/weight" => ramp(&[6]),
        name => panic!("`{name}` is not expected"),
    };
    for (file, count) in [("numpy.npz", 13), ("packed.npz", 13), ("torch.safetensors", 12)] {
        let state = State::<f64>::load(fixture(file)).unwrap();
        assert_eq!(state.len(), count, "{file}: {:?}", state.names().collect::<Vec<_>>());
        for (name, array) in state.iter() {
            assert_eq!(array, expected(name), "{file}: {name}");
        }
        let some =
            State::<f32>::load_where(fixture(file), |name| matches!(name, "f4" | "f2" | "i8")).unwrap();
        assert_eq!(some.len(), 3, "{file}");
        assert_eq!(some.cast::<f64>().get("f2").unwrap(), expected("f2"));
        for lossy in ["i64", "i32", "c"] {
            let problem =
                State::<f32>::load_where(fixture(file), |name| name == lossy).unwrap_err().to_string();
            assert!(problem.contains(&format!("`{lossy}`")), "{problem}");
        }
    }
    for (file, name) in [("fortran.npy", "fortran"), ("version3.npy", "c")] {
        let state = State::<f64>::load(fixture(file)).unwrap();
        assert_eq!(state.get(file.strip_suffix(".npy").unwrap()).unwrap(), expected(name));
    }
    for file in ["complex.npy", "text.npy", "record.npy", "object.npy"] {
        let problem = State::<f64>::load(fixture(file)).unwrap_err().to_string();
        assert!(problem.contains("its header is"), "{problem}");
    }
}

#[test]
fn a_state_takes_over_another_as_a_whole_or_says_what_differs() {
    let mut state: State<f64> = ["a", "b", "c"].map(|name| (name, arr1(&[0.0, 0.0]))).into_iter().collect();
    let mut from: State<f64> = ["a", "b", "c"].map(|name| (name, arr1(&[1.0, 2.0]))).into_iter().collect();
    state.assign(&from).unwrap();
    assert_eq!(state, from);
    from.remove("b");
    from.extend([("c", arr1(&[5.0])), ("d", arr1(&[6.0]))]);
    from.insert("a", arr1(&[3.0, 4.0]));
    let before = state.clone();
    let Err(Error::Mismatch { mismatch, .. }) = state.assign(&from) else { panic!("it is not refused") };
    assert_eq!(
        (mismatch.missing.as_slice(), mismatch.surplus.as_slice()),
        (&["b".to_owned()][..], &["d".to_owned()][..])
    );
    assert_eq!(mismatch.reshaped, [("c".to_owned(), vec![2], vec![1])]);
    assert_eq!(state, before);
    assert_eq!(state.assign_partial(&from), mismatch);
    assert_eq!(state.to_vec(["a", "b", "c"]).unwrap(), [3.0, 4.0, 1.0, 2.0, 1.0, 2.0]);
    let problem = state.assign_vec(["a", "b"], &[0.0; 3]).unwrap_err().to_string();
    assert!(problem.contains("4 numbers together, got 3"), "{problem}");
    let problem = state.to_vec(["w1"]).unwrap_err().to_string();
    assert!(problem.contains("`w1`") && problem.contains("init"), "{problem}");
    let names: Vec<String> = state.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}
