//! The clock, and the line that says what it showed.

use crate::{Arguments, Dtype, Outcome, Workload};
use cpu_time::ProcessTime;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// The mean time of a step in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Time {
    /// What passed.
    #[serde(rename = "microseconds")]
    pub passed: f64,
    /// For how long of it processors worked on this program, those of all threads added up.
    #[serde(rename = "processor_microseconds")]
    pub worked: f64,
}

/// Times a step, after those that warm up.
pub fn measure(arguments: &Arguments, mut step: impl FnMut()) -> Time {
    (0..arguments.warm).for_each(|_| step());
    let (clock, processor) = (Instant::now(), ProcessTime::now());
    (0..arguments.steps).for_each(|_| step());
    let [passed, worked] =
        [clock.elapsed(), processor.elapsed()].map(|time| time.as_secs_f64() * 1e6 / arguments.steps as f64);
    Time { passed, worked }
}

#[derive(Serialize)]
struct Line<'a> {
    workload: Workload,
    dtype: Dtype,
    variant: &'a str,
    threads: usize,
    #[serde(flatten)]
    time: Time,
    computed: BTreeMap<&'a str, f64>,
}

/// Prints what a step took, and what was computed, by name: the reason to believe the time.
pub fn report<const N: usize>(arguments: &Arguments, time: Time, computed: [(&str, f64); N]) -> Outcome {
    let Arguments { workload, dtype, threads, .. } = *arguments;
    let computed = computed.into();
    let line = Line { workload, dtype, variant: &arguments.variant, threads, time, computed };
    println!("{}", serde_json::to_string(&line)?);
    Ok(())
}
