//! Loss and accuracy over the training, drawn.

use crate::training::Training;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

const SIZE: (u32, u32) = (1080, 420);
const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const RED: RGBColor = RGBColor(0xc2, 0x3b, 0x22);
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);

/// Draws both curves beside each other, as SVG.
pub fn draw(training: &Training, path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    loss(training, &left)?;
    accuracy(training, &right)?;
    root.present().map_err(|e| format!("{}: cannot be written: {e}", path.display()).into())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn loss(training: &Training, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
    // About 200 points: each the mean of a stretch, with the least and greatest loss in it behind.
    let stretch = training.loss.len().div_ceil(200);
    let (mut means, mut least, mut greatest) = (Vec::new(), Vec::new(), Vec::new());
    for (k, losses) in training.loss.chunks(stretch).enumerate() {
        let middle = (k * stretch) as f64 + losses.len() as f64 / 2.0;
        means.push((middle, losses.iter().sum::<f64>() / losses.len() as f64));
        least.push((middle, losses.iter().copied().fold(f64::INFINITY, f64::min)));
        greatest.push((middle, losses.iter().copied().fold(0.0, f64::max)));
    }
    let top = greatest.iter().map(|&(_, y)| y).fold(0.0, f64::max) * 1.05;
    let mut chart = frame(area, "Loss", training.iterations, 0.0..top, "{:.1}")?;
    let band: Vec<(f64, f64)> = least.into_iter().chain(greatest.into_iter().rev()).collect();
    chart.draw_series([Polygon::new(band, BLUE.mix(0.2))])?;
    chart.draw_series(LineSeries::new(means, BLUE.stroke_width(2)))?;
    Ok(())
}
