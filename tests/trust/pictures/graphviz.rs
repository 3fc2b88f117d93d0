//! DOT that Graphviz reads: strings that are short enough, markup that is not empty, ids that differ.

use super::{hostile_names, is_xml, picture_of};
use chainrule::picture::{Group, Picture, PictureEdge, PictureNode};
use graphviz_rust::dot_structures::{Graph, Id, Node, NodeId, Stmt, Subgraph};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// What Graphviz's scanner holds of one string.
const LONGEST: usize = 16_384;

/// What `dot` made of a text; none where there is no `dot`.
fn drawn_by_dot(dot: &str) -> Option<Result<String, String>> {
    let mut command = Command::new("dot");
    let command = command.arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return None,
        Err(problem) => panic!("dot: {problem}"),
    };
    let mut input = child.stdin.take().unwrap();
    let text = dot.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    let svg = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(if output.status.success() && !problems.contains("rror") { Ok(svg) } else { Err(problems) })
}

/// The strings of a DOT text between quotes, and its markup between `<` and `>`, by the rules of Graphviz's scanner.
fn strings(dot: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = dot.chars();
    while let Some(c) = chars.next() {
        let mut string = String::new();
        if c == '"' {
            let mut escaped = false;
            for c in chars.by_ref() {
                if c == '"' && !escaped {
                    break;
                }
                escaped = c == '\\' && !escaped;
                string.push(c);
            }
        } else if c == '<' {
            let mut depth = 1;
            for c in chars.by_ref() {
                depth += match c {
                    '<' => 1,
                    '>' => -1,
                    _ => 0,
                };
                if depth == 0 {
                    break;
                }
                string.push(c);
            }
            assert!(
                !string.is_empty() && !string.contains("\"></FONT>") && !string.contains("<I></I>"),
                "{string}"
            );
        } else {
            continue;
        }
        found.push(string);
    }
    found
}

fn check(dot: &str, what: &str) {
    for string in strings(dot) {
        assert!(string.len() < LONGEST, "{what}: a string of {} bytes", string.len());
        assert!(string.chars().all(is_xml), "{what}: {string:.80?}");
    }
    assert!(graphviz_rust::parse(dot).is_ok(), "{what}");
    match drawn_by_dot(dot) {
        Some(Ok(svg)) => assert!(svg.ends_with("</svg>\n") && svg.chars().all(is_xml), "{what}"),
        Some(Err(problem)) => panic!("{what}: {problem}"),
        None => {}
    }
}

#[test]
fn graphviz_takes_every_name() {
    for name in hostile_names() {
        check(&picture_of(&name).to_dot(), &format!("{name:.20?}"));
    }
}

#[test]
fn graphviz_takes_a_tooltip_of_any_length_and_any_characters() {
    for line in ["&", "\u{ffff}", "\\", "\"", "line\n", "失"] {
        let mut picture = picture_of("f");
        picture.nodes.iter_mut().for_each(|node| node.tooltip = line.repeat(20_000));
        check(&picture.to_dot(), line);
    }
}

#[test]
fn graphviz_takes_what_is_recorded_under_any_name() {
    for name in hostile_names() {
        let tape = chainrule::Tape::new();
        let _scope = tape.scope(&name);
        let x = tape.leaf(&name, 0.5);
        let y = (x * x.exp().named(&name)).tanh();
        let gradients = y.backward();
        check(
            &y.draw().title(&name).gradients(&gradients).picture().unwrap().to_dot(),
            &format!("{name:.20?}"),
        );
    }
}

/// The ids of all nodes and, apart from them, of all clusters of a graph.
fn ids(stmts: Vec<Stmt>, into: &mut [Vec<String>; 2]) {
    let text = |id: &Id| format!("{id:?}");
    for stmt in stmts {
        match stmt {
            Stmt::Node(Node { id: NodeId(id, _), .. }) => into[0].push(text(&id)),
            Stmt::Subgraph(Subgraph { id, stmts }) => {
                into[1].push(text(&id));
                ids(stmts, into);
            }
            _ => {}
        }
    }
}

#[test]
fn no_two_nodes_or_clusters_have_one_id() {
    let names = [
        "",
        "",
        "n1_0",
        "n1_0",
        "n1",
        "node_0",
        "node_1",
        "\u{1}",
        "cluster",
        "cluster_n1",
        &"x".repeat(500),
        &"x".repeat(501),
    ];
    let mut picture = Picture::default();
    for (at, name) in names.iter().enumerate() {
        picture.nodes.push(PictureNode { id: (*name).to_owned(), group: Some(at), ..PictureNode::default() });
        picture.groups.push(Group { id: (*name).to_owned(), ..Group::default() });
    }
    for to in 1..names.len() {
        let value = Some("1".to_owned());
        picture.edges.push(PictureEdge { from: 0, to, operand: 0, value, ..PictureEdge::default() });
    }
    let Ok(Graph::DiGraph { stmts, .. }) = graphviz_rust::parse(&picture.to_dot()) else {
        panic!("{}", picture.to_dot())
    };
    let mut found = [Vec::new(), Vec::new()];
    ids(stmts, &mut found);
    assert_eq!([found[0].len(), found[1].len()], [names.len(), names.len()], "{found:?}");
    for found in found {
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "{found:?}");
    }
    check(&picture.to_dot(), "ids");
}
