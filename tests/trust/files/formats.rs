//! Everything that can be written, in text and in binary formats.

use super::{assert_survives, read_back};
use chainrule::check::{OpCheck, OpReport, Report};
use chainrule::graph::OpRecord;
use chainrule::picture::{Details, Level, Picture, PictureNode};
use chainrule::{Check, Graph, NodeId, Plan, Registry, Schedule, State, Tape, ops};
use ndarray::{arr1, arr2};

/// A net with attributes, operands of which only the shape is read, constants, scopes, names, and its gradients.
fn record(tape: &Tape) -> [NodeId; 2] {
    let x = tape.leaf("x", arr2(&[[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]));
    let w = {
        let _scope = tape.scope("affine");
        tape.leaf("w", arr2(&[[0.1, 0.2], [0.3, -0.4], [f64::MIN_POSITIVE, 0.6]]))
    };
    let hidden =
        x.matmul(w).slice(ndarray::s![.., ..;-1]).softmax(-1) + tape.constant(arr1(&[0.1 + 0.2, -0.0]));
    let joined = tape.concat(&[hidden, hidden.powf(1.5)], 0).reshape([2, -1]);
    let loss = joined.sum_keep(1).square().mean();
    let [dw] = loss.grad([w]);
    [loss.id(), dw.id()]
}

#[test]
fn a_graph_survives_every_format_and_gives_the_same_values() {
    let tape = Tape::new();
    let ids = record(&tape);
    assert!(tape.graph().nodes().any(|node| !node.op().attributes.is_empty()));
    assert!(tape.graph().nodes().any(|node| !node.op().shape_only.is_empty()));
    assert_survives(&*tape.graph());
    let wanted: Vec<_> = ids.map(|id| tape.var(id).unwrap().value()).into();
    let leaves = ["x", "w"].map(|name| tape.graph().named(name).unwrap());
    let files = read_back::<Graph>(&*tape.graph());
    for (format, graph) in files {
        let loaded =
            Tape::from_graph(graph, &Registry::default()).unwrap_or_else(|e| panic!("{format}: {e}"));
        for leaf in leaves {
            loaded.feed(loaded.var(leaf).unwrap(), tape.var(leaf).unwrap().value()).unwrap();
        }
        let found: Vec<_> = ids.map(|id| loaded.var(id).unwrap().value()).into();
        assert_eq!(found, wanted, "{format}");
    }
}

#[test]
fn source_lines_survive_every_format() {
    let tape = Tape::new();
    let [loss, _] = record(&tape);
    let line = tape.graph().node(loss).location().cloned();
    assert!(line.is_some());
    for (format, graph) in read_back::<Graph>(&tape.graph().located()) {
        assert_eq!(graph.node(loss).location().cloned(), line, "{format}");
        assert_eq!(super::bits(&graph.located()), super::bits(&tape.graph().located()), "{format}");
    }
    for (format, graph) in read_back::<Graph>(&*tape.graph()) {
        assert_eq!(graph.node(loss).location(), None, "{format}");
    }
}

#[test]
fn an_op_without_attributes_survives_every_format() {
    let tape = Tape::new();
    let _ = tape.input("x", [2]).exp();
    let records: Vec<OpRecord> = tape.graph().nodes().map(|node| node.op().clone()).collect();
    for (format, again) in read_back::<Vec<OpRecord>>(&records) {
        assert_eq!(again, records, "{format}");
    }
    // Text has no words for what there is not.
    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains("attributes") && !text.contains("shape_only"), "{text}");
}

#[test]
fn states_and_reports_survive_every_format() {
    let mut state = State::<f32>::new();
    state.insert("a", arr2(&[[0.1, -2.0], [f32::NAN, 3.0]]));
    state.insert("b", arr1::<f32>(&[]));
    assert_survives(&state);
    assert_survives(&State::<f64>::new());
    for (format, again) in read_back::<State<f32>>(&state) {
        let names: Vec<String> = again.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["a", "b"], "{format}");
    }
    let tape = Tape::new();
    let [loss, _] = record(&tape);
    let w = tape.var(tape.graph().named("w").unwrap()).unwrap();
    let report: Report = Check::new(tape.var(loss).unwrap(), &[w]).order(2).run().unwrap();
    assert_survives(&report);
    let report: OpReport = OpCheck::new(ops::Abs).run().unwrap();
    assert_survives(&report);
}

#[test]
fn a_schedule_survives_every_format() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [8, 4]), tape.parameter("w", [4, 2]));
    let loss = x.matmul(w).tanh().square().mean();
    let [dw] = loss.grad([w]);
    let schedule: Schedule = Plan::<f32>::compile([loss], [(w, w - 0.1 * dw)]).unwrap().schedule();
    assert_survives(&schedule);
}

#[test]
fn pictures_survive_every_format() {
    let tape = Tape::new();
    let [loss, dw] = record(&tape);
    let (loss, dw) = (tape.var(loss).unwrap(), tape.var(dw).unwrap());
    let w = tape.var(tape.graph().named("w").unwrap()).unwrap();
    let report = Check::new(loss, &[w]).run().unwrap();
    let pictures = [
        loss.draw().picture().unwrap(),
        loss.draw().values(true).verdicts(&report).picture().unwrap(),
        dw.draw().backward(true).level(Level::Auto).health().picture().unwrap(),
        Picture::default(),
        Picture { nodes: vec![PictureNode::default(); 2], ..Picture::default() },
        Picture {
            nodes: vec![PictureNode { details: Some(Box::default()), ..PictureNode::default() }],
            ..Picture::default()
        },
    ];
    for picture in &pictures {
        for (format, again) in read_back::<Picture>(picture) {
            assert_eq!(again, *picture, "{format}");
        }
        // What text leaves out is what says nothing.
        let text = serde_json::to_string(picture).unwrap();
        assert!(!text.contains("\"mark\":null") && !text.contains("\"members\":[]"), "{text}");
    }
    for (format, again) in read_back::<Details>(&Details::default()) {
        assert_eq!(again, Details::default(), "{format}");
    }
    assert_eq!(serde_json::to_string(&Details::default()).unwrap(), "{}");
}
