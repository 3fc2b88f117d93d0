//! Products of matrices, convolutions, pooling and normalisation.

use super::node::{OnnxNode, Reading, Results, axis};
use super::value::OnnxValue;
use crate::ops::{Add, Div, ExpandDims, MatMul, Mean, Mul, Pad, PadMode, Permute, Sub};
use crate::ops::{ConvOptions, Padding, PoolOptions};
use crate::tape::Var;

/// How windows go over an image.
struct OnnxWindows {
    size: Vec<usize>,
    stride: Vec<usize>,
    dilation: Vec<usize>,
    padding: Vec<(usize, usize)>,
}

impl<'t> Reading<'t> {
    pub(super) fn layers(&mut self, node: &OnnxNode<'_, 't>, name: &str) -> Option<Results<'t>> {
        let found = match name {
            "MatMul" => self.x(node, 0).and_then(|a| {
                let b = self.x(node, 1)?;
                self.product(a, b)
            }),
            "Gemm" => self.gemm(node),
            "Conv" => self.conv(node),
            "MaxPool" | "AveragePool" => self.pool(node, name == "MaxPool"),
            "GlobalAveragePool" | "GlobalMaxPool" => self.x(node, 0).and_then(|x| {
                let axes = (2..x.rank()).collect();
                match name {
                    "GlobalMaxPool" => self.apply(crate::ops::Max { axes, keep: true }, &[x]),
                    _ => self.apply(Mean { axes, keep: true }, &[x]),
                }
            }),
            "BatchNormalization" => self.batch_norm(node),
            "LayerNormalization" => {
                return Some(self.layer_norm(node).map(|all| all.map(OnnxValue::Real).to_vec()));
            }
            "Einsum" => return Some(Err("`Einsum` is not read; write it with `MatMul`".to_owned())),
            _ => return None,
        };
        Some(found.map(|y| vec![OnnxValue::Real(y)]))
    }

    /// A product as NumPy's `matmul`.
    fn product(&self, a: Var<'t>, b: Var<'t>) -> Result<Var<'t>, String> {
        let (own, other) = (a.shape(), b.shape());
        if let ([_, k], [n, _]) = (&own[..], &other[..]) {
            return match k == n {
                true => self.apply(MatMul, &[a, b]),
                false => Err(format!("cannot multiply {own:?} by {other:?}")),
            };
        }
        let (op, [left, right]) = crate::ops::matrix_product(&own, &other)?;
        let [a, b] = [(a, left), (b, right)].map(|(x, axes)| match axes.is_empty() {
            true => Ok(x),
            false => self.squeezed(x, &axes.iter().map(|&a| a as usize).collect::<Vec<_>>()),
        });
        self.apply(op, &[a?, b?])
    }

    fn gemm(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        let (mut a, mut b) = (self.x(node, 0)?, self.x(node, 1)?);
        let turned = || Permute { axes: vec![1, 0] };
        if node.int("transA", 0) != 0 {
            a = self.apply(turned(), &[a])?;
        }
        if node.int("transB", 0) != 0 {
            b = self.apply(turned(), &[b])?;
        }
        let mut y = self.apply(MatMul, &[a, b])?;
        let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
        if alpha != 1.0 {
            y = alpha * y;
        }
        if !node.has(2) {
            return Ok(y);
        }
        let c = self.x(node, 2)?;
        self.apply(Add, &[y, if beta == 1.0 { c } else { beta * c }])
    }

    /// The windows of a node, checked against the shape of an image.
    fn windows(
        &self,
        node: &OnnxNode<'_, 't>,
        size: &[usize],
        image: &[usize],
    ) -> Result<OnnxWindows, String> {
        let n = size.len();
        let wanted = |name: &str, default: usize, count: usize| -> Result<Vec<usize>, String> {
            let Some(all) = node.ints(name) else { return Ok(vec![default; count]) };
            let all: Option<Vec<usize>> =
                all.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n < 1 << 31)).collect();
            all.filter(|all| all.len() == count)
                .ok_or_else(|| format!("`{name}` wants {count} numbers that are not negative"))
        };
        let (stride, dilation, ends) =
            (wanted("strides", 1, n)?, wanted("dilations", 1, n)?, wanted("pads", 0, 2 * n)?);
        if stride.contains(&0) || dilation.contains(&0) || size.contains(&0) || n == 0 || image.len() != n + 2
        {
            return Err(format!("windows of {size:?} by {stride:?} over an image of shape {image:?}"));
        }
        if node.int("ceil_mode", 0) != 0 {
            return Err("`ceil_mode` is not read".to_owned());
        }
        let extent = |a: usize| (size[a] - 1).saturating_mul(dilation[a]).saturating_add(1);
        let padding: Vec<(usize, usize)> = match node.text("auto_pad", "NOTSET").as_str() {
            "NOTSET" => (0..n).map(|a| (ends[a], ends[n + a])).collect(),
            "VALID" => vec![(0, 0); n],
            same @ ("SAME_UPPER" | "SAME_LOWER") => (0..n)
                .map(|a| {
                    let places = image[2 + a].div_ceil(stride[a]);
                    let reach = places.saturating_sub(1).saturating_mul(stride[a]).saturating_add(extent(a));
                    let all = reach.saturating_sub(image[2 + a]);
                    if same == "SAME_UPPER" { (all / 2, all - all / 2) } else { (all - all / 2, all / 2) }
                })
                .collect(),
            other => return Err(format!("`auto_pad` is `{other}`")),
        };
        for a in 0..n {
            let padded = image[2 + a].saturating_add(padding[a].0).saturating_add(padding[a].1);
            if padded < extent(a) {
                return Err(format!(
                    "a window of {} elements does not fit into axis {} of {image:?}",
                    extent(a),
                    2 + a
                ));
            }
        }
        Ok(OnnxWindows { size: size.to_vec(), stride, dilation, padding })
    }

    fn conv(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        let (x, weights) = (self.x(node, 0)?, self.x(node, 1)?);
        let (image, own) = (x.shape(), weights.shape());
        let groups = usize::try_from(node.int("group", 1)).unwrap_or(0);
        let fits = own.len() > 2
            && image.len() == own.len()
            && groups > 0
            && own[1].checked_mul(groups) == Some(image[1])
            && own[0] % groups == 0;
        if !fits {
            return Err(format!(
                "weights of shape {own:?} in {groups} groups on an image of shape {image:?}"
            ));
        }
        let OnnxWindows { stride, dilation, padding, .. } = self.windows(node, &own[2..], &image)?;
        let options = ConvOptions::default().stride(stride).dilation(dilation).groups(groups);
        let y = x.conv(weights, options.padding(Padding::Pairs(padding)));
        if !node.has(2) {
            return Ok(y);
        }
        let bias = self.x(node, 2)?;
        let bias = self.along_channels(bias, y.rank())?;
        self.apply(Add, &[y, bias])
    }

    /// One number for each channel, beside images.
    fn along_channels(&self, x: Var<'t>, rank: usize) -> Result<Var<'t>, String> {
        if x.rank() != 1 {
            return Err(format!("one number for each channel is wanted, got shape {:?}", x.shape()));
        }
        self.apply(ExpandDims { axes: (1..rank.saturating_sub(1)).collect() }, &[x])
    }

    fn pool(&mut self, node: &OnnxNode<'_, 't>, max: bool) -> Result<Var<'t>, String> {
        let x = self.x(node, 0)?;
        if node.proto.output.len() > 1 {
            return Err("the indices of the greatest are not read".to_owned());
        }
        let size = node.ints("kernel_shape").unwrap_or_default();
        let size: Option<Vec<usize>> = size.iter().map(|&n| usize::try_from(n).ok()).collect();
        let size = size.ok_or("`kernel_shape` is negative")?;
        let image = x.shape();
        let OnnxWindows { size, stride, dilation, padding } = self.windows(node, &size, &image)?;
        let pairs = |padding: &[(usize, usize)]| [&[(0, 0); 2], padding].concat();
        let pads = padding.iter().any(|&pair| pair != (0, 0));
        let options = PoolOptions::new(size.clone()).stride(stride.clone()).dilation(dilation);
        if max {
            // What lies outside counts as nothing.
            let x = match pads {
                true => {
                    let mode = PadMode::Constant(f64::NEG_INFINITY);
                    self.apply(Pad { padding: pairs(&padding), mode }, &[x])?
                }
                false => x,
            };
            return Ok(x.max_pool(options));
        }
        let zeros =
            |x: Var<'t>| self.apply(Pad { padding: pairs(&padding), mode: PadMode::Constant(0.0) }, &[x]);
        if !pads {
            return Ok(x.avg_pool(options));
        }
        let mean = zeros(x)?.avg_pool(options.clone());
        if node.int("count_include_pad", 0) != 0 {
            return Ok(mean);
        }
        // Of what lies inside: the share of it in each window.
        let ones = self.stretched(self.tape.constant(1.0), &image)?;
        let share = zeros(ones)?.avg_pool(options);
        self.apply(Div, &[mean, share])
    }

    fn batch_norm(&mut self, node: &OnnxNode<'_, 't>) -> Result<Var<'t>, String> {
        if node.int("training_mode", 0) != 0 {
            return Err("normalisation in training is not read".to_owned());
        }
        let x = self.x(node, 0)?;
        let mut of = Vec::new();
        for i in 1..5 {
            let one = self.x(node, i)?;
            of.push(self.along_channels(one, x.rank())?);
        }
        let scale = self.apply(Div, &[of[0], (of[3] + node.float("epsilon", 1e-5)).sqrt()])?;
        let centred = self.apply(Sub, &[x, of[2]])?;
        let scaled = self.apply(Mul, &[centred, scale])?;
        self.apply(Add, &[scaled, of[1]])
    }

    /// The result, the mean, and the reciprocal of the deviation.
    fn layer_norm(&mut self, node: &OnnxNode<'_, 't>) -> Result<[Var<'t>; 3], String> {
        let x = self.x(node, 0)?;
        let axes: Vec<usize> = (axis(node.int("axis", -1), x.rank())?..x.rank()).collect();
        let mean = |x: Var<'t>| self.apply(Mean { axes: axes.clone(), keep: true }, &[x]);
        let centre = mean(x)?;
        let centred = self.apply(Sub, &[x, centre])?;
        let deviation = (mean(centred.square())? + node.float("epsilon", 1e-5)).sqrt();
        let mut y = self.apply(Div, &[centred, deviation])?;
        let scale = self.x(node, 1)?;
        y = self.apply(Mul, &[y, scale])?;
        if node.has(2) {
            let bias = self.x(node, 2)?;
            y = self.apply(Add, &[y, bias])?;
        }
        Ok([y, centre, deviation.recip()])
    }
}
