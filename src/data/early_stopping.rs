//! When training has stopped to improve.

/// Watches a number that should become smaller, such as the loss on data that is not trained on, and says when it has not for some
/// time.
///
/// Prechelt 1998, *Early stopping – but when?*. What is best is kept by the caller:
///
/// ```
/// use chainrule::data::{EarlyStopping, Progress};
/// let mut stopping = EarlyStopping::new(2);
/// let (mut best, mut last) = (None, None);
/// for (epoch, loss) in [0.9, 0.5, 0.6, 0.4, 0.41, f64::NAN, 0.1].into_iter().enumerate() {
///     last = Some(epoch);
///     match stopping.observe(loss) {
///         Progress::Improved => best = Some(epoch), // here, a clone of the state
///         Progress::Waiting => {}
///         Progress::Stop => break,
///     }
/// }
/// assert_eq!((best, last, stopping.best()), (Some(3), Some(5), 0.4));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStopping {
    patience: usize,
    least: f64,
    best: f64,
    waited: usize,
}

/// What [`EarlyStopping::observe`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The number is the best up to now.
    Improved,
    /// It is not, and patience is left.
    Waiting,
    /// It has not been for as long as patience lasts.
    Stop,
}

impl EarlyStopping {
    /// Stops when so many numbers in a row were not better than the best one before.
    pub fn new(patience: usize) -> Self {
        Self { patience, least: 0.0, best: f64::INFINITY, waited: 0 }
    }

    /// The same, where only numbers that are better by more than this count as better.
    #[must_use]
    pub fn least_change(self, least: f64) -> Self {
        Self { least, ..self }
    }

    /// Takes the next number. NaN is not better than any.
    pub fn observe(&mut self, number: f64) -> Progress {
        if number < self.best - self.least {
            (self.best, self.waited) = (number, 0);
            return Progress::Improved;
        }
        self.waited += 1;
        if self.waited >= self.patience { Progress::Stop } else { Progress::Waiting }
    }

    /// The best number, infinite before there is one.
    pub fn best(&self) -> f64 {
        self.best
    }
}
