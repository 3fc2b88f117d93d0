//! Many leaves, many operands: time and edges grow with their number.

use chainrule::{Plan, State, Tape, Var};
use std::time::Instant;

#[test]
fn probe() {
    let n: usize = std::env::var("N").map_or(1000, |n| n.parse().unwrap());
    let t = Instant::now();
    let lap = |what: &str| println!("{what} {:?}", t.elapsed());
    let tape = Tape::new();
    let vars: Vec<Var<'_>> = (0..n).map(|i| tape.leaf(&format!("x{i}"), 1.0 + i as f64 / n as f64)).collect();
    let x = tape.stack(&vars, 0);
    let loss = x.sin().square().sum();
    lap("recorded");
    loss.value();
    lap("value");
    println!("{} nodes", tape.graph().len());
    let g = loss.try_grad(&vars).unwrap();
    lap("grad");
    println!("{} nodes", tape.graph().len());
    for v in &g { v.value(); }
    lap("values");
    let mut s = g[0].square();
    for v in &g[1..] { s = s + v.square(); }
    let h = s.try_grad(&vars).unwrap();
    lap("grad twice");
    println!("{} nodes {} edges", tape.graph().len(), tape.graph().nodes().map(|n| n.inputs().len()).sum::<usize>());
    for v in &h { v.value(); }
    lap("values");
    let mut plan = Plan::<f64>::compile([loss], []).unwrap();
    lap("plan");
    plan.run(&mut State::new()).unwrap();
    lap("run");
    let mut plan = Plan::<f64>::compile(g.iter().copied(), []).unwrap();
    lap("plan g");
    plan.run(&mut State::new()).unwrap();
    lap("run");
    let mut plan = Plan::<f64>::compile(h.iter().copied(), []).unwrap();
    lap("plan h");
    plan.run(&mut State::new()).unwrap();
    lap("run");
    if std::env::var("CHECK").is_ok() {
        let order = std::env::var("CHECK").unwrap().parse().unwrap();
        let report = chainrule::Check::new(loss, &vars).mode(chainrule::check::Mode::Quick { probes: 2 }).order(order).run().unwrap();
        lap("check");
        println!("{}", report.passed());
    }
}
