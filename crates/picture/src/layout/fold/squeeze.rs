//! Heights of a row without its empty stretches.

/// The highest stretch of a row in which nothing stands.
const EMPTY: f64 = 18.0;

/// Heights in a row without what is empty: the first is 0.
#[derive(Debug)]
pub(super) struct Squeeze {
    /// Where something begins after an empty stretch, and how much is taken out up to there.
    starts: Vec<(f64, f64)>,
    pub(super) height: f64,
}

impl Squeeze {
    /// Takes out of each stretch in which nothing stands what exceeds [`EMPTY`].
    pub(super) fn of(mut taken: Vec<(f64, f64)>) -> Squeeze {
        taken.sort_by(|a, b| a.0.total_cmp(&b.0));
        let top = taken.first().map_or(0.0, |first| first.0);
        let (mut starts, mut out, mut bottom) = (vec![(top, top)], top, top);
        for (from, to) in taken {
            if from - bottom > EMPTY {
                out += from - bottom - EMPTY;
                starts.push((from, out));
            }
            bottom = bottom.max(to);
        }
        Squeeze { starts, height: bottom - out }
    }

    pub(super) fn at(&self, y: f64) -> f64 {
        let place = self.starts.partition_point(|start| start.0 <= y).max(1) - 1;
        let above = y - self.starts[place].1;
        // Nothing in an empty stretch comes below what follows it.
        self.starts.get(place + 1).map_or(above, |next| above.min(next.0 - next.1))
    }
}
