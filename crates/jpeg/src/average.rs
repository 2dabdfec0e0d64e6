//! Reduced blocks of images with strong fine patterns.
//!
//! In a block that is reduced by itself, a pattern that does not fit into it appears as another,
//! coarser one. Here each sample is a weighted mean of the pixels around it instead, across the
//! borders of blocks, with the kernel of bicubic interpolation (R. Keys, 1981) as wide as the
//! reduction: it removes what would become moire, and leaves coarse shapes unchanged. All of it is
//! linear, so it is done on coefficients: a block adds to its own samples and to two on each side
//! of it.

use crate::block::Block;
use crate::idct::{basis, sample};

/// Number of samples on each side of a block to which it adds.
const MARGIN: usize = 2;
/// Maximum number of samples on a side to which a block adds.
const REACH: usize = 8 + 2 * MARGIN;

/// For each frequency: what it adds to the samples before the block, to its own, and to those after
/// it.
type Weights = [[f32; REACH]; 8];

/// The rows of a component that are being averaged.
pub(crate) struct Average {
    /// Number of samples of a block, across and down.
    block: (usize, usize),
    across: Weights,
    down: Weights,
    /// Number of rows of samples in a row of MCUs.
    rows: usize,
    /// Samples in a row.
    stride: usize,
    /// For each sample of a row: the reciprocal of its weights, which are incomplete at the sides.
    columns: Vec<f32>,
    /// Sums of the rows of a row of MCUs, of [`MARGIN`] rows before and as many after. Each has as
    /// many additional samples on both sides.
    sums: Vec<f32>,
    /// The weights of each of these rows so far.
    weights: Vec<f32>,
    /// The rows of MCUs that were averaged last, without a gap: start and end.
    run: (usize, usize),
}

impl Average {
    /// Prepares averages of blocks of `block` samples each; `columns` and `rows` of them make a row
    /// of MCUs.
    pub(crate) fn new(
        block: (usize, usize),
        stride: usize,
        (block_columns, block_rows): (usize, usize),
    ) -> Average {
        let rows = block_rows * block.1;
        let across = weights(block.0);
        let mut columns = vec![0.0; stride + 2 * MARGIN];
        for column in 0..block_columns {
            add_to(
                &mut columns[column * block.0..],
                &own_weights(&across, block.0),
            );
        }
        Average {
            block,
            across,
            down: weights(block.1),
            rows,
            stride,
            columns: columns[MARGIN..][..stride]
                .iter()
                .map(|sum| 1.0 / sum)
                .collect(),
            sums: vec![0.0; (rows + 2 * MARGIN) * (stride + 2 * MARGIN)],
            weights: vec![0.0; rows + 2 * MARGIN],
            run: (0, 0),
        }
    }

    /// Returns the bytes of memory for `columns` and `rows` of blocks.
    pub(crate) fn memory(block: (usize, usize), columns: usize, rows: usize) -> usize {
        let (width, height) = (columns * block.0, rows * block.1);
        4 * (height + 2 * MARGIN + 1) * (width + 2 * MARGIN)
    }

    /// Begins the row `strip` of MCUs.
    pub(crate) fn begin(&mut self, strip: usize) {
        let (first, end) = self.run;
        if end == strip {
            // Its first rows are what the previous row added to them.
            let row = self.stride + 2 * MARGIN;
            shift(&mut self.sums, self.rows * row);
            shift(&mut self.weights, self.rows);
            self.run = (first, strip + 1);
        } else {
            self.sums.fill(0.0);
            self.weights.fill(0.0);
            self.run = (strip, strip + 1);
        }
    }

    /// Adds a block in this column and row of blocks.
    #[inline]
    pub(crate) fn add(&mut self, block: &Block, column: usize, row: usize) {
        let (width, height) = self.block;
        let stride = self.stride + 2 * MARGIN;
        let sums = &mut self.sums[row * height * stride + column * width..];
        match (width, height) {
            (1, 1) => add::<5, 5>(&self.across, &self.down, block, sums, stride),
            (2, 2) => add::<6, 6>(&self.across, &self.down, block, sums, stride),
            (4, 4) => add::<8, 8>(&self.across, &self.down, block, sums, stride),
            (1 | 2, _) => add_rows::<6>(
                &self.across,
                &self.down,
                block,
                sums,
                (stride, height + 2 * MARGIN),
            ),
            (4, _) => add_rows::<8>(
                &self.across,
                &self.down,
                block,
                sums,
                (stride, height + 2 * MARGIN),
            ),
            _ => add_rows::<12>(
                &self.across,
                &self.down,
                block,
                sums,
                (stride, height + 2 * MARGIN),
            ),
        }
    }

    /// Writes the samples of the current row of MCUs, and completes those of the previous row. The
    /// last rows stay incomplete if the next row of MCUs is not averaged.
    pub(crate) fn draw(&mut self, samples: &mut [u8]) {
        let (first, end) = self.run;
        for row in 0..self.rows / self.block.1 {
            let own = own_weights(&self.down, self.block.1);
            add_to(&mut self.weights[row * self.block.1..], &own);
        }
        let above = (end - 1) * self.rows;
        let stride = self.stride + 2 * MARGIN;
        for (row, (sums, weight)) in self.sums.chunks(stride).zip(&self.weights).enumerate() {
            let inside =
                (first * self.rows + MARGIN..end * self.rows + MARGIN).contains(&(above + row));
            if !inside {
                continue;
            }
            let samples = &mut samples[(above + row - MARGIN) * self.stride..][..self.stride];
            let sums = sums[MARGIN..].iter().zip(&self.columns);
            let factor = 1.0 / weight;
            for (value, (sum, column)) in samples.iter_mut().zip(sums) {
                *value = sample(sum * column * factor);
            }
        }
    }
}

/// Moves all values to the front, and fills the end with zeros.
fn shift(values: &mut [f32], by: usize) {
    values.copy_within(by.., 0);
    let left = values.len() - by;
    values[left..].fill(0.0);
}

fn add_to(sums: &mut [f32], others: &[f32]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

/// Returns the share that a block of evenly gray pixels adds to the samples that it reaches.
fn own_weights(weights: &Weights, size: usize) -> Vec<f32> {
    let (gray, wave) = (weights[0], basis(8)[0][0]);
    gray[..size + 2 * MARGIN]
        .iter()
        .map(|weight| weight / wave)
        .collect()
}

/// Returns the weights for `size` samples on a side.
fn weights(size: usize) -> Weights {
    let pixels = 8 / size;
    let waves = basis(8);
    std::array::from_fn(|frequency| {
        std::array::from_fn(|reached| {
            if reached >= size + 2 * MARGIN {
                return 0.0;
            }
            let center = (reached as f32 - MARGIN as f32 + 0.5) * pixels as f32;
            let weighted = waves[frequency].iter().enumerate().map(|(place, wave)| {
                let distance = (place as f32 + 0.5 - center).abs() / pixels as f32;
                wave * bicubic(distance)
            });
            weighted.sum::<f32>() / pixels as f32
        })
    })
}

fn bicubic(x: f32) -> f32 {
    match x {
        x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        x if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        _ => 0.0,
    }
}

#[inline]
fn add<const WIDTH: usize, const HEIGHT: usize>(
    across: &Weights,
    down: &Weights,
    block: &Block,
    sums: &mut [f32],
    stride: usize,
) {
    add_rows::<WIDTH>(across, down, block, sums, (stride, HEIGHT));
}

/// Adds a block to `WIDTH` samples of `height` rows. Weights of even frequency are the same from
/// both ends of a side, those of odd frequency the opposite: the sums of each kind, for one half,
/// give both halves.
#[inline]
fn add_rows<const WIDTH: usize>(
    across: &Weights,
    down: &Weights,
    block: &Block,
    sums: &mut [f32],
    (stride, height): (usize, usize),
) {
    let (frequencies, _) = block.values.as_chunks::<8>();
    let frequencies = &frequencies[..=block.last_row];
    let columns = block.last_column + 1;
    for y in 0..height / 2 + height % 2 {
        let mut lines = [[0.0_f32; 8]; 2];
        for (number, (values, weights)) in frequencies.iter().zip(down).enumerate() {
            for (sum, value) in lines[number % 2].iter_mut().zip(values) {
                *sum += weights[y] * value;
            }
        }
        let [even, odd] = lines;
        let other = height - 1 - y;
        add_row::<WIDTH>(
            across,
            &std::array::from_fn(|x| even[x] + odd[x]),
            columns,
            &mut sums[y * stride..],
        );
        if other != y {
            let line = std::array::from_fn(|x| even[x] - odd[x]);
            add_row::<WIDTH>(across, &line, columns, &mut sums[other * stride..]);
        }
    }
}

/// Adds a row of frequencies to `WIDTH` samples.
#[inline]
fn add_row<const WIDTH: usize>(
    across: &Weights,
    line: &[f32; 8],
    columns: usize,
    sums: &mut [f32],
) {
    let mut added = [0.0_f32; WIDTH];
    for (value, weights) in line.iter().zip(across).take(columns) {
        for (sum, weight) in added.iter_mut().zip(weights) {
            *sum += value * weight;
        }
    }
    add_to(sums, &added);
}
