//! The picture that the README shows is what the example draws.

#[path = "../examples/build_plan.rs"]
#[expect(dead_code, reason = "an example has a `main`")]
mod build_plan;

use std::path::Path;

#[test]
fn the_plan_of_a_build_is_what_the_example_draws() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("build_plan.svg");
    let drawn = build_plan::build_plan().to_svg();
    if std::env::var_os("CHAINRULE_REFRESH").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "build_plan.svg is stale; run this test with CHAINRULE_REFRESH=1 and look at it");
}

#[test]
fn every_format_is_written() {
    let plan = build_plan::build_plan();
    for text in [plan.to_dot(), plan.to_mermaid(), plan.to_json(), plan.to_html()] {
        assert!(text.contains("type check") && text.contains("9.8 s"), "{text}");
    }
}
