//! What else panics: graphs, outputs of plans, operands of kernels.

use super::{Case, case, panic_of, with_world};
use chainrule::{NodeId, Plan, State, Tape};
use ndarray::arr1;

#[rustfmt::skip]
const CASES: &[(Case, &str)] = &[
    (case!("Graph::node", w => w.tape.graph().node(NodeId::new(99)).id()), "there is no node n99"),
    (case!("Graph::consumers", w => w.tape.graph().consumers(NodeId::new(99)).len()), "there is no node n99"),
    (case!("Graph::ancestors", w => w.tape.graph().ancestors([NodeId::new(99)])), "there is no node n99"),
    (case!("Graph::read_by", w => w.tape.graph().read_by([NodeId::new(99)])), "there is no node n99"),
    (case!("Graph::describe", w => w.tape.graph().describe(NodeId::new(99))), "there is no node n99"),
    (case!("NodeId::new", _w => NodeId::new(usize::MAX)), "a graph holds at most"),
    (case!("Builder::selected", w => chainrule::picture::Builder::new(&w.tape.graph(), &[NodeId::new(99)]).selected()), "node n99"),
    (case!("accuracy", _w => chainrule::nn::accuracy(ndarray::arr2(&[[1.0]]).view(), arr1(&[0, 1]).view())), "one label"),
];

#[test]
fn graphs_and_functions_name_the_line_that_called() {
    let mut wrong = Vec::new();
    for (case, says) in CASES {
        with_world(|world| wrong.extend(case.judge(world, says)));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn outputs_of_a_plan_name_the_line_that_called() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1.0, 2.0]));
    let (y, other) = (x + 1.0, x * 2.0);
    let mut plan = Plan::<f64>::compile([y], []).unwrap();
    let mut state = State::new();
    let outputs = plan.run(&mut state).unwrap();
    let nth = panic_of(|| drop(outputs.nth(1))).expect("there is one output");
    assert_eq!((nth.file.as_str(), nth.line), (file!(), line!() - 1));
    assert!(nth.message.contains("no output 1; the plan has 1"), "{}", nth.message);
    for (var, says) in [(y, "not one number"), (other, "not among the outputs")] {
        let item = panic_of(|| drop(outputs.item(var).to_string())).expect("it is no number");
        assert_eq!((item.file.as_str(), item.line), (file!(), line!() - 1));
        assert!(item.message.contains(says), "{}", item.message);
    }
}

#[test]
fn a_picture_of_a_node_that_is_not_there_is_an_error() {
    with_world(|world| {
        let graph = world.tape.graph();
        let outside = chainrule::picture::Builder::new(&graph, &[NodeId::new(99)]);
        assert!(outside.build().unwrap_err().to_string().contains("node n99"));
        assert!(outside.visible().unwrap_err().to_string().contains("node n99"));
        let around = chainrule::picture::Builder::new(&graph, &[world.x.id()]).around(NodeId::new(99), 2);
        assert!(around.build().unwrap_err().to_string().contains("node n99"));
    });
}

#[test]
fn macros_name_the_line_that_called() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[1.0, 2.0]));
    let panic = panic_of(|| chainrule::assert_gradients!(x.square(), [x])).expect("it is not one number");
    assert_eq!((panic.file.as_str(), panic.line), (file!(), line!() - 1));
}
