//! The graph as plain data: petgraph's algorithms on it, files, hostile files.

use chainrule::graph::Origin;
use chainrule::{Graph, NodeId, Registry, Tape, Var};
use ndarray::{Array, arr1, arr2, s};
use petgraph::Direction;
use petgraph::algo::{
    connected_components, dijkstra, dominators, has_path_connecting, is_cyclic_directed, toposort,
};
use petgraph::visit::{
    Bfs, Dfs, EdgeRef, IntoEdgeReferences, IntoEdges, IntoEdgesDirected, IntoNeighbors, NodeCount, Topo,
};
use proptest::prelude::*;
use serde_json::Value;

/// A graph with leaves of every kind, ops with attributes, wide ops, names, scopes, a gradient and an update.
fn model(tape: &Tape) -> Var<'_> {
    let (x, labels) = (tape.input("x", [3, 4]), tape.index_input("labels", [3]));
    let weight = {
        let _scope = tape.scope("affine1");
        tape.parameter("weight", [4, 2])
    };
    let hidden = x.matmul(weight).tanh().named("hidden");
    let wide = tape.concat(&[hidden, hidden.powi(3), hidden.powf(1.5), x.slice(s![.., 1..;2])], -1);
    let loss = (wide.sum_keep(1) * wide + tape.constant(arr1(&[0.5; 8]))).softmax_cross_entropy(labels);
    let [d] = loss.grad([weight]);
    let _updating = tape.updating();
    weight - 0.1 * d
}

#[test]
fn a_graph_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Graph>();
}

#[test]
fn petgraph_sorts_the_graph_itself() {
    let tape = Tape::new();
    model(&tape);
    let graph = tape.graph();
    let order = toposort(&*graph, None).unwrap();
    let mut place = vec![0; graph.len()];
    order.iter().enumerate().for_each(|(i, id)| place[id.index()] = i);
    assert_eq!(order.len(), graph.len());
    for edge in graph.edge_references() {
        assert!(place[edge.source().index()] < place[edge.target().index()]);
        assert_eq!(graph.node(edge.target()).inputs()[*edge.weight()], edge.source());
    }
    assert_eq!(graph.edge_references().count(), graph.edge_count());
    assert!(!is_cyclic_directed(&*graph));
    let mut topo = Topo::new(&*graph);
    let walked: Vec<NodeId> = std::iter::from_fn(|| topo.next(&*graph)).collect();
    assert_eq!(walked.len(), graph.node_count());
}

#[test]
fn petgraphs_walks_agree_with_the_graphs_own() {
    let tape = Tape::new();
    let updated = model(&tape);
    let unconnected = tape.leaf("unconnected", 1.0);
    let graph = tape.graph();
    let first = NodeId::new(0);
    let needed = graph.ancestors([updated.id()]);
    for id in graph.ids() {
        assert_eq!(has_path_connecting(&*graph, id, updated.id(), None), needed[id.index()], "{id}");
    }
    let (mut dfs, mut bfs) = (Dfs::new(&*graph, first), Bfs::new(&*graph, first));
    let deep = std::iter::from_fn(|| dfs.next(&*graph)).count();
    assert_eq!(deep, std::iter::from_fn(|| bfs.next(&*graph)).count());
    let far = dijkstra(&*graph, first, None, |_| 1);
    assert_eq!(far.len(), deep);
    assert_eq!(connected_components(&*graph), connected_components(&graph.to_petgraph()));
    assert!(!far.contains_key(&unconnected.id()));
    assert_eq!(dominators::simple_fast(&*graph, first).root(), first);
}

#[test]
fn a_square_has_two_edges_that_know_their_operand() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let y = x * x;
    let z = tape.constant(2.0) - y;
    let graph = tape.graph();
    let weights = |edges: chainrule::graph::Edges<'_>| {
        edges.map(|e| (e.source(), e.target(), *e.weight())).collect::<Vec<_>>()
    };
    let two = [(x.id(), y.id(), 0), (x.id(), y.id(), 1)];
    assert_eq!(weights((&*graph).edges(x.id())), two);
    assert_eq!(weights((&*graph).edges_directed(y.id(), Direction::Incoming)), two);
    assert_eq!((&*graph).neighbors(x.id()).collect::<Vec<_>>(), [y.id(), y.id()]);
    assert_eq!(weights((&*graph).edges(y.id())), [(y.id(), z.id(), 1)]);
    let owned = graph.to_petgraph();
    let mut edges: Vec<_> =
        owned.edge_references().map(|e| (owned[e.source()], owned[e.target()], *e.weight())).collect();
    edges.sort_unstable();
    assert_eq!(edges, [two[0], two[1], (y.id(), z.id(), 1), (NodeId::new(2), z.id(), 0)]);
}

#[test]
fn consumers_follow_what_is_appended() {
    let tape = Tape::new();
    let x = tape.leaf("x", 1.0);
    let y = x.exp();
    assert_eq!(tape.graph().consumers(x.id()).len(), 1);
    let z = x * y;
    let targets: Vec<NodeId> = tape.graph().consumers(x.id()).iter().map(|e| e.target).collect();
    assert_eq!(targets, [y.id(), z.id()]);
    assert!(tape.graph().consumers(z.id()).is_empty());
    let clone = tape.graph().clone();
    let _ = x + z;
    assert_eq!((clone.consumers(x.id()).len(), tape.graph().consumers(x.id()).len()), (2, 3));
}

fn json(graph: &Graph) -> String {
    serde_json::to_string(graph).unwrap()
}

#[test]
fn the_same_program_records_the_same_graph() {
    let [one, two] = [Tape::new(), Tape::new()];
    model(&one);
    model(&two);
    assert_eq!(json(&one.graph()), json(&two.graph()));
    let mut again = Tape::new();
    model(&again);
    again.reset();
    model(&again);
    assert_eq!(json(&one.graph()), json(&again.graph()), "and so does a tape that was reset");
}

#[test]
fn a_gradient_of_numbers_is_the_same_graph_when_its_rules_are_known() {
    type Function = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;
    let functions: [Function; 14] = [
        |a, b| a + b,
        |a, b| a - b,
        |a, b| a * b,
        |a, b| a / b,
        |a, b| a.maximum(b),
        |a, b| a.minimum(b),
        |a, b| a.greater(b),
        |a, _| -a,
        |a, _| a.recip(),
        |a, _| a.square(),
        |a, _| a.sigmoid(),
        |a, _| a.abs(),
        |a, _| a.sin(),
        |a, _| a.tanh(),
    ];
    for function in functions {
        // One operand twice, or one that no gradient is wanted of; operands that have a cotangent before, or none.
        for (case, before, wanted) in (0..3)
            .flat_map(|c| [false, true].map(|b| (c, b)))
            .flat_map(|(c, b)| [&[0_usize][..], &[1], &[0, 1], &[]].map(|wanted| (c, b, wanted)))
        {
            let program = |tape: &Tape| {
                let leaves = [tape.leaf("x", 0.7), tape.leaf("z", 0.4)];
                let [x, z] = leaves;
                let y = [function(x, x), function(x, z), function(z, x)][case];
                let loss = if before { y + x.exp() + z.exp() } else { y.softplus() };
                let vars: Vec<Var<'_>> = wanted.iter().map(|&i| leaves[i]).collect();
                if vars.is_empty() {
                    let gradients = loss.backward();
                    let edges: Vec<_> = gradients.edges().collect();
                    return format!("{edges:?} {:?} {}", gradients.of(x).value(), json(&tape.graph()));
                }
                let values: Vec<_> = loss.try_grad(&vars).unwrap().iter().map(|g| g.value()).collect();
                assert_eq!(loss.try_sweep(&vars).unwrap(), values);
                format!("{values:?} {}", json(&tape.graph()))
            };
            let mut tape = Tape::new();
            let first = program(&tape);
            tape.reset();
            assert_eq!(program(&tape), first, "case {case}, before {before}, wanted {wanted:?}");
        }
    }
}

#[test]
fn files_keep_everything_and_locations_on_request() {
    let tape = Tape::new();
    let updated = model(&tape);
    let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX, 0.1 + 0.2];
    let constant = tape.constant(arr1(&numbers));
    let graph = tape.graph();
    let plain: Graph = serde_json::from_str(&json(&graph)).unwrap();
    let located = serde_json::to_string(&graph.located()).unwrap();
    let with_lines: Graph = serde_json::from_str(&located).unwrap();
    for loaded in [&plain, &with_lines] {
        assert_eq!(json(loaded), json(&graph));
        let bits = |g: &Graph| {
            g.node(constant.id()).constant().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(loaded), bits(&graph));
        for (a, b) in graph.nodes().zip(loaded.nodes()) {
            let facts = |n: chainrule::graph::Node<'_>| {
                (
                    n.op().clone(),
                    n.inputs().to_vec(),
                    n.shape().to_vec(),
                    n.name().map(str::to_owned),
                    n.scope().to_owned(),
                    n.origin(),
                    n.kind(),
                    n.leaf(),
                )
            };
            assert_eq!(facts(a), facts(b));
        }
    }
    assert_eq!(graph.node(updated.id()).origin(), Origin::Update);
    assert!(plain.nodes().all(|n| n.location().is_none()));
    assert!(
        graph
            .nodes()
            .zip(with_lines.nodes())
            .all(|(a, b)| a.location() == b.location() && b.location().is_some())
    );
    assert!(!json(&graph).contains("graph.rs"), "files do not change when a line moves");
    assert_eq!(serde_json::to_string(&with_lines.located()).unwrap(), located);
}

#[test]
fn exponents_that_json_has_no_number_for_survive_it() {
    for exponent in [f64::INFINITY, f64::NEG_INFINITY, 2.0, -0.0] {
        let tape = Tape::new();
        let y = tape.leaf("x", 0.5).powf(exponent);
        let graph: Graph = serde_json::from_str(&json(&tape.graph())).unwrap();
        assert_eq!(json(&graph), json(&tape.graph()));
        let loaded = Tape::from_graph(graph, &Registry::default()).unwrap();
        loaded.feed(loaded.var(NodeId::new(0)).unwrap(), 0.5).unwrap();
        assert_eq!(loaded.var(y.id()).unwrap().value(), y.value());
    }
}

#[test]
fn a_loaded_tape_goes_on_recording() {
    let tape = Tape::new();
    model(&tape);
    let graph: Graph =
        serde_json::from_str(&serde_json::to_string(&tape.graph().located()).unwrap()).unwrap();
    let loaded = Tape::from_graph(graph, &Registry::default()).unwrap();
    let weight = loaded.var(loaded.graph().named("affine1/weight").unwrap()).unwrap();
    let same = {
        let _scope = loaded.scope("affine1");
        loaded.parameter("weight", [4, 2])
    };
    assert_eq!(same.id(), weight.id());
    loaded.feed(weight, arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])).unwrap();
    let [d] = weight.square().sum().grad([weight]);
    assert_eq!(d.value().sum(), 72.0);
}

/// One random edit of a JSON value: at some place in it, something else.
#[derive(Debug, Clone)]
struct Edit {
    place: usize,
    what: u8,
    number: i64,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let number =
        prop_oneof![-2_i64..12, Just(i64::MAX), Just(i64::MIN), Just(i64::from(u32::MAX)), any::<i64>()];
    let edit =
        (any::<usize>(), 0_u8..9, number).prop_map(|(place, what, number)| Edit { place, what, number });
    prop::collection::vec(edit, 1..4)
}

/// How many values there are in a value, itself included.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

/// The value at a place counted in depth-first order.
fn at(value: &mut Value, mut place: usize) -> &mut Value {
    if place == 0 {
        return value;
    }
    place -= 1;
    let children: Box<dyn Iterator<Item = &mut Value>> = match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(fields) => Box::new(fields.values_mut()),
        _ => unreachable!("a place inside the value"),
    };
    for child in children {
        let size = size(child);
        if place < size {
            return at(child, place);
        }
        place -= size;
    }
    unreachable!("a place inside the value")
}

fn apply(whole: &mut Value, edit: &Edit) {
    let places = size(whole);
    let other = at(whole, edit.number.unsigned_abs() as usize % places).clone();
    let target = at(whole, edit.place % places);
    match (edit.what, &mut *target) {
        (0..=2, _) => *target = Value::from(edit.number),
        (3, _) => *target = Value::Null,
        (4, _) => *target = Value::from("sum"),
        (5, Value::Array(items)) if !items.is_empty() => drop(items.pop()),
        (6, Value::Array(items)) if !items.is_empty() => items.push(items[0].clone()),
        (7, _) => *target = Value::from(vec![edit.number; 2]),
        _ => *target = other,
    }
}

/// Loads what can be loaded, and then does with it what a user would: nothing may panic.
fn use_it(text: &str) {
    let Ok(graph) = serde_json::from_str::<Graph>(text) else { return };
    let _ = (json(&graph), graph.edge_count(), toposort(&graph, None).is_ok(), graph.ancestors(graph.ids()));
    let Ok(tape) = Tape::from_graph(graph, &Registry::default()) else { return };
    let small = tape.graph().nodes().all(|n| n.shape().iter().map(|&n| n as f64).product::<f64>() < 1e4);
    let ids: Vec<NodeId> = tape.graph().ids().collect();
    let Some(&last) = ids.last().filter(|_| small) else { return };
    for &id in &ids {
        let var = tape.var(id).unwrap();
        let leaf = tape.graph().node(id).leaf();
        if leaf.is_some() {
            let _ = tape.feed(var, Array::from_elem(var.shape(), 0.5));
            let _ = tape.feed_indices(var, Array::from_elem(var.shape(), 1_usize));
        }
    }
    let _ = tape.values(ids);
    let last = tape.var(last).unwrap();
    let parameters = tape.parameters();
    let _ = last.try_grad(&parameters);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_files_load_or_give_an_error(edits in edits(), byte in any::<(u16, u8)>(), located in any::<bool>()) {
        let tape = Tape::new();
        model(&tape);
        let graph = tape.graph();
        let mut whole = if located { serde_json::to_value(graph.located()) } else { serde_json::to_value(&*graph) }.unwrap();
        edits.iter().for_each(|edit| apply(&mut whole, edit));
        let text = whole.to_string();
        use_it(&text);
        let mut bytes = json(&graph).into_bytes();
        let place = usize::from(byte.0) % bytes.len();
        bytes[place] = byte.1 % 128;
        use_it(&String::from_utf8_lossy(&bytes));
    }
}
