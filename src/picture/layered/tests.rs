use super::*;
use super::super::samples;
fn chain(n: usize) -> Picture {
    let mut d = samples::Draft::default();
    let mut x = d.node(super::super::NodeKind::Input, "", "x", "");
    for _ in 0..n { x = d.op("exp", &[(x, "1", "1")]); }
    d.0
}
fn leafy(n: usize, every: usize) -> Picture {
    let mut d = samples::Draft::default();
    let mut x = d.node(super::super::NodeKind::Input, "", "x", "");
    let w = d.node(super::super::NodeKind::Parameter, "", "w", "");
    for i in 0..n { x = if i % every == 0 { d.op("×", &[(x, "1", "1"), (w, "1", "1")]) } else { d.op("exp", &[(x, "1", "1")]) }; }
    d.0
}
fn random(n: usize, near: usize) -> Picture {
    let mut d = samples::Draft::default();
    let mut s = 12345u64;
    let mut next = |m: usize| { s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (s >> 33) as usize % m };
    for _ in 0..20 { d.node(super::super::NodeKind::Input, "", "x", ""); }
    for i in 20..n { let a = i - 1 - next(i.min(near)); let b = i - 1 - next(i.min(near)); d.op("×", &[(a, "1", "1"), (b, "1", "1")]); }
    d.0
}
#[test]
fn tmp_speed() {
    for (name, p) in [("chain", chain(10000)), ("leafy", leafy(700, 7)), ("r1000", random(1000, 100000)), ("r2000", random(2000, 100000)), ("r2000n", random(2000, 50)), ("r2000d", random(2000, 6))] {
        let s = Sizes::of(&p);
        let t = std::time::Instant::now();
        let (placed, e) = Layered::default().place(&p, &s);
        let t1 = t.elapsed();
        let bends: usize = placed.bends.iter().map(Vec::len).sum();
        let d = route::draw(&p, &s, &placed);
        let t2 = t.elapsed();
        let d = canvas::finish(&p, d);
        println!("{name} {t1:?} {t2:?} {:?} {e:?} bends {bends} {}x{}", t.elapsed(), d.width, d.height);
    }
}
