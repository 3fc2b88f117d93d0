//! No file imports one that imports it, straight or through others.

use crate::source::{Source, sources};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::collections::{BTreeMap, BTreeSet};

/// The files of the crates by their modules.
pub(crate) struct Map<'s> {
    pub(crate) sources: &'s [Source],
    places: BTreeMap<Vec<String>, usize>,
}

impl<'s> Map<'s> {
    pub(crate) fn of(sources: &'s [Source]) -> Self {
        let places =
            sources.iter().enumerate().map(|(place, source)| (source.module.clone(), place)).collect();
        Map { sources, places }
    }

    /// The file that defines what a path of another file leads to; none outside of the crates.
    pub(crate) fn target(&self, from: usize, path: &[String]) -> Option<usize> {
        self.follow(&self.absolute(from, path)?, 0)
    }

    /// The path from the crate's name on.
    fn absolute(&self, from: usize, path: &[String]) -> Option<Vec<String>> {
        let source = &self.sources[from];
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => vec![source.module[0].clone()],
            "self" => source.module.clone(),
            "super" => {
                let mut base = source.module.clone();
                base.pop();
                return self.absolute_from(base, rest);
            }
            child if source.children.contains(child) => {
                let mut base = source.module.clone();
                base.push(child.to_owned());
                base
            }
            name if self.places.contains_key(&vec![name.to_owned()]) => vec![name.to_owned()],
            _ => return None,
        };
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn absolute_from(&self, mut base: Vec<String>, rest: &[String]) -> Option<Vec<String>> {
        match rest.split_first() {
            Some((first, rest)) if first == "super" => {
                base.pop();
                self.absolute_from(base, rest)
            }
            _ => {
                base.extend(rest.iter().cloned());
                Some(base)
            }
        }
    }

    /// Follows a path from module to module, through what they hand on.
    fn follow(&self, path: &[String], hops: usize) -> Option<usize> {
        // An exported macro is at the crate's root, wherever it is defined.
        if let [krate, name] = path
            && let Some(place) = self
                .sources
                .iter()
                .position(|source| source.module[0] == *krate && source.macros.contains(name))
        {
            return Some(place);
        }
        assert!(hops < 32, "imports that lead to each other: {path:?}");
        let longest = (1..=path.len()).rev().find(|&len| self.places.contains_key(&path[..len]))?;
        let place = self.places[&path[..longest]];
        let source = &self.sources[place];
        let rest = &path[longest..];
        let Some(name) = rest.first() else { return Some(place) };
        // A module in braces has its own imports.
        let (inner, name, rest) = match rest.get(1) {
            Some(next) if source.imports.contains_key(name) => (name.as_str(), next, &rest[2..]),
            _ => ("", name, &rest[1..]),
        };
        let imports = source.imports.get(inner).map(Vec::as_slice).unwrap_or_default();
        let named = imports.iter().find(|import| import.name == *name);
        if let Some(import) = named.filter(|_| !source.items.iter().any(|(item, _)| item == name)) {
            let next: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            return self.follow(&self.absolute(place, &next)?, hops + 1);
        }
        for import in imports.iter().filter(|import| import.name == "*") {
            let Some(module) = self.absolute(place, &import.path) else { continue };
            let Some(&inside) = self.places.get(&module) else { continue };
            if self.sources[inside].items.iter().any(|(item, _)| item == name) {
                return Some(inside);
            }
        }
        Some(place)
    }

    /// Every import of one file by another, with the names.
    pub(crate) fn arrows(&self) -> BTreeMap<(usize, usize), BTreeSet<String>> {
        let mut arrows: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
        for (from, source) in self.sources.iter().enumerate() {
            for (line, path) in source.paths() {
                let visibility = source
                    .code
                    .lines()
                    .nth(line.wrapping_sub(1))
                    .is_some_and(|text| text.contains(&format!("in {}", path.join("::"))));
                let Some(to) = self.target(from, &path).filter(|&to| to != from && !visibility) else {
                    continue;
                };
                let name = path.last().cloned().unwrap_or_default();
                arrows.entry((from, to)).or_default().insert(name);
            }
        }
        arrows
    }
}

/// The circles among some files, as text: each file with what it takes from others of its circle.
fn circles(sources: &[Source]) -> Vec<String> {
    let map = Map::of(sources);
    let arrows = map.arrows();
    assert!(sources.len() < 100 || arrows.len() > 300, "only {} imports were found", arrows.len());
    let ends = arrows.keys().map(|&(from, to)| (from as u32, to as u32));
    let graph = DiGraph::<(), ()>::from_edges(ends);
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    let circles = circles.map(|circle| circle.iter().map(|file| file.index()).collect::<Vec<usize>>());
    let told = circles.map(|circle| {
        let inside = arrows.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
        let lines = inside.map(|((from, to), names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let file = |place: &usize| sources[*place].file.display();
            format!("  {} → {}: {}", file(from), file(to), names.join(", "))
        });
        format!("{} files:\n{}", circle.len(), lines.collect::<Vec<_>>().join("\n"))
    });
    told.collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&sources());
    assert!(
        found.is_empty(),
        "{} circles; move what both need into a file below both:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn a_circle_is_seen_through_what_modules_hand_on() {
    let file = |name: &str, text: &str| {
        let module = name.split('/').map(str::to_owned).collect();
        Source::of(format!("{name}.rs").into(), module, text)
    };
    let root = file(
        "chainrule",
        "mod a;\nmod b;\nmod c;\npub use a::Tape;\npub mod op {\n    pub use crate::b::Rule;\n}\n",
    );
    let b = file("chainrule/b", "use crate::Tape;\npub struct Rule;\nfn f() { crate::c::g() }\n");
    let c = file("chainrule/c", "use crate::Tape;\npub fn g() {}\n");
    let round =
        [root, file("chainrule/a", "pub use crate::c::g;\nuse crate::op::Rule;\npub struct Tape;\n"), b, c];
    let found = circles(&round);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("a.rs → chainrule/b.rs: Rule"), "{found:?}");
    assert!(
        found[0].contains("b.rs → chainrule/a.rs: Tape") && !found[0].contains("a.rs → chainrule/c.rs"),
        "{found:?}"
    );
}
