//! Sums of products by labelled axes, of any number of operands.

use super::contract::Contract;
use crate::tape::{Tape, Var};
use indexmap::IndexMap;

/// Labels of axes: code points of letters, and behind these the axes of an ellipsis, counted from their last.
type Subscripts = Vec<usize>;

/// The label of the last axis of an ellipsis, greater than every code point.
const ELLIPSIS: usize = 0x11_0000;

/// The most operands whose order of contraction is searched among all: the search takes 3ⁿ steps.
const SEARCHED: usize = 8;

/// An operand, or the contraction of some.
#[derive(Clone)]
struct Term<'t> {
    var: Var<'t>,
    labels: Subscripts,
}

/// Labels of one operand or of the result; `ellipsis` is how many axes `...` stands for.
fn labels(text: &str, ellipsis: Option<usize>) -> Result<Subscripts, String> {
    let letters = |part: &str| match part.chars().find(|c| !c.is_alphabetic()) {
        Some(other) => Err(format!(
            "'{other}' labels no axis; labels are letters, and `...` stands for axes without one"
        )),
        None => Ok(part.chars().map(|c| c as usize).collect::<Subscripts>()),
    };
    let Some((before, after)) = text.split_once("...") else { return letters(text) };
    let Some(axes) = ellipsis else { return Err("`...` stands in the result and in no operand".to_owned()) };
    Ok([letters(before)?, (0..axes).rev().map(|k| ELLIPSIS + k).collect(), letters(after)?].concat())
}

/// The labels of each operand and of the result.
fn parse(subscripts: &str, shapes: &[Vec<usize>]) -> Result<(Vec<Subscripts>, Subscripts), String> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (operands, result) = match text.split_once("->") {
        Some((operands, result)) => (operands, Some(result)),
        None => (&text[..], None),
    };
    let operands: Vec<&str> = operands.split(',').collect();
    if operands.len() != shapes.len() {
        let (labelled, given) = (operands.len(), shapes.len());
        return Err(format!("\"{subscripts}\" labels {labelled} operands, got {given}"));
    }
    let (mut all, mut widest) = (Vec::new(), None);
    for (k, (text, shape)) in operands.iter().zip(shapes).enumerate() {
        let named = text.replacen("...", "", 1).chars().count();
        let free = text.contains("...").then(|| shape.len().saturating_sub(named));
        let own = labels(text, free)?;
        if own.len() != shape.len() {
            return Err(format!("\"{text}\" labels {} axes of x{k}, which has shape {shape:?}", own.len()));
        }
        widest = widest.max(free);
        all.push(own);
    }
    let result = match result {
        Some(result) => labels(result, widest)?,
        // As NumPy has it: the axes of the ellipsis, then labels that stand once, in the order of the alphabet.
        None => {
            let flat = all.concat();
            let mut once: Subscripts = flat.iter().copied().filter(|&label| label < ELLIPSIS).collect();
            once.retain(|label| flat.iter().filter(|other| *other == label).count() == 1);
            once.sort_unstable();
            [(0..widest.unwrap_or(0)).rev().map(|k| ELLIPSIS + k).collect(), once].concat()
        }
    };
    for (i, label) in result.iter().enumerate() {
        let name = char::from_u32(*label as u32).unwrap_or('…');
        if result[..i].contains(label) {
            return Err(format!("\"{subscripts}\": '{name}' stands twice in the result"));
        }
        if !all.iter().any(|own| own.contains(label)) {
            return Err(format!("\"{subscripts}\": '{name}' stands in the result and in no operand"));
        }
    }
    Ok((all, result))
}

/// The size of each label: one for all axes that have it, but axes of an ellipsis of size 1 stretch.
fn sizes(all: &[Subscripts], shapes: &[Vec<usize>]) -> Result<IndexMap<usize, usize>, String> {
    let mut known: IndexMap<usize, usize> = IndexMap::new();
    for (k, (own, shape)) in all.iter().zip(shapes).enumerate() {
        for (axis, (&label, &n)) in own.iter().zip(shape).enumerate() {
            let size = known.entry(label).or_insert(n);
            if label >= ELLIPSIS && *size == 1 {
                *size = n;
            } else if *size != n && (label < ELLIPSIS || n != 1) {
                let axis = format!("axis {axis} of x{k} has {n} elements");
                return Err(match char::from_u32(label as u32).filter(|_| label < ELLIPSIS) {
                    Some(name) => format!("{axis}, and another axis with the label '{name}' has {size}"),
                    None => format!("{axis}, and the axis of another `...` that meets it has {size}"),
                });
            }
        }
    }
    Ok(known)
}

impl<'t> Term<'t> {
    /// Labels that stand twice as the diagonal of their axes.
    #[track_caller]
    fn without_repeats(mut self) -> Self {
        let repeated = |labels: &[usize]| {
            let pairs = (0..labels.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
            pairs.into_iter().find(|&(i, j)| labels[i] == labels[j])
        };
        while let Some((i, j)) = repeated(&self.labels) {
            let mut axes: Vec<usize> =
                (0..self.labels.len()).filter(|&axis| axis != i && axis != j).collect();
            let label = self.labels[i];
            self.labels = axes.iter().map(|&axis| self.labels[axis]).chain([label]).collect();
            axes.extend([i, j]);
            self.var =
                self.var.permute(axes.iter().map(|&axis| axis as isize).collect::<Vec<_>>()).diagonal(0);
        }
        self
    }

    /// Without the axes that do not stretch, or are summed.
    fn take_out(&mut self, out: impl Fn(usize, usize) -> bool) -> Vec<isize> {
        let shape = self.var.shape();
        let gone: Vec<usize> = (0..shape.len()).filter(|&axis| out(self.labels[axis], shape[axis])).collect();
        let mut axis = 0..;
        self.labels.retain(|_| !axis.next().is_some_and(|axis| gone.contains(&axis)));
        gone.into_iter().map(|axis| axis as isize).collect()
    }
}

/// The labels of the contraction of two terms: those that the result or another term has.
fn joined(a: &[usize], b: &[usize], kept: impl Fn(usize) -> bool) -> Subscripts {
    let more = b.iter().copied().filter(|label| !a.contains(label));
    a.iter().copied().chain(more).filter(|&label| kept(label)).collect()
}

/// Which terms are contracted, one pair after another: places in the list, of which both are taken out and the
/// contraction is put at the end.
fn next_pair(terms: &[Subscripts], result: &[usize], sizes: &IndexMap<usize, usize>) -> (usize, usize) {
    let elements = |labels: &[usize]| labels.iter().map(|label| sizes[label] as f64).product::<f64>();
    let n = terms.len();
    if n > SEARCHED {
        // What makes memory least, as opt_einsum's greedy path (Smith and Gray 2018).
        let growth = |(i, j): (usize, usize)| {
            let kept = |label: usize| {
                let others = terms.iter().enumerate().filter(|&(k, _)| k != i && k != j);
                result.contains(&label) || others.into_iter().any(|(_, other)| other.contains(&label))
            };
            let made = joined(&terms[i], &terms[j], kept);
            elements(&made) - elements(&terms[i]) - elements(&terms[j])
        };
        let pairs = (0..n).flat_map(|j| (0..j).map(move |i| (i, j)));
        return pairs.min_by(|&a, &b| growth(a).total_cmp(&growth(b))).unwrap_or((0, 1));
    }
    // The fewest multiplications for each set of terms, from smaller sets to larger ones; a set is a number of n bits.
    let members = |set: usize| (0..n).filter(move |i| set >> i & 1 == 1);
    let labels_of = |set: usize| -> Subscripts {
        let mut labels = Subscripts::new();
        for label in members(set).flat_map(|i| terms[i].iter().copied()) {
            let others = || members(!set & ((1 << n) - 1)).any(|i| terms[i].contains(&label));
            if !labels.contains(&label) && (result.contains(&label) || members(set).count() == 1 || others())
            {
                labels.push(label);
            }
        }
        labels
    };
    let labels: Vec<Subscripts> = (0..1 << n).map(labels_of).collect();
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0); 1 << n];
    for set in 1..1_usize << n {
        if set.count_ones() < 2 {
            continue;
        }
        let mut least = (f64::INFINITY, 0);
        let mut part = (set - 1) & set;
        while part > 0 {
            let rest = set & !part;
            if part > rest {
                let cost = elements(&joined(&labels[part], &labels[rest], |_| true));
                let whole = cost + best[part].0 + best[rest].0;
                if whole < least.0 || least.1 == 0 {
                    least = (whole, part);
                }
            }
            part = (part - 1) & set;
        }
        best[set] = least;
    }
    // Down the best tree to a pair of single terms.
    let mut set = (1 << n) - 1;
    loop {
        let (part, rest) = (best[set].1, set & !best[set].1);
        if part.count_ones() > 1 {
            set = part;
        } else if rest.count_ones() > 1 {
            set = rest;
        } else {
            let (i, j) = (part.trailing_zeros() as usize, rest.trailing_zeros() as usize);
            return (i.min(j), i.max(j));
        }
    }
}

impl Tape {
    /// A sum of products by labelled axes, as NumPy's and PyTorch's `einsum`: each operand has a letter for each axis, axes
    /// with one letter are one axis, and the products are summed over the letters that are not in the result.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (a, b) = (tape.leaf("a", [[1.0, 2.0], [3.0, 4.0]]), tape.leaf("b", [[1.0, 0.0], [1.0, 1.0]]));
    /// assert_eq!(tape.einsum("ij,jk->ik", &[a, b]).value(), a.matmul(b).value());
    /// assert_eq!(tape.einsum("ij,ij->", &[a, b]).value().item(), 8.0);
    /// assert_eq!(tape.einsum("ii->i", &[a]).value().as_slice().unwrap(), [1.0, 4.0]);
    /// assert_eq!(tape.einsum("...j->...", &[a]).value().as_slice().unwrap(), [3.0, 7.0]);
    /// ```
    ///
    /// A letter that stands twice for one operand is its diagonal. `...` stands for all axes without a letter; these are
    /// broadcast, and axes with a letter are not. Without `->`, the result has the axes of `...`, then the letters that
    /// stand once, in the order of the alphabet.
    ///
    /// It records [diagonals](Var::diagonal), sums, products of two operands at a time
    /// ([`ops::Contract`](crate::ops::Contract)) and permutations. The order is that with the fewest multiplications at the
    /// sizes where it is recorded; of more than eight operands, pairs that save most memory come first until eight are left.
    ///
    /// # Panics
    ///
    /// If the letters do not fit the operands, or an axis has another size than one with the same letter.
    #[track_caller]
    pub fn einsum<'t>(&'t self, subscripts: &str, vars: &[Var<'t>]) -> Var<'t> {
        let shapes: Vec<Vec<usize>> = vars.iter().map(|var| var.shape()).collect();
        let found =
            parse(subscripts, &shapes).and_then(|(all, result)| Ok((sizes(&all, &shapes)?, all, result)));
        let (sizes, all, result) = match found {
            Ok(found) => found,
            Err(problem) => self.refuse_operands("einsum", problem, vars),
        };
        let mut terms = Vec::new();
        for (&var, labels) in vars.iter().zip(&all) {
            let mut term = Term { var, labels: labels.clone() }.without_repeats();
            let stretched = term.take_out(|label, n| n == 1 && sizes[&label] != 1);
            if !stretched.is_empty() {
                term.var = term.var.squeeze(stretched);
            }
            terms.push(term);
        }
        for k in 0..terms.len() {
            let others: Vec<usize> = terms
                .iter()
                .enumerate()
                .filter(|&(i, _)| i != k)
                .flat_map(|(_, term)| term.labels.clone())
                .collect();
            let summed = terms[k].take_out(|label, _| !result.contains(&label) && !others.contains(&label));
            if !summed.is_empty() {
                terms[k].var = terms[k].var.sum_over(summed);
            }
        }
        while terms.len() > 1 {
            let labels: Vec<Subscripts> = terms.iter().map(|term| term.labels.clone()).collect();
            let (i, j) = next_pair(&labels, &result, &sizes);
            let (right, left) = (terms.remove(j), terms.remove(i));
            let kept =
                |label| result.contains(&label) || terms.iter().any(|term| term.labels.contains(&label));
            let made = match terms.is_empty() {
                true => result.clone(),
                false => joined(&left.labels, &right.labels, kept),
            };
            let op = Contract { left: left.labels, right: right.labels, result: made.clone() };
            terms.push(Term { var: self.apply(op, &[left.var, right.var]), labels: made });
        }
        let Term { var, labels } = terms.remove(0);
        let axes: Vec<isize> = result
            .iter()
            .filter_map(|label| labels.iter().position(|own| own == label))
            .map(|i| i as isize)
            .collect();
        if axes.iter().enumerate().all(|(i, &axis)| i as isize == axis) { var } else { var.permute(axes) }
    }
}
