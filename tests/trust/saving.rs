//! Files are written whole or not at all, where links lead, and nothing is left beside them.

use chainrule::picture::{Picture, PictureNode};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own for one test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("chainrule-trust-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A picture whose file has about so many bytes.
fn picture_of(bytes: usize) -> Picture {
    let node = PictureNode { id: "n0".to_owned(), tooltip: "x".repeat(bytes), ..PictureNode::default() };
    Picture { nodes: vec![node], ..Picture::default() }
}

/// The variable that tells a process of this program to save files until it is killed.
#[cfg(target_os = "linux")]
const SAVES: &str = "CHAINRULE_TEST_SAVES";

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_saves_until_it_is_killed() {
    let Some(path) = std::env::var_os(SAVES) else { return };
    let picture = picture_of(16 << 20);
    loop {
        picture.save(&path).unwrap();
    }
}

// Which processes run is asked of `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_save_leaves_is_gone_after_the_next() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = folder("killed");
    let path = folder.join("a.json");
    let start = Instant::now();
    let mut left = Vec::new();
    while left.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(120), "no save was met in the middle");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "saving::a_process_that_saves_until_it_is_killed"])
            .env(SAVES, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while !names(&folder).iter().any(|name| name.ends_with(".tmp")) {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing is saved");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        left = names(&folder).into_iter().filter(|name| name != "a.json").collect();
    }
    picture_of(10).save(folder.join("b.svg")).unwrap();
    let now = names(&folder);
    assert!(now.iter().all(|name| name == "a.json" || name == "b.svg"), "{left:?}, then {now:?}");
    if path.exists() {
        assert_eq!(Picture::from_json(fs::read(&path).unwrap()).unwrap(), picture_of(16 << 20));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_an_earlier_process_of_the_same_number_left_is_gone_too() {
    let folder = folder("same-number");
    let left = folder.join(format!(".chainrule-{}-0.tmp", std::process::id()));
    let others = [".chainrule-notes.tmp", ".chainrule-1-0.tmp.txt", "chainrule-1-0.tmp"];
    fs::write(left, "half").unwrap();
    others.iter().for_each(|name| fs::write(folder.join(name), "kept").unwrap());
    picture_of(10).save(folder.join("a.svg")).unwrap();
    let mut expected = others.to_vec();
    expected.push("a.svg");
    expected.sort_unstable();
    assert_eq!(names(&folder), expected);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn saves_at_the_same_time_do_not_disturb_each_other() {
    let folder = folder("at-once");
    let path = folder.join("a.json");
    std::thread::scope(|scope| {
        for thread in 1..=6 {
            let path = &path;
            scope.spawn(move || {
                for round in 0..30 {
                    picture_of(thread * 100_000 + round).save(path).unwrap();
                    let read = Picture::from_json(fs::read(path).unwrap()).expect("a whole file");
                    assert_eq!(read.nodes.len(), 1);
                }
            });
        }
    });
    assert_eq!(names(&folder), ["a.json"]);
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_whether_its_end_is_there_or_not() {
    use std::os::unix::fs::symlink;
    let folder = folder("links");
    fs::create_dir(folder.join("data")).unwrap();
    // A link to a link to a file that is not there, by ways that count from the links' own folders.
    symlink("data/second.svg", folder.join("first.svg")).unwrap();
    symlink("../end.svg", folder.join("data/second.svg")).unwrap();
    for size in [10, 20] {
        picture_of(size).save(folder.join("first.svg")).unwrap();
        let is_link = |name: &str| fs::symlink_metadata(folder.join(name)).unwrap().is_symlink();
        assert!(is_link("first.svg") && is_link("data/second.svg") && !is_link("end.svg"));
        assert_eq!(fs::read_to_string(folder.join("end.svg")).unwrap(), picture_of(size).to_svg());
    }
    assert_eq!(names(&folder), ["data", "end.svg", "first.svg"]);
    assert_eq!(names(&folder.join("data")), ["second.svg"]);

    symlink("none/end.svg", folder.join("nowhere.svg")).unwrap();
    let problem = picture_of(10).save(folder.join("nowhere.svg")).unwrap_err().to_string();
    assert!(problem.contains("nowhere.svg cannot be written"), "{problem}");
    symlink("b.svg", folder.join("a.svg")).unwrap();
    symlink("a.svg", folder.join("b.svg")).unwrap();
    let problem = picture_of(10).save(folder.join("a.svg")).unwrap_err().to_string();
    assert!(problem.contains("a.svg cannot be written"), "{problem}");
    assert!(fs::symlink_metadata(folder.join("a.svg")).unwrap().is_symlink());
    fs::remove_dir_all(folder).unwrap();
}
