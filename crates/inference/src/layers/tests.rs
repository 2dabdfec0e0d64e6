//! Every layer on every kind of registers of this machine, compared with sums computed by
//! definition.
#![allow(clippy::unwrap_used)]

mod blocks;

use proptest::prelude::*;

use super::{Average, Convolution, Filter, Pointwise, Side};
use crate::kernels::{Bounds, Instructions, Source};

/// Returns pseudo-random numbers in [-1, 1].
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + seed * 104_729 + 13) % 2003) as f32 / 1001.0 - 1.0;
    (0..count).map(number).collect()
}

fn assert_near(found: &[f32], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - expected).abs();
        prop_assert!(
            difference <= 2e-5 * expected.abs().max(1.0),
            "{} and {} at {}",
            found,
            expected,
            place
        );
    }
    Ok(())
}

fn clip(value: f64, bounds: Bounds) -> f64 {
    value
        .max(f64::from(bounds.least))
        .min(f64::from(bounds.greatest))
}

/// Computes `[outputs, inputs, height, width]` over `[height, width, inputs]`; `own` for one filter
/// per channel.
fn reference(
    filter: Filter,
    inputs: usize,
    own: bool,
    source: &[f64],
    weights: &[f32],
    bias: &[f32],
    bounds: Bounds,
) -> Vec<f64> {
    let (height, width) = (filter.height, filter.width);
    let read = if own { 1 } else { inputs };
    let mut result = Vec::new();
    let reach = |side: Side, place: usize, tap: usize| {
        (place * side.stride + tap * side.dilation)
            .checked_sub(side.before)
            .filter(|&pixel| pixel < side.input)
    };
    for y in 0..height.output {
        for x in 0..width.output {
            for (output, &bias) in bias.iter().enumerate() {
                let mut sum = f64::from(bias);
                for tap_y in 0..height.filter {
                    for tap_x in 0..width.filter {
                        let at = reach(height, y, tap_y).zip(reach(width, x, tap_x));
                        let Some((at_y, at_x)) = at else { continue };
                        for input in 0..read {
                            let channel = if own { output } else { input };
                            let value = source[(at_y * width.input + at_x) * inputs + channel];
                            let place = ((output * read + input) * height.filter + tap_y)
                                * width.filter
                                + tap_x;
                            sum += value * f64::from(weights[place]);
                        }
                    }
                }
                result.push(clip(sum, bounds));
            }
        }
    }
    result
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn side(filter: usize, strides: std::ops::Range<usize>) -> impl Strategy<Value = Side> {
    (1usize..20, strides, 1usize..3, 0..filter, 0..filter).prop_filter_map(
        "a filter larger than its image has no position",
        move |(input, stride, dilation, before, after)| {
            let reach = (filter - 1) * dilation + 1;
            let places = (input + before + after).checked_sub(reach)?;
            Some(Side {
                input,
                output: places / stride + 1,
                filter,
                stride,
                dilation,
                before,
            })
        },
    )
}

fn bounds() -> impl Strategy<Value = Bounds> {
    prop_oneof![
        Just(Bounds::ALL),
        Just(Bounds {
            least: 0.0,
            greatest: 6.0
        }),
        Just(Bounds {
            least: -0.25,
            greatest: 0.25
        }),
    ]
}

fn matrix(
    depth: usize,
    columns: usize,
    seed: usize,
    bounds: Bounds,
) -> (Pointwise, Vec<f32>, Vec<f32>) {
    let weights = numbers(depth * columns, seed);
    let bias = numbers(columns, seed + 1);
    let weight = |k, n: usize| weights[n * depth + k];
    let layer = Pointwise::new(depth, &bias, bounds, weight);
    (layer, weights, bias)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn products(
        pixels in 1usize..60,
        depth in 1usize..50,
        columns in 1usize..120,
        row in 1usize..20,
        gap in 0usize..5,
        residual in any::<bool>(),
        bounds in bounds(),
    ) {
        let (layer, weights, bias) = matrix(depth, columns, 3, bounds);
        let source = numbers(pixels * depth, 1);
        let added = numbers(pixels * columns, 2);
        let mut expected = vec![];
        for pixel in 0..pixels {
            for n in 0..columns {
                let products = (0..depth).map(|k| {
                    f64::from(source[pixel * depth + k]) * f64::from(weights[n * depth + k])
                });
                let sum = products.sum::<f64>() + f64::from(bias[n]);
                let more = if residual { f64::from(added[pixel * columns + n]) } else { 0.0 };
                expected.push(clip(sum + more, bounds));
            }
        }
        for instructions in Instructions::found() {
            let from = Source { row, row_step: row * depth, ..Source::dense(&source, depth) };
            let rows = (pixels - 1) / row;
            let mut target = vec![f32::NAN; pixels * columns + rows * gap];
            let added = residual.then_some(added.as_slice());
            layer.run(instructions, pixels, from, added, &mut target, gap);
            let (there, gaps): (Vec<_>, Vec<_>) = target
                .iter()
                .enumerate()
                .partition(|(place, _)| place % (row * columns + gap) < row * columns);
            let found: Vec<f32> = there.into_iter().map(|(_, &value)| value).collect();
            assert_near(&found, &expected)?;
            prop_assert!(gaps.iter().all(|(_, value)| value.is_nan()), "a gap was written");
        }
    }

    #[test]
    fn convolutions(
        height in (1usize..5).prop_flat_map(|filter| side(filter, 1..4)),
        width in (1usize..5).prop_flat_map(|filter| side(filter, 1..4)),
        channels in 1usize..6,
        columns in 1usize..40,
        channels_first in any::<bool>(),
        residual in any::<bool>(),
        bounds in bounds(),
    ) {
        let filter = Filter { height, width };
        let source = numbers(filter.inputs() * channels, 1);
        let weights = numbers(columns * channels * height.filter * width.filter, 2);
        let bias = numbers(columns, 3);
        let layer = Convolution::new(filter, channels, channels_first, |taps| {
            Pointwise::new(taps.len(), &bias, bounds, |tap, n| {
                let [c, y, x] = taps[tap];
                weights[((n * channels + c) * height.filter + y) * width.filter + x]
            })
        });
        let image = wide(&source);
        let added = numbers(filter.outputs() * columns, 4);
        let mut expected = reference(filter, channels, false, &image, &weights, &bias, Bounds::ALL);
        for (sum, more) in expected.iter_mut().zip(&added) {
            *sum = clip(*sum + if residual { f64::from(*more) } else { 0.0 }, bounds);
        }
        let planes = (0..channels).flat_map(|c| source[c..].iter().step_by(channels));
        let source: Vec<f32> = if channels_first { planes.copied().collect() } else { source.clone() };
        for instructions in Instructions::found() {
            let mut target = vec![f32::NAN; expected.len()];
            let added = residual.then_some(added.as_slice());
            layer.run(instructions, &source, added, &mut target);
            assert_near(&target, &expected)?;
        }
    }
}

#[test]
fn averages() {
    let layer = Average {
        channels: 2,
        factor: 0.5,
    };
    let mut target = [f32::NAN; 2];
    layer.run(&[1.0, 2.0, 3.0, 5.0], &mut target);
    assert_eq!(target, [2.0, 3.5]);
}
