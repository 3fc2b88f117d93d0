//! An op's attributes from its fields: written and read by one macro, so that none can be forgotten.

use crate::graph::{Attribute, Attributes};

/// A type that a field of an op may have: how it stands among the attributes, and how it is read from there.
///
/// Flags, integers, numbers and words have it; lists of integers (sizes, or axes, of which negative ones count from the
/// back), of integers some of which are left open, of numbers, and of pairs (padding before and after); arrays and pairs of
/// integers; and each of these as an option. Another type is made a setting by saying how it is written in terms of these:
///
/// ```
/// use chainrule::op::{Attributes, Setting};
///
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum Reduction { Mean, Sum }
///
/// impl Setting for Reduction {
///     fn put(&self, name: &str, to: Attributes) -> Attributes {
///         (*self == Reduction::Mean).put(name, to)
///     }
///     fn get(name: &str, from: &Attributes) -> Result<Self, String> {
///         Ok(if bool::get(name, from)? { Reduction::Mean } else { Reduction::Sum })
///     }
/// }
/// let written = Reduction::Sum.put("mean", Attributes::new());
/// assert_eq!(written.to_string(), "mean=false");
/// assert_eq!(Reduction::get("mean", &written), Ok(Reduction::Sum));
/// ```
pub trait Setting: Sized {
    /// With this value under a name.
    fn put(&self, name: &str, to: Attributes) -> Attributes;

    /// The value under a name.
    ///
    /// # Errors
    ///
    /// What the attribute of this name should be, if it is missing or something else.
    fn get(name: &str, from: &Attributes) -> Result<Self, String>;
}

/// The attributes of an op, from its fields; implemented by [`op_settings!`](crate::op_settings).
pub trait Settings {
    /// All fields as attributes.
    fn settings(&self) -> Attributes;
}

/// Writes an op's name, attributes and loader from its fields.
///
/// Beside the struct, `op_settings!(Type, "name", [field, …], [example, …])` implements [`LoadOp`](crate::LoadOp): attributes
/// are named like their fields, and each is a [`Setting`](crate::op::Setting). All fields have to be listed, else it does not
/// compile. For an op without fields, `op_settings!(Type, "name")` is enough. Inside of `impl Op for Type`, `op_settings!();`
/// stands for [`Op::name`](crate::Op::name) and [`Op::attributes`](crate::Op::attributes).
///
/// ```
/// use chainrule::{op::*, Float, Registry, Tape, Var};
///
/// /// `y = x` between two numbers, else the nearer of these.
/// #[derive(Debug)]
/// struct Clip { low: Option<f64>, high: Option<f64> }
///
/// op_settings!(Clip, "clip", [low, high], [
///     Self { low: Some(-1.0), high: None },
///     Self { low: Some(-1.0), high: Some(1.0) },
/// ]);
///
/// impl<F: Float> Kernel<F> for Clip {
///     fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
///         let low = F::of(self.low.unwrap_or(f64::NEG_INFINITY));
///         let high = F::of(self.high.unwrap_or(f64::INFINITY));
///         for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
///             *y = x.maximum(low).minimum(high);
///         }
///     }
/// }
///
/// impl Op for Clip {
///     op_settings!();
///     fn formula(&self) -> &'static str { "y = x between two numbers" }
///     fn elementwise(&self) -> bool { true }
///     fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
///         let [x] = reals(x)?;
///         Ok(x.to_vec())
///     }
///     fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
///         (dy * x[0].equal(y)).into()
///     }
/// }
///
/// let clip = Clip { low: Some(0.0), high: None };
/// assert_eq!((clip.name(), clip.attributes().to_string()), ("clip", "low=0, high=none".to_owned()));
/// assert!(Clip::load(&Attributes::new().with("low", Attribute::Flag(true)))
///     .unwrap_err()
///     .contains("attribute `low` wants a number, got true"));
/// ```
#[macro_export]
macro_rules! op_settings {
    () => {
        fn name(&self) -> &'static str {
            <Self as $crate::op::LoadOp>::NAME
        }

        fn attributes(&self) -> $crate::op::Attributes {
            $crate::op::Settings::settings(self)
        }
    };
    ($op:ident, $name:expr) => {
        $crate::op_settings!($op, $name, [], [Self]);
    };
    ($op:ident, $name:expr, [$($field:ident),* $(,)?], $examples:expr $(,)?) => {
        impl $crate::op::Settings for $op {
            fn settings(&self) -> $crate::op::Attributes {
                // Without `..`: a field that is not listed does not compile.
                let Self { $($field),* } = self;
                let attributes = $crate::op::Attributes::new();
                $(let attributes = $crate::op::Setting::put($field, stringify!($field), attributes);)*
                attributes
            }
        }

        impl $crate::op::LoadOp for $op {
            const NAME: &'static str = $name;

            fn load(attributes: &$crate::op::Attributes) -> Result<Self, String> {
                let _ = attributes;
                $(let $field = $crate::op::Setting::get(stringify!($field), attributes)?;)*
                Ok(Self { $($field),* })
            }

            fn examples() -> Vec<Self> {
                Vec::from($examples)
            }
        }
    };
}

/// Integers that fit in an attribute.
pub trait Integer: Copy {
    /// Which of them there are, for messages.
    const RANGE: &'static str;

    /// As an attribute's integer.
    fn wide(self) -> i64;

    /// Of an attribute's integer, if it is in range.
    fn narrow(n: i64) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty: $range:literal)+) => {
        $(impl Integer for $type {
            const RANGE: &'static str = $range;

            fn wide(self) -> i64 {
                // No size and no position is greater.
                i64::try_from(self).unwrap_or(i64::MAX)
            }

            fn narrow(n: i64) -> Option<Self> {
                Self::try_from(n).ok()
            }
        }

        impl Setting for $type {
            fn put(&self, name: &str, to: Attributes) -> Attributes {
                to.with(name, Attribute::Int(self.wide()))
            }

            fn get(name: &str, from: &Attributes) -> Result<Self, String> {
                narrowed(name, from.int(name)?)
            }
        })+
    };
}

integers! { i64: "of any size" i32: "of 32 bits" isize: "of any size" usize: "from 0" u32: "from 0, of 32 bits" }

fn narrowed<T: Integer>(name: &str, n: i64) -> Result<T, String> {
    T::narrow(n).ok_or_else(|| format!("attribute `{name}` wants integers {}, got {n}", T::RANGE))
}

/// Integers none of which is left open.
fn closed<T: Integer>(name: &str, from: &Attributes) -> Result<Vec<T>, String> {
    let all: Vec<Option<T>> = Setting::get(name, from)?;
    let open = || format!("attribute `{name}` wants integers {}, and one is left open", T::RANGE);
    all.into_iter().collect::<Option<_>>().ok_or_else(open)
}

fn wide<T: Integer>(numbers: impl IntoIterator<Item = T>) -> Attribute {
    Attribute::Ints(numbers.into_iter().map(|n| Some(n.wide())).collect())
}

impl<T: Integer> Setting for Vec<T> {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        to.with(name, wide(self.iter().copied()))
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        closed(name, from)
    }
}

impl<T: Integer> Setting for Vec<Option<T>> {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        to.with(name, Attribute::Ints(self.iter().map(|n| n.map(T::wide)).collect()))
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        from.ints(name)?.into_iter().map(|n| n.map(|n| narrowed(name, n)).transpose()).collect()
    }
}

impl<T: Integer, const N: usize> Setting for [T; N] {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        to.with(name, wide(*self))
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        let all: Vec<T> = closed(name, from)?;
        let count = all.len();
        all.try_into().map_err(|_| format!("attribute `{name}` wants {N} integers, got {count}"))
    }
}

impl<T: Integer> Setting for (T, T) {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        [self.0, self.1].put(name, to)
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        <[T; 2]>::get(name, from).map(Self::from)
    }
}

impl<T: Integer> Setting for Vec<(T, T)> {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        to.with(name, wide(self.iter().flat_map(|&(a, b)| [a, b])))
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        let all: Vec<T> = closed(name, from)?;
        let (pairs, rest) = all.as_chunks::<2>();
        match rest {
            [] => Ok(pairs.iter().map(|&pair| pair.into()).collect()),
            _ => Err(format!("attribute `{name}` wants pairs of integers, got {} integers", all.len())),
        }
    }
}

impl<T: Setting> Setting for Option<T> {
    fn put(&self, name: &str, to: Attributes) -> Attributes {
        match self {
            Some(value) => value.put(name, to),
            None => to.with(name, Attribute::None),
        }
    }

    fn get(name: &str, from: &Attributes) -> Result<Self, String> {
        match from.get(name) {
            None | Some(Attribute::None) => Ok(None),
            Some(_) => T::get(name, from).map(Some),
        }
    }
}

/// Types that an attribute holds as they are.
macro_rules! as_they_are {
    ($($type:ty: $attribute:ident by $get:ident)+) => {
        $(impl Setting for $type {
            fn put(&self, name: &str, to: Attributes) -> Attributes {
                to.with(name, Attribute::$attribute(self.clone()))
            }

            fn get(name: &str, from: &Attributes) -> Result<Self, String> {
                from.$get(name)
            }
        })+
    };
}

as_they_are! { bool: Flag by flag f64: Number by number String: Text by text Vec<f64>: Numbers by numbers }

#[cfg(test)]
mod tests {
    use super::Setting;
    use crate::graph::{Attribute, Attributes};
    use std::fmt::Debug;

    fn comes_back<T: Setting + PartialEq + Debug>(value: T, written: &str) {
        let attributes = value.put("a", Attributes::new());
        assert_eq!(attributes.to_string(), format!("a={written}"));
        assert_eq!(T::get("a", &attributes), Ok(value));
        let text = serde_json::to_string(&attributes).unwrap();
        assert_eq!(serde_json::from_str::<Attributes>(&text).unwrap(), attributes, "{text}");
    }

    fn refused<T: Setting + Debug>(value: Attribute) -> String {
        T::get("a", &Attributes::new().with("a", value)).unwrap_err()
    }

    #[test]
    fn every_type_of_field_comes_back() {
        comes_back(true, "true");
        comes_back(-3_isize, "-3");
        comes_back(2.5_f64, "2.5");
        comes_back("same".to_owned(), "same");
        comes_back(vec![0.1, f64::INFINITY], "[0.1, inf]");
        comes_back(vec![-1_isize, 2], "[-1, 2]");
        comes_back(vec![Some(2_usize), None], "[2, _]");
        comes_back([3_usize, 4], "[3, 4]");
        comes_back(vec![(1_usize, 2_usize), (0, 3)], "[1, 2, 0, 3]");
        comes_back((5_usize, 6_usize), "[5, 6]");
        comes_back(None::<Vec<usize>>, "none");
        comes_back(Some(vec![1_usize]), "[1]");
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_would() {
        let ints = |ints: &[i64]| Attribute::Ints(ints.iter().copied().map(Some).collect());
        assert_eq!(refused::<usize>(Attribute::Int(-1)), "attribute `a` wants integers from 0, got -1");
        assert_eq!(
            refused::<i32>(Attribute::Int(1 << 40)),
            "attribute `a` wants integers of 32 bits, got 1099511627776"
        );
        assert_eq!(refused::<[usize; 2]>(ints(&[1])), "attribute `a` wants 2 integers, got 1");
        assert_eq!(
            refused::<Vec<(usize, usize)>>(ints(&[1])),
            "attribute `a` wants pairs of integers, got 1 integers"
        );
        assert_eq!(
            refused::<Vec<usize>>(Attribute::Ints(vec![None])),
            "attribute `a` wants integers from 0, and one is left open"
        );
        assert_eq!(refused::<String>(Attribute::None), "attribute `a` wants a word, got none");
        assert_eq!(
            f64::get("b", &Attributes::new()).unwrap_err(),
            "attribute `b` is missing; it wants a number"
        );
    }
}
