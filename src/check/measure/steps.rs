//! How far elements are moved.

/// By how much a step is made longer or shorter.
pub(crate) const FACTOR: f64 = 8.0;
/// How often a step of an element's own scale is made shorter to get between kinks, before the point itself counts as one.
pub(crate) const SHRINKS: i32 = 5;
/// How often a step is made longer, or shorter, at the most: from one end of what f64 tells apart to the other.
pub(crate) const TRIES: usize = 20;
/// How many steps in a row, each a part of the one before, have to show the same slope before a derivative is called
/// wrong: two could by chance, where a function goes up and down between them.
pub(crate) const AGREED: usize = 2;

/// The root of the mean square of the finite numbers; 0 of nothing.
pub(crate) fn rms(numbers: &[f64]) -> f64 {
    let (sum, count) =
        numbers.iter().filter(|x| x.is_finite()).fold((0.0, 0.0), |(s, n), x| (s + x * x, n + 1.0));
    f64::sqrt(sum / f64::max(count, 1.0))
}

/// The step for numbers of a scale s: ε^(1/5) · s, the best for an error of h⁴ beside one of ε/h; for 1 if s is 0. Rounded
/// to a power of two, so that x ± h are exact more often than not.
pub(crate) fn start(scale: f64) -> f64 {
    let scale = if scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
    (f64::EPSILON.powf(0.2) * scale).log2().round().clamp(-900.0, 900.0).exp2()
}

/// How far a point is moved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// The step to begin with: that of the array's scale, at which most functions stand out of rounding.
    pub(crate) first: f64,
    /// The step to go on with where the first leaves the domain or a branch: that of the element's own scale.
    pub(crate) own: f64,
    /// The longest step at which a derivative can be called wrong: that of the smallest number that is moved.
    pub(crate) trusted: f64,
    /// The longest step of all, as long as the array's numbers themselves.
    pub(crate) longest: f64,
}

/// How many first steps make up a number of the array's scale.
const WHOLE: f64 = 2048.0;

impl Reach {
    /// One element of an array.
    pub(crate) fn element(x: f64, rms: f64) -> Self {
        let first = start(x.abs().max(rms));
        let own = if x == 0.0 { first } else { start(x.abs()) };
        Self { first, own, trusted: own, longest: WHOLE * first }
    }

    /// All elements of an array, by distances of the same size.
    pub(crate) fn all(point: &[f64], rms: f64) -> Self {
        let first = start(rms);
        let sizes = point.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
        Self { first, own: first, trusted: start(sizes.fold(rms, f64::min)), longest: WHOLE * first }
    }

    /// All elements of an array, each by a distance in proportion to itself.
    pub(crate) fn in_proportion(rms: f64) -> Self {
        let first = start(rms);
        Self { first, own: first, trusted: first, longest: WHOLE * first }
    }

    /// About how large the number is that is moved.
    pub(crate) fn size(self) -> f64 {
        WHOLE * self.own
    }

    /// The same, down to the scale of the least of what is moved.
    pub(crate) fn of_the_least(self) -> Self {
        Self { own: self.trusted, ..self }
    }

    /// The shortest step at which a kink at the point itself, or a jump, is looked for.
    pub(crate) fn shortest(self) -> f64 {
        self.own * FACTOR.powi(-SHRINKS)
    }

    /// Steps longer or shorter by a factor, as far as the element's own scale lets them.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { first: factor * self.first, ..self }.ordered()
    }

    /// All steps longer by a factor.
    pub(crate) fn all_longer(self, factor: f64) -> Self {
        let Self { first, own, trusted, longest } = self;
        Self {
            first: factor * first,
            own: factor * own,
            trusted: factor * trusted,
            longest: factor * longest,
        }
    }

    /// No step longer than this one.
    pub(crate) fn within(self, longest: f64) -> Self {
        Self { first: self.first.min(longest), ..self }.ordered()
    }

    fn ordered(self) -> Self {
        Self { own: self.own.min(self.first), trusted: self.trusted.min(self.first), ..self }
    }
}

/// By how much steps are longer for a function in another precision than f64: the ratio of ε^(1/5), as a power of two.
pub(crate) fn longer(epsilon: f64) -> f64 {
    (epsilon / f64::EPSILON).powf(0.2).log2().round().exp2()
}
