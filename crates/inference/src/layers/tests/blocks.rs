//! Blocks, compared with the sums of their parts.

use proptest::prelude::*;

use super::{assert_near, bounds, matrix, numbers, reference, side, wide};
use crate::kernels::{Bounds, Instructions};
use crate::layers::{Block, Depthwise, Filter, Side};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn blocks(
        (height, width) in prop_oneof![Just(3usize), Just(5), Just(7)].prop_flat_map(|filter| {
            (side(filter, 1..3), side(filter, 1..3))
        }),
        channels in 1usize..40,
        inputs in proptest::option::of(1usize..9),
        outputs in proptest::option::of(1usize..20),
        residual in any::<bool>(),
        bounds in bounds(),
    ) {
        // Kernels are for square filters that move equally in both directions.
        let height = Side { dilation: 1, ..height };
        let width = Side { dilation: 1, stride: height.stride, ..width };
        let fit = |side: Side| {
            let places = (side.input + 2 * side.before).checked_sub(side.filter)?;
            Some(Side { output: places / side.stride + 1, ..side })
        };
        let Some((height, width)) = fit(height).zip(fit(width)) else { return Ok(()) };
        let filter = Filter { height, width };
        let read = inputs.unwrap_or(channels);
        let source = numbers(filter.inputs() * read, 1);
        let mut between = wide(&source);
        let expand = inputs.map(|inputs| matrix(inputs, channels, 5, bounds));
        if let Some((_, weights, bias)) = &expand {
            let one = |side: Side| Side { output: side.input, filter: 1, stride: 1, before: 0, ..side };
            let one = Filter { height: one(height), width: one(width) };
            between = reference(one, read, false, &between, weights, bias, bounds);
        }
        let weights = numbers(channels * height.filter * width.filter, 2);
        let bias = numbers(channels, 3);
        let weight = |y, x, c| weights[(c * height.filter + y) * width.filter + x];
        let depthwise = Depthwise::new(filter, &bias, bounds, weight).unwrap();
        let mut expected = reference(filter, channels, true, &between, &weights, &bias, bounds);
        let project = outputs.map(|outputs| matrix(channels, outputs, 6, Bounds::ALL));
        let added = numbers(filter.outputs() * outputs.unwrap_or(0), 7);
        if let Some((layer, weights, bias)) = &project {
            let one = |side: Side| Side { input: side.output, filter: 1, stride: 1, before: 0, ..side };
            let one = Filter { height: one(height), width: one(width) };
            expected = reference(one, channels, false, &expected, weights, bias, Bounds::ALL);
            prop_assert_eq!(layer.columns, bias.len());
            for (sum, more) in expected.iter_mut().zip(&added) {
                *sum += if residual { f64::from(*more) } else { 0.0 };
            }
        }
        let residual = (residual && project.is_some()).then_some(added.as_slice());
        let block = Block {
            expand: expand.map(|expand| expand.0),
            depthwise,
            project: project.map(|project| project.0),
        };
        for instructions in Instructions::found() {
            let mut target = vec![f32::NAN; expected.len()];
            block.run(instructions, &source, residual, &mut target);
            assert_near(&target, &expected)?;
        }
    }
}

/// Strips of an image that is too large for the cache fit together.
#[test]
fn blocks_of_several_strips() {
    let side = |input: usize| Side {
        input,
        output: input.div_ceil(2),
        filter: 5,
        stride: 2,
        dilation: 1,
        before: 2,
    };
    let filter = Filter {
        height: side(61),
        width: side(50),
    };
    let (channels, read, columns) = (144, 8, 24);
    let six = Bounds {
        least: 0.0,
        greatest: 6.0,
    };
    let (expand, first, first_bias) = matrix(read, channels, 1, six);
    let (project, last, last_bias) = matrix(channels, columns, 2, Bounds::ALL);
    let weights = numbers(channels * 25, 3);
    let bias = numbers(channels, 4);
    let weight = |y, x, c| weights[(c * 5 + y) * 5 + x];
    let block = Block {
        expand: Some(expand),
        depthwise: Depthwise::new(filter, &bias, six, weight).unwrap(),
        project: Some(project),
    };
    let source = numbers(filter.inputs() * read, 5);
    let at = |side: Side, input: usize| Side {
        input,
        output: input,
        filter: 1,
        stride: 1,
        before: 0,
        ..side
    };
    let before = Filter {
        height: at(filter.height, 61),
        width: at(filter.width, 50),
    };
    let behind = Filter {
        height: at(filter.height, 31),
        width: at(filter.width, 25),
    };
    let expected = reference(
        before,
        read,
        false,
        &wide(&source),
        &first,
        &first_bias,
        six,
    );
    let expected = reference(filter, channels, true, &expected, &weights, &bias, six);
    let expected = reference(
        behind,
        channels,
        false,
        &expected,
        &last,
        &last_bias,
        Bounds::ALL,
    );
    for instructions in Instructions::found() {
        let mut target = vec![f32::NAN; expected.len()];
        block.run(instructions, &source, None, &mut target);
        assert_near(&target, &expected).unwrap();
    }
}
