//! Gradients as numbers: the rules of each node computed at once on its operands' values, nothing recorded.
//!
//! The numbers are those of the recorded gradient, bit for bit: the same rules, by the same functions, added up in the
//! same order.

mod arrays;
mod cotangents;
mod numbers;
mod pass;
mod pool;
mod rules;

pub(super) use cotangents::Cotangents;

use super::gradients::{one_number, real};
use super::memory::ReverseMemory;
use crate::error::{Result, refuse};
use crate::graph::NodeId;
use crate::tape::{Value, Var};
use pass::Sweep;

impl<'t> Var<'t> {
    /// The gradients of this number with respect to `vars`, as numbers: the values of what [`grad`](Var::grad) gives, bit
    /// for bit, where nobody needs the gradients as vars. A var on which this does not depend gets zeros.
    ///
    /// Runs the rules of the nodes between the vars and this one and records nothing: the graph stays as it is.
    /// Computes this var's [value](Var::value) as well, where it has one. O(|V| + |E|), and no allocation for a single
    /// number once the tape has done the like before.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, w) = (tape.leaf("x", 3.0), tape.leaf("w", 2.0));
    /// let loss = (w * x).square();
    /// let [dx, dw] = loss.sweep([x, w]);
    /// assert_eq!((dx.item(), dw.item()), (24.0, 36.0));
    /// assert_eq!(tape.graph().len(), 4); // x, w, w x and its square
    /// ```
    ///
    /// # Panics
    ///
    /// As [`grad`](Var::grad); and if a leaf that the gradients need has no value, or an op refuses its operands.
    #[track_caller]
    pub fn sweep<const N: usize>(self, vars: [Var<'t>; N]) -> [Value; N] {
        match self.try_sweep(&vars).map(<[Value; N]>::try_from) {
            Ok(Ok(values)) => values,
            Ok(Err(values)) => unreachable!("{} gradients for {N} vars", values.len()),
            Err(e) => refuse(e),
        }
    }

    /// As [`sweep`](Self::sweep), for any number of vars.
    ///
    /// # Errors
    ///
    /// What [`sweep`](Self::sweep) panics with.
    #[track_caller]
    pub fn try_sweep(self, vars: &[Var<'t>]) -> Result<Vec<Value>> {
        one_number(self)?;
        for &var in vars {
            self.tape().own("grad", var, &[self])?;
            real(var)?;
        }
        let sources: Vec<NodeId> = vars.iter().map(|var| var.id()).collect();
        let mut recorder = self.tape().try_write("sweep")?;
        let mut memory = recorder.reverse.take::<ReverseMemory>();
        let ReverseMemory { rules, cotangents, .. } = &mut *memory;
        let gradients = Sweep { recorder: &mut recorder, rules, c: cotangents }.run(self.id(), &sources);
        memory.cotangents.finish();
        recorder.reverse.put_back(memory);
        Ok(gradients?.into_iter().map(Value::new).collect())
    }
}
