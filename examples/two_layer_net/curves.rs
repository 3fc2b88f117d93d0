//! Plots of loss and accuracy over the training.

use crate::training::{Epoch, Training};
use plotters::coord::{Shift, types::RangedCoordf64};
use plotters::prelude::*;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

const SIZE: (u32, u32) = (1080, 420);
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const PALE: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);
const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const ORANGE: RGBColor = RGBColor(0xd0, 0x62, 0x0a);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Reading = fn(&Epoch) -> f64;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws both plots side by side, as SVG.
pub(crate) fn draw(training: &Training, path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    loss(training, &left)?;
    accuracy(training, &right)?;
    root.present().map_err(|e| format!("{}: cannot be written: {e}", path.display()).into())
}

/// About 200 points, each the mean of some steps, on a band from the least to the greatest loss among them.
fn loss(training: &Training, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
    let (mut means, mut least, mut greatest) = (Vec::new(), Vec::new(), Vec::new());
    let length = training.loss.len().div_ceil(200).max(1);
    for (k, losses) in training.loss.chunks(length).enumerate() {
        let n = losses.len() as f64;
        let middle = (k * length) as f64 + n / 2.0;
        means.push((middle, losses.iter().sum::<f64>() / n));
        least.push((middle, losses.iter().copied().fold(f64::INFINITY, f64::min)));
        greatest.push((middle, losses.iter().copied().fold(0.0, f64::max)));
    }
    let top = greatest.iter().map(|&(_, y)| y).fold(0.1, f64::max) * 1.05;
    let band: Vec<_> = least.into_iter().chain(greatest.into_iter().rev()).collect();

    let title = format!("Loss, mean and range of {length} steps");
    let mut chart = axes(area, &title, training.iterations, 0.0..top, 1)?;
    chart.draw_series([Polygon::new(band, BLUE.mix(0.2))])?;
    chart.draw_series(LineSeries::new(means, BLUE.stroke_width(2)))?;
    Ok(())
}

/// Accuracy after each epoch, on the training and on the test images.
fn accuracy(training: &Training, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
    // Before training it is about 0.1, which would compress the rest of the plot.
    let epochs = if training.epochs.len() > 3 { &training.epochs[1..] } else { &training.epochs[..] };
    let lowest = epochs.iter().map(|e| e.train_accuracy.min(e.test_accuracy)).fold(1.0, f64::min);
    let floor = ((lowest - 0.01) * 20.0).floor().max(0.0) / 20.0;

    let mut chart = axes(area, "Accuracy after each epoch", training.iterations, floor..1.0, 2)?;
    let curves: [(_, Reading, _, _); 2] = [
        ("training images", |e| e.train_accuracy, BLUE, training.train_accuracy),
        ("test images", |e| e.test_accuracy, ORANGE, training.test_accuracy),
    ];
    for (name, reading, colour, last) in curves {
        let points: Vec<_> = epochs.iter().map(|e| (e.iteration as f64, reading(e))).collect();
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(format!("{name}: {last:.4}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font(("sans-serif", 15, &INK))
        .legend_area_size(24)
        .margin(16)
        .draw()?;
    Ok(())
}

/// A titled frame over the iterations.
fn axes<'a, 'b>(
    area: &Area<'b>,
    title: &str,
    iterations: usize,
    y: Range<f64>,
    digits: usize,
) -> Result<Chart<'a, 'b>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .margin_right(28)
        .caption(title, ("sans-serif", 18, &INK))
        .x_label_area_size(44)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..iterations as f64, y)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(INK)
        .label_style(("sans-serif", 14, &INK))
        .x_desc("iteration")
        .axis_desc_style(("sans-serif", 15, &INK))
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.digits$}"))
        .draw()?;
    Ok(chart)
}
