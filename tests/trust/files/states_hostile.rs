//! Files of states that are damaged, or made to do damage.

use super::states::folder;
use chainrule::State;
use ndarray::{arr0, arr2};
use std::fs;
use std::path::Path;

fn sample() -> State<f32> {
    let mut state = State::new();
    state.insert("w", arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    state.insert("step", arr0(3.0));
    state
}

/// Bytes as a file that is read in both precisions; what is read has no more numbers than there are bytes.
fn read(path: &Path, bytes: &[u8]) -> bool {
    fs::write(path, bytes).unwrap();
    let read = (State::<f64>::load(path), State::<f32>::load(path));
    for problem in [read.0.as_ref().err(), read.1.as_ref().err()].into_iter().flatten() {
        assert!(problem.to_string().contains(path.to_str().unwrap()), "{problem}");
    }
    let count = |state: &State<f64>| state.iter().map(|(_, array)| array.len()).sum::<usize>();
    assert!(read.0.as_ref().map_or(0, count) <= 1032 * bytes.len());
    read.0.is_ok()
}

#[test]
fn every_cut_and_every_changed_byte_is_read_or_refused() {
    let folder = folder("hostile");
    for ending in ["safetensors", "npz", "npy"] {
        let path = folder.join(format!("a.{ending}"));
        let mut state = sample();
        if ending == "npy" {
            state.remove("step");
        }
        state.save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(read(&path, &whole));
        for end in 0..whole.len() {
            assert!(!read(&path, &whole[..end]), "{ending}: the first {end} bytes");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x28, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                read(&path, &bytes);
            }
        }
        if ending != "npz" {
            assert!(!read(&path, &[&whole[..], b" "].concat()), "{ending}: bytes behind the end");
        }
    }
    fs::remove_dir_all(folder).unwrap();
}

/// A `.npy` of version 2 with a header.
fn npy(header: &str, numbers: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x02\x00", &(header.len() as u32).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

#[test]
fn headers_that_announce_more_than_there_is_are_refused_at_once() {
    let folder = folder("announced");
    let path = folder.join("a.npy");
    let of_shape = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
    for shape in [
        "(1152921504606846975,)",
        "(4294967296, 4294967296)",
        "(18446744073709551615, 18446744073709551615)",
        "(0, 18446744073709551615)",
        "(99999999999999999999999,)",
        "(-1,)",
        "(1000000000000,)",
        "((1,),)",
        "1",
    ] {
        assert!(!read(&path, &npy(&of_shape(shape), &[0; 80])), "{shape}");
    }
    assert!(read(&path, &npy(&of_shape("(2,)"), &[0; 16])));
    assert!(read(&path, &npy(&of_shape("()"), &[0; 8])));
    let whole = "{'descr': '>i8', 'fortran_order': False, 'shape': (1,), }";
    assert!(read(&path, &npy(whole, &((1_i64 << 53) - 1).to_be_bytes())));
    assert!(!read(&path, &npy(whole, &((1_i64 << 53) + 1).to_be_bytes())));
    assert!(!read(&path, &npy(&whole.replace(">i8", "|b1"), &[2])));
    for header in
        ["{".repeat(60_000), format!("{{'descr': {}", "[".repeat(9_000)), "{}".to_owned(), String::new()]
    {
        assert!(!read(&path, &npy(&header, &[0; 80])));
    }
    let path = folder.join("a.safetensors");
    let tensors =
        |header: &str| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 16]].concat();
    assert!(read(&path, &tensors(r#"{"w":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#)));
    for header in [
        r#"{"w":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}"#,
        r#"{"w":{"dtype":"F64","shape":[3],"data_offsets":[0,24]}}"#,
        r#"{"w":{"dtype":"F64","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}"#,
        r#"{"w":{"dtype":"F64","shape":[2],"data_offsets":[16,0]}}"#,
        r#"{"w":{"dtype":"C64","shape":[2],"data_offsets":[0,16]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"v":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
        &format!(r#"{{"w":{}"#, "[".repeat(100_000)),
        "null",
    ] {
        assert!(!read(&path, &tensors(header)), "{header:.80}");
    }
    let lengths = [u64::MAX, u64::MAX - 7, 1 << 62, 100_000_000, 25];
    lengths.iter().for_each(|n| assert!(!read(&path, &[&n.to_le_bytes()[..], &[b'{'; 24]].concat()), "{n}"));
    fs::remove_dir_all(folder).unwrap();
}
