//! Batches, prefetching and the reader of CIFAR-10.

use chainrule::data::cifar10::{CLASSES, Cifar10};
use chainrule::data::{Batch, Batches, DataError, prefetch, train_validation_split};
use rand::Rng;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn rows(batches: impl Iterator<Item = Batch>) -> Vec<Vec<usize>> {
    batches.map(|batch| batch.rows).collect()
}

#[test]
fn every_epoch_has_each_row_once_in_an_order_of_its_own() {
    let batches = Batches::new(23, 5).shuffled(9);
    let mut orders = Vec::new();
    for epoch in 0..20 {
        let all = rows(batches.epoch(epoch));
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 5, 3]);
        assert_eq!(batches.epoch(epoch).len(), batches.per_epoch());
        let order = all.concat();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..23));
        orders.push(order);
    }
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 20);
    assert_ne!(rows(Batches::new(23, 5).shuffled(8).epoch(0)), rows(batches.epoch(0)));
    assert!(rows(Batches::new(23, 5).epoch(7)).concat().into_iter().eq(0..23));
}

/// Each row is in each place equally often: χ² of 16 places with 15 degrees of freedom is below 37.7 in 999 of 1,000 cases.
#[test]
fn orders_are_uniform() {
    let batches = Batches::new(16, 16).shuffled(1);
    let mut counts = [[0.0_f64; 16]; 16];
    for epoch in 0..16_000 {
        for (place, row) in batches.epoch(epoch).flat_map(|batch| batch.rows).enumerate() {
            counts[row][place] += 1.0;
        }
    }
    for (row, counts) in counts.iter().enumerate() {
        let chi: f64 = counts.iter().map(|n| (n - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 45.0, "row {row}: {chi}");
    }
}

/// Orders that files of states rely on do not change with a version.
#[test]
fn an_order_is_the_same_in_every_version() {
    assert_eq!(rows(Batches::new(8, 8).shuffled(1).epoch(0)), [[0, 5, 3, 1, 6, 2, 4, 7]]);
    assert_eq!(rows(Batches::new(8, 8).shuffled(1).epoch(1)), [[3, 6, 7, 4, 2, 5, 0, 1]]);
}

#[test]
fn the_last_batch_is_smaller_dropped_or_filled() {
    let batches = Batches::of(vec![10, 11, 12, 13, 14], 2);
    assert_eq!(rows(batches.epoch(0)), [vec![10, 11], vec![12, 13], vec![14]]);
    assert_eq!(rows(batches.clone().drop_last().epoch(0)), [[10, 11], [12, 13]]);
    let filled: Vec<Batch> = batches.fill_last().epoch(0).collect();
    assert_eq!(filled[2].rows, [14, 10]);
    assert_eq!(filled.iter().map(|batch| batch.count).sum::<usize>(), 5);
    // More to fill than there is.
    let filled: Vec<Batch> = Batches::new(2, 5).fill_last().epoch(0).collect();
    assert_eq!((&filled[0].rows[..], filled[0].count), (&[0, 1, 0, 1, 0][..], 2));
    assert_eq!(Batches::new(0, 3).fill_last().epoch(0).count(), 0);
    assert_eq!(Batches::new(0, 3).after(7).count(), 0);
    assert_eq!(Batches::new(2, 3).drop_last().after(0).count(), 0);
}

#[test]
fn what_follows_after_some_steps_is_what_would_have_followed() {
    let batches = Batches::new(11, 3).shuffled(5);
    let all: Vec<Batch> = batches.after(0).take(30).collect();
    for done in 0..25 {
        let rest: Vec<Batch> = batches.after(done as u64).take(5).collect();
        assert_eq!(rest, all[done..done + 5]);
    }
    let mut firsts: Vec<u64> = all.iter().map(|batch| batch.rng().next_u64()).collect();
    assert_eq!(all[3].rng().next_u64(), firsts[3]);
    firsts.sort_unstable();
    firsts.dedup();
    assert_eq!(firsts.len(), 30, "batches share random numbers");
}

#[test]
fn a_split_has_each_row_in_one_part() {
    for (len, part, count) in [(10, 0.25, 3), (10, 0.0, 0), (10, 1.0, 10), (0, 0.5, 0), (60_000, 0.1, 6_000)]
    {
        let (train, validation) = train_validation_split(len, part, 4);
        assert_eq!(validation.len(), count);
        let mut all = [train, validation].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..len));
    }
    assert_ne!(train_validation_split(100, 0.5, 1), train_validation_split(100, 0.5, 2));
}

#[test]
fn a_prefetched_iterator_runs_ahead_and_ends_with_who_waits() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let mut items = prefetch((0..100).inspect(move |_| _ = counted.fetch_add(1, Ordering::SeqCst)), 4);
    assert_eq!(items.next(), Some(0));
    // One that is handed over, four that wait, and one that finds no room.
    let start = Instant::now();
    while made.load(Ordering::SeqCst) < 6 {
        assert!(start.elapsed() < Duration::from_secs(20), "{made:?} are made");
        std::thread::yield_now();
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(made.load(Ordering::SeqCst), 6);
    assert!(items.eq(1..100));
    assert!(prefetch(0..50, 0).eq(0..50));
    // Dropped halfway, the thread ends and drops what it has.
    let (kept, mut dropped) = (Arc::new(()), prefetch(std::iter::repeat(Arc::new(())), 2));
    drop(dropped.next());
    drop(dropped);
    let shared = kept.clone();
    let endless = prefetch(std::iter::repeat_with(move || shared.clone()), 2);
    drop(endless);
    let start = Instant::now();
    while Arc::strong_count(&kept) > 1 {
        assert!(start.elapsed() < Duration::from_secs(20), "the thread goes on");
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_of_a_prefetched_iterator_goes_on_where_it_is_waited_for() {
    let mut items = prefetch((0..3).map(|i| if i == 2 { panic!("no batch {i}") } else { i }), 1);
    assert_eq!((items.next(), items.next()), (Some(0), Some(1)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| items.next())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("no batch 2"));
    assert_eq!(items.next(), None);
}

const RECORD: usize = 3073;

/// A folder with small files of CIFAR-10.
fn cifar(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cifar-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for i in 1..=5 {
        fs::write(folder.join(format!("data_batch_{i}.bin")), records(2, i as u8)).unwrap();
    }
    fs::write(folder.join("test_batch.bin"), records(3, 9)).unwrap();
    folder
}

fn records(count: usize, label: u8) -> Vec<u8> {
    (0..count * RECORD).map(|i| if i % RECORD == 0 { label } else { (i % 251) as u8 }).collect()
}

#[test]
fn cifar_10_is_read() {
    let folder = cifar("read");
    let cifar = Cifar10::load(&folder).unwrap();
    assert_eq!((cifar.train.len(), cifar.test.len()), (10, 3));
    assert_eq!(cifar.train.images().shape(), [10, 3, 32, 32]);
    assert_eq!(cifar.train.classes().to_vec(), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    assert_eq!(CLASSES[usize::from(cifar.test.labels()[0])], "truck");
    // The first number of green, in the second image.
    let at = RECORD + 1 + 1024;
    assert_eq!(cifar.train.images()[[1, 1, 0, 0]], (at % 251) as u8);
    assert_eq!(
        cifar.test.take(1).pixels::<f64>()[[0, 2, 31, 31]],
        f64::from(((RECORD - 1) % 251) as u8) / 255.0
    );
    assert!(cifar.test.take(0).is_empty());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn wrong_files_of_cifar_10_are_refused_by_name() {
    let folder = cifar("wrong");
    let path = folder.join("data_batch_3.bin");
    let refused = |bytes: Option<&[u8]>| {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let problem = Cifar10::load(&folder).unwrap_err();
        assert!(problem.to_string().contains("data_batch_3.bin"), "{problem}");
        problem
    };
    assert!(matches!(refused(Some(&[])), DataError::Truncated { found: 0, expected: RECORD, .. }));
    for cut in [1, RECORD - 1, RECORD + 1, 2 * RECORD - 1] {
        let expected = cut.div_ceil(RECORD) * RECORD;
        let problem = refused(Some(&records(2, 3)[..cut]));
        assert!(
            matches!(problem, DataError::Truncated { found, expected: e, .. } if found == cut && e == expected)
        );
    }
    let mut wrong = records(2, 3);
    wrong[RECORD] = 10;
    assert!(matches!(refused(Some(&wrong)), DataError::Label { index: 1, found: 10, .. }));
    assert!(matches!(refused(None), DataError::Missing { .. }));
    fs::create_dir(&path).unwrap();
    let problem = Cifar10::load(&folder).unwrap_err();
    assert!(matches!(problem, DataError::Read { .. }), "{problem:?}");
    fs::remove_dir_all(folder).unwrap();
}
