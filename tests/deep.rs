//! A chain of a million scalar nodes: graph, tape and reverse pass do not recurse, so a stack of 2 MiB suffices.

use chainrule::{Graph, Registry, Tape};
use petgraph::algo::toposort;

/// Repetitions of `tanh(x a + b)`: three nodes each.
const LAYERS: usize = 333_333;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_million_nodes_recorded_evaluated_differentiated_and_written() {
    on_a_small_stack(|| {
        let tape = Tape::new();
        let (x, a, b) = (tape.leaf("x", 0.5), tape.leaf("a", 0.9), tape.leaf("b", 0.1));
        let y = (0..LAYERS).fold(x, |x, _| (x * a + b).tanh());
        assert!(tape.graph().len() > 999_999);

        let (mut value, mut dx) = (0.5_f64, 1.0_f64);
        for _ in 0..LAYERS {
            value = (value * 0.9 + 0.1).tanh();
            dx *= 0.9 * (1.0 - value * value);
        }
        // The engine's tanh and std's differ in the last place.
        let found = y.value().item();
        assert!((found - value).abs() <= 1e-14 * value, "{found} and {value}");
        let recorded = tape.graph().len();
        let [swept, swept_da] = y.sweep([x, a]);
        assert_eq!(tape.graph().len(), recorded);
        let [found, da] = y.grad([x, a]);
        assert_eq!(found.value().item(), dx, "0 by underflow");
        // At the fixed point, da = y (1 − y²) / (1 − a (1 − y²)).
        assert_eq!((swept.item(), swept_da.item()), (found.value().item(), da.value().item()));
        let slope = 1.0 - value * value;
        assert!((da.value().item() - value * slope / (1.0 - 0.9 * slope)).abs() < 1e-12);

        let graph = tape.graph();
        assert!(graph.ancestors([y.id()])[0]);
        assert_eq!(toposort(&*graph, None).unwrap().len(), graph.len());
        assert_eq!(graph.consumers(a.id()).len() % LAYERS, 0);
        let copy = graph.clone();
        assert_eq!(copy.len(), graph.len());
        serde_json::to_writer(std::io::sink(), &copy).unwrap();
        drop(copy);
        drop(graph);
        drop(tape);
    });
}

#[test]
fn a_gradient_of_every_node_of_a_deep_chain_and_its_file_read_again() {
    on_a_small_stack(|| {
        let tape = Tape::new();
        let (x, a) = (tape.leaf("x", 1.0), tape.leaf("a", 1.0 + 1e-6));
        let y = (0..300_000).fold(x, |x, _| x * a);
        let gradients = y.backward();
        let wanted = 300_000.0 * (1.0 + 1e-6_f64).powi(299_999);
        assert!((gradients.of(a).value().item() / wanted - 1.0).abs() < 1e-9);
        assert_eq!(gradients.nodes().count(), 300_002);

        let json = serde_json::to_vec(&*tape.graph()).unwrap();
        let graph: Graph = serde_json::from_slice(&json).unwrap();
        let loaded = Tape::from_graph(graph, &Registry::default()).unwrap();
        assert_eq!(loaded.graph().len(), tape.graph().len());
        let other = loaded.with_shapes([(loaded.var(x.id()).unwrap(), [2])]);
        assert!(other.is_err(), "a scalar's gradient is not that of an array");
    });
}
