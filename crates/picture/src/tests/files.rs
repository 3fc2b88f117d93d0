//! Files: endings, writes that change nothing when they fail, Graphviz, and pages for the browser.

use super::*;
use crate::export::{graphviz, show};
use chainrule_base::files::write_file as write;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own for one test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("chainrule-test-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("temporary files can be had");
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_ending_gives_its_format() {
    let (folder, picture) = (folder("endings"), samples::apples_and_oranges());
    for (file, begin) in [
        ("a.svg", "<svg "),
        ("a.html", "<!doctype html>"),
        ("a.dot", "digraph "),
        ("a.gv", "digraph "),
        ("a.mmd", "flowchart LR"),
        ("a.json", "{\"version\":1"),
        ("損失 \"a\" & b.SVG", "<svg "),
        (".a.b.svg", "<svg "),
    ] {
        picture.save(folder.join(file)).expect(file);
        let written = fs::read(folder.join(file)).expect("it was written");
        assert!(written.starts_with(begin.as_bytes()), "{file}");
    }
    assert_eq!(names(&folder).len(), 8, "nothing else was left: {:?}", names(&folder));
    for (file, begin, feature) in
        [("a.png", &b"\x89PNG"[..], cfg!(feature = "png")), ("a.pdf", b"%PDF-", cfg!(feature = "pdf"))]
    {
        match picture.save(folder.join(file)) {
            Ok(()) => {
                assert!(feature && fs::read(folder.join(file)).expect("it was written").starts_with(begin))
            }
            Err(problem) => {
                let (problem, name) = (problem.to_string(), &file[2..]);
                assert!(!feature && problem.contains(&format!("needs the feature `{name}`")), "{problem}");
                assert!(problem.contains(".svg, .html, .dot, .gv, .mmd") && !folder.join(file).exists());
            }
        }
    }
    for file in ["a.bmp", "a", ".svg", "", "svg"] {
        let problem = picture.save(folder.join(file)).expect_err(file).to_string();
        assert!(problem.contains("does not end in .svg, .html, .dot, .gv, .mmd"), "{problem}");
    }
    fs::remove_dir_all(folder).expect("it was made here");
}

#[test]
fn a_write_that_fails_leaves_what_was_there_and_nothing_else() {
    let folder = folder("failing");
    let path = folder.join("a.svg");
    write(&path, b"old").expect("it can be written");
    write(&path, b"new").expect("it can be written again");
    assert_eq!(fs::read(&path).expect("it is there"), b"new");

    let mut locked = fs::metadata(&path).expect("it is there").permissions();
    locked.set_readonly(true);
    fs::set_permissions(&path, locked).expect("it is ours");
    let problem = write(&path, b"newer").expect_err("it is locked").to_string();
    assert!(problem.contains("a.svg cannot be written: it is read-only"), "{problem}");
    assert_eq!(fs::read(&path).expect("it is there"), b"new");

    fs::create_dir(folder.join("b.svg")).expect("it can be made");
    fs::write(folder.join("b.svg/kept"), "").expect("it can be written");
    write(&folder.join("b.svg"), b"x").expect_err("it is a folder");
    write(&folder.join("no/such/folder.svg"), b"x").expect_err("there is no folder");
    write(Path::new("a\0b.svg"), b"x").expect_err("no file has such a name");
    assert_eq!(names(&folder), ["a.svg", "b.svg"]);
    let longest = folder.join(format!("{}.svg", "x".repeat(251)));
    write(&longest, b"x").expect("a name may have 255 bytes");
    assert_eq!(Format::of(&longest).expect("it is known"), Format::Svg);
    fs::remove_dir_all(folder).expect("it was made here");
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_is_written_with_its_permissions_and_a_device_is_written_to() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder("links");
    let (file, link) = (folder.join("file.svg"), folder.join("link.svg"));
    fs::write(&file, "old").expect("it can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink(&file, &link).expect("a link can be made");
    write(&link, b"new").expect("it can be written");
    assert_eq!(fs::read(&file).expect("it is there"), b"new");
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    write(Path::new("/dev/null"), b"x").expect("it takes everything");
    fs::remove_dir_all(folder).expect("it was made here");
}

#[test]
fn graphviz_that_is_not_there_is_told_with_the_file_that_was_written() {
    let (folder, picture) = (folder("no-dot"), samples::apples_and_oranges());
    let path = folder.join("-o \"a\".pdf");
    let render = |path: &Path, program: &str| graphviz::render(&picture.to_dot(), OsStr::new(program), path);
    let problem = render(&path, "/no/such/dot").expect_err("there is none").to_string();
    assert!(problem.contains("there is no program `/no/such/dot`"), "{problem}");
    assert!(problem.contains("-o \"a\".pdf.dot instead"), "{problem}");
    assert_eq!(names(&folder), ["-o \"a\".pdf.dot"]);
    assert_eq!(fs::read(folder.join("-o \"a\".pdf.dot")).expect("it is there"), picture.to_dot().as_bytes());
    let problem = render(&folder.join("a.dot"), "/no/such/dot").expect_err("no such kind").to_string();
    assert!(problem.contains("does not end in .svg, .pdf or .png"), "{problem}");
    fs::remove_dir_all(folder).expect("it was made here");
}

/// A program that stands in for `dot`.
#[cfg(unix)]
fn program(folder: &Path, name: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

#[cfg(unix)]
#[test]
fn what_graphviz_writes_becomes_the_file_and_what_it_says_the_error() {
    let folder = folder("dot");
    let path = folder.join("a b;'$(x)'.svg");
    let dot = "x".repeat(1 << 20);
    let render = |script: &str| {
        let program = program(&folder, "dot", script);
        // While another test starts a program, its child holds the script open for a moment.
        let done = loop {
            match graphviz::render(&dot, program.as_os_str(), &path).map_err(|problem| problem.to_string()) {
                Err(problem) if problem.contains("busy") => std::thread::yield_now(),
                done => break done,
            }
        };
        fs::remove_file(program).expect("it is there");
        done
    };
    // It writes more than a pipe holds before it reads all.
    render("cat; echo \"$@\"").expect("it succeeds");
    let drawn = fs::read_to_string(&path).expect("it is there");
    assert_eq!(drawn, format!("{dot}-Tsvg\n"), "it is asked for a kind and told no name");

    let problem = render("echo 'Error: syntax error' >&2; exit 3").expect_err("it fails");
    assert!(problem.contains("did not draw") && problem.contains("Error: syntax error"), "{problem}");
    let problem = render("exec <&-; exit 0").expect_err("it draws nothing");
    assert!(problem.contains("it said nothing"), "{problem}");
    let problem = render("kill -9 $$").expect_err("it is killed");
    assert!(problem.contains("signal: 9"), "{problem}");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), drawn, "what was there stays");
    assert_eq!(names(&folder).len(), 1);
    fs::remove_dir_all(folder).expect("it was made here");
}

#[test]
fn graphviz_draws_every_kind_where_it_is_installed() {
    let folder = folder("real-dot");
    let installed = Command::new("dot").arg("-V").output().is_ok();
    for (name, begin) in [("a.svg", &b"<?xml"[..]), ("a.pdf", b"%PDF-"), ("-a.PNG", b"\x89PNG")] {
        let path = folder.join(name);
        match nasty().graphviz(&path) {
            Ok(()) => {
                assert!(installed && fs::read(path).expect("it was drawn").starts_with(begin), "{name}")
            }
            Err(problem) => assert!(!installed, "{problem}"),
        }
    }
    fs::remove_dir_all(folder).expect("it was made here");
}

#[test]
fn a_page_is_a_new_file_that_its_name_tells() {
    let folder = folder("pages");
    let kept = |title: &str| show::kept(&folder, title, "<!doctype html>").expect("it can be written");
    let (first, second) = (kept("Two layers: loss /損失"), kept("Two layers: loss / 損失"));
    assert_ne!(first, second);
    let name = first.file_name().expect("a file").to_string_lossy().into_owned();
    assert!(name.starts_with("chainrule-two-layers-loss-損失-") && name.ends_with(".html"), "{name}");
    assert!(
        kept("../../<>").file_name().is_some_and(|n| n.to_string_lossy().starts_with("chainrule-graph-"))
    );
    assert_eq!(kept(&"x/".repeat(5000)).parent(), Some(folder.as_path()));
    assert!(show::kept(&folder.join("none"), "", "").is_err_and(|e| e.to_string().contains("none")));
    fs::remove_dir_all(folder).expect("it was made here");
}

#[cfg(unix)]
#[test]
fn the_first_launcher_that_works_opens_the_page_and_none_is_told_with_the_file() {
    let command = |script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    };
    let page = PathBuf::from("/tmp/page.html");
    let missing = || Command::new("/no/such/browser");
    let opened =
        show::opened(page.clone(), [missing(), command("exit 1"), command("exit 0"), command("exit 1")]);
    assert_eq!(opened, Ok(page.clone()));
    // One that stays is the browser itself.
    let start = std::time::Instant::now();
    assert_eq!(show::opened(page.clone(), [command("sleep 3")]), Ok(page.clone()));
    assert!(start.elapsed().as_secs_f64() < 2.9);
    let problem = show::opened(page, [missing(), command("exit 4")]).expect_err("none works").to_string();
    for part in
        ["there is no `/no/such/browser`", "`/bin/sh`: exit status: 4", "it was written to /tmp/page.html"]
    {
        assert!(problem.contains(part), "{problem}");
    }
}
