//! Sizes that no machine has, and what else comes from outside: an error each, never a panic.

use chainrule::{Error, Graph, Plan, Registry, State, Tape};
use ndarray::{arr1, s};

fn tape_of(json: &str) -> chainrule::Result<Tape> {
    Tape::from_graph(serde_json::from_str::<Graph>(json).unwrap(), &Registry::default())
}

#[test]
fn arrays_that_no_machine_holds_are_refused() {
    let tape = Tape::new();
    let x = tape.input("x", [1_usize << 55]);
    let message = Plan::<f64>::compile([x * 2.0], []).unwrap_err().to_string();
    assert!(message.contains("there is no room for an array of 36028797018963968 elements"), "{message}");
    let big = tape.constant(1.0).broadcast_to([1_usize << 55]);
    assert!(tape.values([big.id()]).unwrap_err().to_string().contains("there is no room"));
    // A view of one element is no array, and its parts can be had.
    assert_eq!(big.slice(s![..2]).sum().value().item(), 2.0);
    let json =
        serde_json::to_string(&*tape.graph()).unwrap().replace("36028797018963968", "1152921504606846976");
    let message = serde_json::from_str::<Graph>(&json).unwrap_err().to_string();
    assert!(message.contains("more elements than can be addressed"), "{message}");
}

#[test]
fn a_number_of_operands_takes_no_room() {
    let mut tape = Tape::new();
    let x = tape.input("x", [2]);
    let _ = x.reshape_like(x);
    tape.reset();
    let x = tape.input("x", [2]);
    let _ = x.broadcast_like(x);
    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let with = |arity: &str| json.replacen("\"arity\":2", &format!("\"arity\":{arity}"), 1);
    // No node has the op any more, so its line says what it likes; to enumerate that many would take 32 GiB.
    let loaded = tape_of(&with("4294967295")).unwrap();
    assert_eq!(loaded.graph().len(), 2);
    let x = loaded.var(x.id()).unwrap();
    assert_eq!(x.reshape_like(x).shape(), [2]);
    let message = serde_json::from_str::<Graph>(&with("9223372036854775807")).unwrap_err().to_string();
    assert!(message.contains("more than a graph can give it"), "{message}");
}

#[test]
fn other_shapes_are_checked_like_the_first() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 2]);
    let _ = x.sum();
    let message = tape.with_shapes([(x, [1_usize << 40, 1 << 40])]).unwrap_err().to_string();
    assert!(message.contains("more elements than can be addressed") && message.contains("`x`"), "{message}");
}

#[test]
fn a_step_longer_than_the_axis_takes_one_element() {
    let tape = Tape::new();
    let x = tape.leaf("x", ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0]]));
    let part = x.slice(s![..;isize::MAX, ..]);
    assert_eq!(part.value().into_array(), ndarray::arr2(&[[1.0, 2.0]]).into_dyn());
    let json = serde_json::to_string(&*tape.graph()).unwrap();
    let again = tape_of(&json).unwrap();
    assert!(Plan::<f64>::compile([again.var(part.id()).unwrap()], []).is_ok());
}

#[test]
fn axes_in_public_fields_are_checked() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 2]);
    let sum = chainrule::ops::Sum { axes: vec![usize::MAX], keep: false };
    assert!(matches!(tape.try_apply(sum, &[x]), Err(Error::Operands { .. })));
    assert!(matches!(
        tape.try_apply(chainrule::ops::Softmax { axis: usize::MAX }, &[x]),
        Err(Error::Operands { .. })
    ));
    assert!(matches!(
        tape.try_apply(chainrule::ops::Concat { axis: usize::MAX }, &[x]),
        Err(Error::Operands { .. })
    ));
}

#[test]
fn plans_take_real_numbers_of_their_own_tape() {
    let tape = Tape::new();
    let (x, t, w) = (tape.input("x", [2]), tape.index_input("t", [2]), tape.parameter("w", [2]));
    let mut of_indices = Plan::<f64>::compile([t], []).unwrap();
    of_indices.feed_indices(t, &arr1(&[3, 0])).unwrap();
    let out = of_indices.run(&mut State::new()).unwrap();
    assert!(out.get(t).is_none() && out.indices(t).unwrap() == arr1(&[3, 0]).into_dyn());
    assert!(Plan::<f64>::compile([], [(w, t)]).unwrap_err().to_string().contains("holds indices"));
    let mut plan = Plan::<f64>::compile([x * 2.0], []).unwrap();
    let other = Tape::new();
    let z = other.input("z", [2]);
    assert!(matches!(plan.feed(z, &arr1(&[1.0, 2.0])), Err(Error::MixedTapes { .. })));
    plan.feed(x, &arr1(&[1.0, 2.0])).unwrap();
    let y = other.leaf("a", 1.0) * 2.0;
    assert!(plan.run(&mut State::new()).unwrap().get(y).is_none());
    // The same recording with other shapes has the same vars.
    let longer = tape.with_shapes([(x, [3])]).unwrap();
    let doubled = longer.var(tape.graph().ids().last().unwrap()).unwrap();
    let mut plan = Plan::<f64>::compile([doubled], []).unwrap();
    plan.feed(x, &arr1(&[1.0, 2.0, 3.0])).unwrap();
}

#[test]
fn a_name_that_two_inputs_have_does_not_say_which() {
    let tape = Tape::new();
    let (a, b) = (tape.input("x", [1]), tape.input("x", [1]));
    let mut plan = Plan::<f64>::compile([a - b], []).unwrap();
    assert!(matches!(plan.feed("x", &arr1(&[1.0])), Err(Error::Unknown { .. })));
    plan.feed(a, &arr1(&[3.0])).unwrap();
    plan.feed(b, &arr1(&[1.0])).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().nth(0).sum(), 2.0);
}

#[test]
fn a_constant_past_a_precision_is_refused() {
    let tape = Tape::new();
    let y = tape.leaf("x", 1.0) * 1e300;
    assert!(Plan::<f64>::compile([y], []).is_ok());
    let message = Plan::<f32>::compile([y], []).unwrap_err().to_string();
    assert!(message.contains("constant 1e300 of n1 is infinite in f32"), "{message}");
}

#[test]
fn loading_half_a_state_changes_nothing() {
    let tape = Tape::new();
    let (a, b) = (tape.parameter("a", [1]), tape.parameter("b", [1]));
    let y = (a * b).sum();
    let mut state = State::<f64>::new();
    state.insert("a", arr1(&[2.0]));
    state.insert("b", arr1(&[3.0]));
    tape.load(&state).unwrap();
    assert_eq!(y.value().item(), 6.0);
    let mut half = State::<f64>::new();
    half.insert("a", arr1(&[10.0]));
    assert!(tape.load(&half).is_err());
    assert_eq!((a.value().item(), y.value().item()), (2.0, 6.0));
}

#[test]
fn a_node_that_is_not_there_has_no_value() {
    let tape = Tape::new();
    assert!(matches!(tape.values([chainrule::NodeId::new(5)]), Err(Error::Unknown { .. })));
}

#[test]
fn words_stay_words_in_files() {
    use chainrule::op::{Attribute, Attributes};
    let attributes = Attributes::new()
        .with("word", Attribute::Text("inf".to_owned()))
        .with("number", Attribute::Number(f64::NEG_INFINITY))
        .with("whole", Attribute::Number(2.0))
        .with("open", Attribute::Ints(vec![Some(1), None]));
    let json = serde_json::to_string(&attributes).unwrap();
    assert_eq!(serde_json::from_str::<Attributes>(&json).unwrap(), attributes);
}
