//! The sources of the crates as modules: what each declares, and which paths it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folders of sources, and the name by which the crate calls itself in paths.
pub(crate) const CRATES: [(&str, &str); 3] = [
    ("chainrule", "src"),
    ("chainrule_base", "crates/base/src"),
    ("chainrule_picture", "crates/picture/src"),
];

/// A file of a crate; its module, from the crate's name on.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) file: PathBuf,
    pub(crate) module: Vec<String>,
    pub(crate) code: String,
    /// The modules that it declares in files of their own.
    pub(crate) children: BTreeSet<String>,
    /// Modules in braces, as `op` in `src/lib.rs`, and what is imported in them; the file itself has no name.
    pub(crate) imports: BTreeMap<String, Vec<Import>>,
    /// The macros that it exports.
    pub(crate) macros: BTreeSet<String>,
    /// The names of its items, with the line of each.
    pub(crate) items: Vec<(String, usize)>,
}

/// One name that a `use` brings in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// The name that it has here; `*` for all.
    pub(crate) name: String,
    /// Whether it is handed on, as a folder's face does.
    pub(crate) public: bool,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// All sources but those of unit tests.
pub(crate) fn sources() -> Vec<Source> {
    let mut all: Vec<Source> = Vec::new();
    for (name, folder) in CRATES {
        let folder = root().join(folder);
        for path in files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")) {
            let inside = path.strip_prefix(&folder).unwrap().with_extension("");
            let parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
            let module: Vec<String> = [name.to_owned()]
                .into_iter()
                .chain(parts)
                .filter(|part| part != "lib" && part != "mod")
                .collect();
            let text = std::fs::read_to_string(&path).unwrap();
            all.push(Source::of(path.strip_prefix(root()).unwrap().to_owned(), module, &text));
        }
    }
    let tests: Vec<Vec<String>> = all.iter().flat_map(Source::test_modules).collect();
    all.retain(|source| !tests.iter().any(|test| source.module.starts_with(test)));
    all
}

impl Source {
    pub(crate) fn of(file: PathBuf, module: Vec<String>, text: &str) -> Source {
        let code = code_only(text);
        let mut source = Source { file, module, ..Source::default() };
        let mut inner = String::new();
        for (number, line) in code.lines().enumerate() {
            let words: Vec<&str> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty())
                .collect();
            let at = words.iter().position(|word| *word == "mod");
            let declared = at.and_then(|at| words.get(at + 1)).filter(|_| !line.starts_with([' ', '}']));
            match declared {
                Some(name) if line.ends_with(';') => drop(source.children.insert((*name).to_owned())),
                Some(name) if line.ends_with('{') => inner = (*name).to_owned(),
                _ if line == "}" => inner.clear(),
                _ => {}
            }
            if let Some(name) = item(line, &words) {
                let exported = number > 0 && code.lines().nth(number - 1) == Some("#[macro_export]");
                if exported && words.contains(&"macro_rules") {
                    source.macros.insert(name.to_owned());
                }
                source.items.push((name.to_owned(), number + 1));
            }
            // The statement begins here and ends with the first semicolon.
            let bare = line.trim_start();
            let begins = bare.starts_with("use ") || bare.starts_with("pub") && bare.contains(" use ");
            if begins && (!line.starts_with(' ') || !inner.is_empty()) {
                let rest = code.lines().skip(number).collect::<Vec<_>>().join("\n");
                let statement = rest.split_once("use ").unwrap().1.split(';').next().unwrap();
                let public = bare.starts_with("pub");
                let imports = tree(statement).into_iter().map(|import| Import { public, ..import });
                source.imports.entry(inner.clone()).or_default().extend(imports);
            }
        }
        source.code = code;
        source
    }

    /// The modules that are there in tests alone.
    fn test_modules(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(root().join(&self.file)).unwrap_or_default();
        let declared = text.split("#[cfg(test)]").skip(1).filter_map(|rest| {
            let line = rest.trim_start().lines().next()?;
            line.strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.to_owned())
        });
        declared.map(|name| self.module.iter().cloned().chain([name]).collect()).collect()
    }

    /// Every path that the file names, with its line: those of its imports, and those in the code that begin with
    /// `crate`, `super`, `self` or a module that it declares. What it only hands on, it does not need itself.
    pub(crate) fn paths(&self) -> Vec<(usize, Vec<String>)> {
        let mut found = Vec::new();
        let mut statement = false;
        let mut own = BTreeSet::new();
        for (number, line) in self.code.lines().enumerate() {
            let bare = line.trim_start();
            statement |= bare.starts_with("use ") || bare.starts_with("pub") && bare.contains(" use ");
            if !statement {
                own.extend(line.split(|c: char| !c.is_alphanumeric() && c != '_'));
                found.extend(self.paths_of_line(line).into_iter().map(|path| (number + 1, path)));
            }
            statement &= !line.contains(';');
        }
        let used = |import: &&Import| !import.public || own.contains(import.name.as_str());
        let imports = self.imports.values().flatten().filter(used).map(|import| {
            let last = import.path.last().map_or("", String::as_str);
            let line = self.code.lines().position(|line| {
                line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == last)
            });
            (line.map_or(0, |line| line + 1), import.path.clone())
        });
        found.extend(imports);
        found
    }

    fn paths_of_line(&self, line: &str) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut rest = line;
        let mut before = ' ';
        while let Some(at) = rest.find(is_word) {
            before = rest[..at].chars().next_back().unwrap_or(before);
            rest = &rest[at..];
            let mut path = Vec::new();
            loop {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                path.push(rest[..end].to_owned());
                rest = &rest[end..];
                match rest.strip_prefix("::") {
                    Some(after) if after.starts_with(is_word) => rest = after,
                    _ => break,
                }
            }
            let first = path[0].as_str();
            let known = ["crate", "super", "self"].contains(&first) || self.children.contains(first);
            if path.len() > 1 && known && before != ':' && before != '$' {
                found.push(path);
            }
            before = 'x';
        }
        found
    }
}

/// The name of an item whose definition begins on a line.
fn item<'l>(line: &str, words: &[&'l str]) -> Option<&'l str> {
    if line.starts_with([' ', '}', '#', ')']) {
        return None;
    }
    let kinds = ["struct", "enum", "union", "trait", "type", "fn", "const", "static", "macro_rules"];
    let at = words.iter().position(|word| kinds.contains(word))?;
    // `const fn` and `pub(in crate::…) struct`.
    let at = if words[at] == "const" && words.get(at + 1) == Some(&"fn") { at + 1 } else { at };
    words.get(at + 1).copied().filter(|_| !words[..at].contains(&"impl"))
}

/// What a `use` brings in, from what stands between it and the semicolon.
pub(crate) fn tree(text: &str) -> Vec<Import> {
    let text = text.trim();
    if let Some((head, list)) = text.split_once('{') {
        let list = list.strip_suffix('}').unwrap_or(list);
        let head: Vec<String> = names(head);
        let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&list[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&list[start..]);
        let inner = parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(tree);
        return inner
            .map(|import| {
                let own = import.path == ["self"];
                let rest = if own { Vec::new() } else { import.path };
                let path: Vec<String> = head.iter().cloned().chain(rest).collect();
                let name = if own { path.last().cloned().unwrap_or_default() } else { import.name };
                Import { path, name, public: false }
            })
            .collect();
    }
    let (path, alias) =
        text.split_once(" as ").map_or((text, None), |(path, name)| (path, Some(name.trim())));
    let mut path = names(path);
    let name = alias.map_or_else(|| path.last().cloned().unwrap_or_default(), str::to_owned);
    if name == "*" {
        path.pop();
    }
    vec![Import { path, name, public: false }]
}

fn names(path: &str) -> Vec<String> {
    path.split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The text with comments, strings and the unit tests at its end blanked out; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut code = String::new();
    let (mut in_string, mut in_comment, mut escaped) = (false, false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => {
                in_comment = false;
                code.push(c);
                continue;
            }
            _ if in_comment => {}
            '\\' if in_string => escaped = !escaped,
            '"' if !escaped => in_string = !in_string,
            // A quotation mark as a character.
            '\'' if !in_string && rest.peek() == Some(&'"') => {
                rest.nth(1);
            }
            '/' if !in_string && rest.peek() == Some(&'/') => in_comment = true,
            _ if !in_string => code.push(c),
            _ => {}
        }
        if c != '\\' {
            escaped = false;
        }
    }
    code
}

#[test]
fn the_reader_finds_what_a_file_declares_and_names() {
    let text = "//! crate::doc\nmod rows;\npub(crate) mod columns;\nuse crate::{\n    graph::{Graph, Node as N, self},\n    Float,\n};\n\
                pub use rows::*;\nlet s = \"crate::text\"; // crate::comment\nlet q = '\"'; $crate::ops::view(crate::shape::size(x));\n\
                fn f() {\n    columns::wide(super::Rule, std::mem::take(&mut x));\n}\npub const fn g() {}\npub(in crate::a) struct S;\n\
                mod op {\n    pub use crate::tape::Op;\n}\n#[cfg(test)]\nmod tests { use crate::check::Check; }";
    let source = Source::of(PathBuf::new(), vec!["chainrule".to_owned()], text);
    assert_eq!(source.children.iter().map(String::as_str).collect::<Vec<_>>(), ["columns", "rows"]);
    let of = |module: &str| -> Vec<String> {
        let imports = source.imports[module].iter();
        imports.map(|import| format!("{} as {}", import.path.join("::"), import.name)).collect()
    };
    let wanted = [
        "crate::graph::Graph as Graph",
        "crate::graph::Node as N",
        "crate::graph as graph",
        "crate::Float as Float",
        "rows as *",
    ];
    assert_eq!(of(""), wanted);
    assert_eq!(of("op"), ["crate::tape::Op as Op"]);
    let paths: Vec<String> = source.paths().iter().map(|(_, path)| path.join("::")).collect();
    for path in ["crate::shape::size", "columns::wide", "super::Rule", "crate::graph::Node", "crate::a"] {
        assert!(paths.iter().any(|found| found == path), "{path} in {paths:?}");
    }
    assert!(
        !paths.iter().any(|path| path.contains("text") || path.contains("doc") || path.contains("check"))
    );
    let items: Vec<&str> = source.items.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(items, ["f", "g", "S"]);
}
