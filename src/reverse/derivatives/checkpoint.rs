//! Stretches of a graph that are recorded with a VJP of their own: one that computes them again, or the user's.

use super::composite::{CHECKPOINT, Composite, OwnVjp, own_vjp};
use super::template::{Template, lost};
use crate::error::{Error, Result, expected, refuse};
use crate::graph::{Kind, NodeId};
use crate::tape::{Tape, Var, WITH_VJP};

impl Tape {
    /// What `f` records, which the reverse pass computes again instead of keeping it: gradient checkpointing, or
    /// rematerialisation. The values, the gradients and all further derivatives are the same, bit for bit.
    ///
    /// A plan then keeps of a deep network what enters each checkpoint, and the inside of one at a time
    /// ([`Plan::memory`](crate::Plan::memory)), for one more forward pass. With √L blocks of √L layers each, L layers
    /// need O(√L) memory (Chen, Xu, Zhang, Guestrin, *Training Deep Nets with Sublinear Memory Cost*, 2016).
    ///
    /// ```
    /// # use chainrule::Tape;
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", 0.5);
    /// let y = tape.checkpoint(|| x.sin().exp().sin());
    /// assert_eq!(y.grad([x])[0].value(), x.sin().exp().sin().grad([x])[0].value());
    /// ```
    ///
    /// `f` may use any vars, layers and parameters. What it records and does not return is not affected. A graph from a file
    /// has the checkpoints that it was saved with.
    ///
    /// # Panics
    ///
    /// If the result is of another tape or holds indices.
    #[doc(alias = "remat")]
    #[track_caller]
    pub fn checkpoint<'t>(&'t self, f: impl FnOnce() -> Var<'t>) -> Var<'t> {
        let first = self.graph().len();
        let y = f();
        expected(self.end(CHECKPOINT, first, &[], y, "", None))
    }

    /// What `f` records from `x`, with a VJP of its own: `vjp` is given `x`, the result `y` and its cotangent `dy`, and
    /// returns the cotangent of each `x`. Values and plans are those of what `f` records; the reverse pass uses `vjp`.
    ///
    /// It is for where the derivative has a better form than its parts give: more stable, cheaper, or another one on
    /// purpose. Of [`Op`](crate::Op)s with a kernel of their own, see [`op`](crate::op).
    ///
    /// ```
    /// # use chainrule::Tape;
    /// // ln(1 + eˣ): its own rules give ∞ / ∞ for large x, and its derivative is sigmoid(x).
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", 20.0);
    /// let y = tape.with_vjp("log1pexp", [x], |[x]| (1.0 + x.exp()).ln(), |[x], _y, dy| [dy * x.sigmoid()]);
    /// assert_eq!(y.grad([x])[0].value(), x.sigmoid().value());
    /// ```
    ///
    /// The [checker](crate::Check) judges it as a node, and names it if the VJP is not that of what `f` computes. The
    /// cotangents may have the shape to which an operand was broadcast. `vjp` is written with recorded ops, and is itself
    /// differentiated for second derivatives. It captures nothing, which is checked when the program is compiled: it is run
    /// on other tapes and later, so what it needs goes into `x`.
    ///
    /// A file of the graph has its name, not what it does: to load the graph, give the same name and VJP to
    /// [`Registry::with_vjp`](crate::Registry::with_vjp).
    ///
    /// # Panics
    ///
    /// If a var is of another tape or given twice, the result holds indices, or `f` uses a real var that was there before and is neither
    /// among `x` nor a constant, since its gradient would be lost.
    #[doc(alias = "Function")]
    #[doc(alias = "custom_vjp")]
    #[track_caller]
    pub fn with_vjp<'t, const N: usize, R>(
        &'t self,
        name: &'static str,
        x: [Var<'t>; N],
        f: impl FnOnce([Var<'t>; N]) -> Var<'t>,
        vjp: R,
    ) -> Var<'t>
    where
        R: for<'r> Fn([Var<'r>; N], Var<'r>, Var<'r>) -> [Var<'r>; N] + Send + Sync + 'static,
    {
        let what = WITH_VJP;
        let given: Vec<NodeId> = x.iter().map(|x| x.id()).collect();
        for (i, &var) in x.iter().enumerate() {
            expected(self.own(what, var, &x));
            if given[..i].contains(&var.id()) {
                refuse(Error::Argument {
                    what,
                    problem: format!("{var:?} is given twice; give each operand once"),
                })
            }
        }
        expected(self.free(what));
        let first = self.graph().len();
        let y = {
            let _scope = self.scope(name);
            f(x)
        };
        expected(self.end(what, first, &given, y, name, Some(own_vjp(vjp))))
    }

    /// Records the end of a stretch.
    #[track_caller]
    fn end<'t>(
        &'t self,
        what: &'static str,
        first: usize,
        given: &[NodeId],
        y: Var<'t>,
        label: &'static str,
        vjp: Option<(OwnVjp, String)>,
    ) -> Result<Var<'t>> {
        self.own(what, y, &[])?;
        if self.kind(y.id()) == Kind::Index {
            let problem = format!("the result {y:?} holds indices, which have no derivative");
            return Err(Error::Argument { what, problem });
        }
        self.free(what)?;
        let (op, operands) = {
            let recorder = self.recorder().borrow();
            let graph = &recorder.graph;
            let op_of = |id| recorder.ops[graph.record(id).op.0 as usize].clone();
            let (template, operands) = Template::new(graph, op_of, first, given, y.id());
            if let (Some(lost), true) = (lost(graph, &operands[given.len()..]), vjp.is_some()) {
                return Err(Error::Argument {
                    what,
                    problem: format!(
                        "`{label}` reads {}, which is not among its operands, so that its gradient would be lost; \
                         give it as an operand, or `stop_gradient` before",
                        graph.describe(lost)
                    ),
                });
            }
            (Composite::new(what, label, template, vjp), operands)
        };
        let vars = [y.id()].into_iter().chain(operands).map(|id| Var::new(self, id));
        self.try_apply(op, &vars.collect::<Vec<_>>())
    }
}
