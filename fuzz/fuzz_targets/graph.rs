//! A graph in JSON, then all that can be done with it: a tape, values, a plan and its run, gradients, a picture.

#![no_main]

use chainrule::picture::{Builder, Level, Picture};
use chainrule::{Graph, Plan, PlanOptions, Registry, State, Tape, Var};
use libfuzzer_sys::{Corpus, fuzz_target};
use ndarray::ArrayD;

/// Graphs with more elements than this, over all nodes, are left out: they are refused by size elsewhere, and computing
/// them only takes long.
const ELEMENTS: usize = 1 << 20;
/// Axes in all, which some loops go through for every element.
const AXES: usize = 1 << 10;

fn draw(picture: &Picture) {
    let all = [picture.to_svg(), picture.to_dot(), picture.to_mermaid(), picture.to_html()];
    assert!(all.iter().all(|text| !text.is_empty()));
    assert_eq!(&Picture::from_json(picture.to_json()).expect("just written"), picture);
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(graph) = serde_json::from_slice::<Graph>(data) else { return Corpus::Reject };
    // What was read is written and read back.
    let written = serde_json::to_string(&graph).expect("a graph can be written");
    let again: Graph = serde_json::from_str(&written).expect("just written");
    assert_eq!(serde_json::to_string(&again).expect("a graph can be written"), written);
    let sizes = graph.nodes().map(|node| node.shape().iter().fold(1_usize, |all, &n| all.saturating_mul(n.max(1))));
    let elements = sizes.fold(0_usize, usize::saturating_add);
    let axes: usize = graph.nodes().map(|node| node.shape().len()).sum();
    let Some(last) = graph.ids().last() else { return Corpus::Keep };
    // A graph can be drawn without a tape, whatever it says.
    for level in [Level::Auto, Level::Nodes, Level::Layers] {
        if let Ok(picture) = Builder::new(&graph, &[last]).level(level).build() {
            draw(&picture);
        }
    }
    if elements > ELEMENTS || axes > AXES {
        return Corpus::Keep;
    }
    let Ok(tape) = Tape::from_graph(graph, &Registry::default()) else { return Corpus::Keep };
    let last = tape.var(last).expect("it is of this graph");
    let leaves: Vec<Var<'_>> = {
        let ids: Vec<_> =
            tape.graph().nodes().filter(|node| node.leaf().is_some()).map(|node| node.id()).collect();
        ids.into_iter().filter_map(|id| tape.var(id)).collect()
    };
    let mut state = State::new();
    for &leaf in &leaves {
        // A leaf of one kind refuses what is for another.
        let numbers = ArrayD::from_elem(leaf.shape(), 0.5);
        let _ = tape.feed_indices(leaf, ArrayD::<usize>::zeros(leaf.shape()));
        let _ = tape.feed(leaf, numbers.clone());
        leaf.name().into_iter().for_each(|name| drop(state.insert(&name, numbers.clone())));
    }
    let _ = tape.values([last.id()]);
    let _ = last.draw().picture().map(|picture| draw(&picture));
    let options = PlanOptions { threads: 1, ..PlanOptions::default() };
    let mut run = |vars: &[Var<'_>]| {
        let Ok(mut plan) = Plan::<f64>::compile_with(vars.iter().copied(), [], options) else { return };
        assert!(!plan.to_string().is_empty() && !plan.schedule().picture().to_dot().is_empty());
        for &leaf in &leaves {
            let _ = plan.index_mut(leaf).map(|mut indices| indices.fill(0));
            let _ = plan.input_mut(leaf).map(|mut numbers| numbers.fill(0.5));
        }
        let _ = plan.run(&mut state);
    };
    run(&[last]);
    if last.shape().is_empty() {
        let _ = last.try_sweep(&leaves);
        if let Ok(gradients) = last.try_grad(&leaves) {
            let ids: Vec<_> = gradients.iter().map(|var| var.id()).collect();
            let _ = tape.values(ids);
            run(&gradients);
        }
    }
    Corpus::Keep
});
