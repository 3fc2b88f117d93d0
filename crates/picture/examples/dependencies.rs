//! A graph of petgraph as a picture: what a program depends on, with the sizes of crates above the arrows and the times to
//! build them below, in frames; what is slow has a mark; and what changed from one version to the next.
//!
//! Writes `dependencies.svg`, `dependencies.html` and `dependencies_changed.svg` to cargo's target folder. Sizes and times are
//! made up.

use chainrule_picture::{Mark, Picture, Result};
use petgraph::graph::{Graph, NodeIndex};
use std::collections::BTreeMap;
use std::path::Path;

/// A crate: its name, the folder it stands in, its size in kB, and the seconds that its build takes.
type Crate = (&'static str, &'static str, u32, f64);

const OLD: [Crate; 7] = [
    ("program", "", 40, 0.6),
    ("server", "web", 310, 4.2),
    ("templates", "web", 90, 1.1),
    ("async runtime", "web/runtime", 1_900, 14.8),
    ("queries", "data", 240, 3.0),
    ("driver", "data/drivers", 520, 6.4),
    ("bytes", "", 60, 0.5),
];
const NEW: [Crate; 7] = [
    ("program", "", 44, 0.6),
    ("server", "web", 310, 4.2),
    ("templates", "web", 90, 1.1),
    ("async runtime", "web/runtime", 1_400, 9.1),
    ("queries", "data", 240, 3.0),
    ("pool", "data/drivers", 80, 0.9),
    ("bytes", "", 60, 0.5),
];

fn graph(crates: &[Crate], uses: &[(&str, &str)]) -> Graph<Crate, ()> {
    let mut graph = Graph::new();
    let ids: BTreeMap<&str, NodeIndex> =
        crates.iter().map(|known| (known.0, graph.add_node(*known))).collect();
    graph.extend_with_edges(uses.iter().map(|&(from, to)| (ids[from], ids[to])));
    graph
}

fn picture(graph: &Graph<Crate, ()>) -> Picture {
    let mut folders = BTreeMap::new();
    let picture = Picture::of_graph(
        "what the program depends on",
        graph,
        |(_, &(name, folder, _, seconds)), node| {
            (node.id, node.name) = (name.replace(' ', "_"), Some(name.to_owned()));
            node.mark = (seconds > 10.0).then_some(Mark::Noted);
            node.note = (seconds > 10.0).then(|| "slow to build".to_owned());
            folders.insert(node.id.clone(), folder.to_owned());
        },
        |edge, arrow| {
            let (_, _, size, seconds) = graph[petgraph::visit::EdgeRef::source(&edge)];
            (arrow.value, arrow.gradient) = (Some(format!("{size} kB")), Some(format!("{seconds} s")));
        },
    );
    picture.clustered(|node| folders[&node.id].clone()).max_width(1_200)
}

fn main() -> Result<()> {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(3).unwrap_or(Path::new("."));
    let shared = [
        ("server", "program"),
        ("templates", "program"),
        ("queries", "program"),
        ("async runtime", "server"),
        ("bytes", "async runtime"),
    ];
    let old = picture(&graph(&OLD, &[&shared[..], &[("driver", "queries"), ("bytes", "driver")]].concat()));
    let new =
        picture(&graph(&NEW, &[&shared[..], &[("pool", "queries"), ("async runtime", "pool")]].concat()));
    old.save(target.join("dependencies.svg"))?;
    old.save(target.join("dependencies.html"))?;
    old.compared_with(&new).save(target.join("dependencies_changed.svg"))?;
    println!("{}", target.join("dependencies.svg").display());
    Ok(())
}
