//! The plot: one small chart for each measure, over the number of images, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;

use lookalike_benches::vectors::AnyError;

use crate::report::Point;

const SIZE: (u32, u32) = (960, 560);
const ROWS_AND_COLUMNS: (usize, usize) = (2, 3);

/// One chart: its title, and the measure if there is one.
type Measure = (&'static str, fn(&Point) -> Option<f64>);

const MEASURES: [Measure; 6] = [
    ("cost of an image, ms", |p| {
        Some(p.published_ms + p.maintained_ms)
    }),
    ("rebuild of the base, s", |p| p.rebuild_s),
    ("index, bytes per image", |p| Some(p.bytes_per_picture)),
    ("load, ms", |p| Some(p.load_ms)),
    ("query, ms", |p| Some(p.query_ms)),
    ("memory of the index, MB", |p| p.memory_mb),
];

/// Draws the measurements.
pub(crate) fn svg(points: &[Point]) -> Result<String, AnyError> {
    let mut drawing = String::new();
    {
        let area = SVGBackend::with_string(&mut drawing, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let charts = area.split_evenly(ROWS_AND_COLUMNS);
        for ((title, measure), area) in MEASURES.iter().zip(&charts) {
            let values = points
                .iter()
                .filter_map(|p| Some((p.pictures as f64, measure(p)?)));
            chart(area, title, &values.collect::<Vec<_>>())?;
        }
        area.present()?;
    }
    Ok(drawing)
}

/// Draws a chart. Both axes are logarithmic: a measure that grows with the catalog is a straight
/// line that rises by a decade with each.
fn chart(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    values: &[(f64, f64)],
) -> Result<(), AnyError> {
    let fold =
        |of: fn(&(f64, f64)) -> f64, pick: fn(f64, f64) -> f64| values.iter().map(of).reduce(pick);
    let (Some(left), Some(right)) = (fold(|v| v.0, f64::min), fold(|v| v.0, f64::max)) else {
        // There are no measurements.
        return Ok(());
    };
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(least, most), v| {
            (least.min(v.1), most.max(v.1))
        });
    // At least a decade; otherwise flat lines would look like mountains.
    let bottom = 10f64.powf(least.max(1e-6).log10().floor());
    let top = 10f64.powf(most.max(1e-6).log10().ceil()).max(10.0 * bottom);
    let across = (left.min(right / 10.0)..right * 1.1).log_scale();
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(52)
        .build_cartesian_2d(across, (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(5)
        .y_labels(5)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    chart.draw_series(LineSeries::new(
        values.iter().copied(),
        BLUE.stroke_width(2),
    ))?;
    chart.draw_series(values.iter().map(|at| Circle::new(*at, 3, BLUE.filled())))?;
    Ok(())
}

/// Formats a number of an axis: 0.01, 500, 20k, 1M.
fn short(number: f64) -> String {
    match number {
        1e6.. => format!("{}M", number / 1e6),
        1e3.. => format!("{}k", number / 1e3),
        _ => format!("{number}"),
    }
}
