//! A depthwise convolution between two 1x1 convolutions, row by row: the output of the first one is
//! consumed while it is in the cache. Networks make it six times as wide as their images, so
//! writing and reading it would take longer than computing it.

use serde::{Deserialize, Serialize};

use super::weights::{Lines, Weights, pack, panels};
use super::{Filter, Pointwise, scratch};
use crate::kernels::{Bounds, Instructions, Rows, Source, depthwise, has_depthwise};

/// Bytes of expanded rows that are kept. They and the results computed from them have to stay in a
/// core's own cache, which has 1 MB or more on the processors of functions; 128 to 512 KB took the
/// same time.
const KEPT: usize = 128 * 1024;

/// A square filter for each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Depthwise<W = Lines> {
    pub(crate) filter: Filter,
    pub(crate) channels: usize,
    pub(crate) bounds: Bounds,
    /// Weights, `[positions of the filter, lines of channels]`.
    weights: W,
    bias: W,
}

impl Depthwise {
    /// Makes the layer; `weight(y, x, channel)` is one weight of the filter. `None` if no kernel
    /// computes such a filter.
    pub(crate) fn new(
        filter: Filter,
        bias: &[f32],
        bounds: Bounds,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Option<Depthwise> {
        let (height, width) = (filter.height, filter.width);
        let side = height.filter;
        let square = width.filter == side && width.stride == height.stride;
        if !square
            || height.dilation != 1
            || width.dilation != 1
            || !has_depthwise(side, height.stride)
        {
            return None;
        }
        let channels = bias.len();
        let places = (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
        let lines: Vec<_> = places
            .flat_map(|(y, x)| panels(1, channels, |_, channel| weight(y, x, channel)).to_vec())
            .collect();
        Some(Depthwise {
            filter,
            channels,
            bounds,
            weights: Lines::Owned(lines.into()),
            bias: pack(bias),
        })
    }
}

/// A depthwise convolution with the convolutions around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block<W = Lines> {
    /// Expands the image, if there is such a layer.
    pub(crate) expand: Option<Pointwise<W>>,
    pub(crate) depthwise: Depthwise<W>,
    /// Projects it to fewer channels again.
    pub(crate) project: Option<Pointwise<W>>,
}

impl<W> Block<W> {
    /// Returns the number of channels of the image.
    pub(crate) fn input_channels(&self) -> usize {
        let expand = self.expand.as_ref();
        expand.map_or(self.depthwise.channels, |expand| expand.depth)
    }

    /// Returns the number of channels of the result.
    pub(crate) fn output_channels(&self) -> usize {
        let project = self.project.as_ref();
        project.map_or(self.depthwise.channels, |project| project.columns)
    }

    /// Returns the number of rows of results that are computed together, and of the padded rows
    /// that they are computed from.
    fn strip(&self) -> (usize, usize) {
        let height = self.depthwise.filter.height;
        let row = self.padded_row() * size_of::<f32>();
        let rows = |outputs: usize| (outputs - 1) * height.stride + height.filter;
        let fits = |&outputs: &usize| rows(outputs) * row <= KEPT;
        let outputs = (1..=height.output).rev().find(fits).unwrap_or(1);
        (outputs, rows(outputs))
    }

    /// Returns the number of values of an expanded row between its zeros.
    fn padded_row(&self) -> usize {
        self.depthwise.filter.width.padded() * self.depthwise.channels
    }
}

impl Block {
    /// Converts `[height, width, input channels]` to `[height, width, output channels]`;
    /// `residual`, as long as the result, is added if there is a projection.
    pub(crate) fn run(
        &self,
        instructions: Instructions,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let (outputs, kept) = self.strip();
        let row = self.padded_row();
        let width = self.depthwise.filter.width.output * self.depthwise.channels;
        let between = if self.project.is_some() {
            outputs * width
        } else {
            0
        };
        scratch::with((kept + 1) * row + between, |scratch| {
            let (ring, scratch) = scratch.split_at_mut(kept * row);
            let (zeros, between) = scratch.split_at_mut(row);
            zeros.fill(0.0);
            let ring = Ring {
                block: self,
                instructions,
                source,
                rows: ring,
                kept,
                next: 0,
            };
            let strips = Strips {
                outputs,
                zeros,
                between,
                residual,
            };
            self.strips(ring, strips, target);
        });
    }

    fn strips(&self, mut ring: Ring<'_>, strips: Strips<'_>, target: &mut [f32]) {
        let height = self.depthwise.filter.height;
        ring.clear();
        let line = self.depthwise.filter.width.output * self.depthwise.channels;
        let result = self.depthwise.filter.width.output * self.output_channels();
        for first in (0..height.output).step_by(strips.outputs) {
            let end = height.output.min(first + strips.outputs);
            let reached = (end - 1) * height.stride + height.filter;
            ring.fill(reached.saturating_sub(height.before).min(height.input));
            let results = first * result..end * result;
            let target = &mut target[results.clone()];
            let Some(project) = &self.project else {
                for (y, target) in (first..end).zip(target.chunks_exact_mut(line)) {
                    self.row(&ring, strips.zeros, y, target);
                }
                continue;
            };
            let between = &mut strips.between[..(end - first) * line];
            for (y, target) in (first..end).zip(between.chunks_exact_mut(line)) {
                self.row(&ring, strips.zeros, y, target);
            }
            let residual = strips.residual.map(|residual| &residual[results]);
            project.dense(ring.instructions, between, residual, target);
        }
    }

    /// Computes row `y` of the depthwise results.
    fn row(&self, ring: &Ring<'_>, zeros: &[f32], y: usize, target: &mut [f32]) {
        let depthwise = &self.depthwise;
        let height = depthwise.filter.height;
        let mut rows = [zeros; MAX_FILTER_SIDE];
        for (at, row) in rows.iter_mut().enumerate().take(height.filter) {
            let place = y * height.stride + at;
            if place >= height.before && place - height.before < height.input {
                *row = ring.row(place - height.before);
            }
        }
        let rows = Rows {
            side: height.filter,
            stride: height.stride,
            channels: depthwise.channels,
            rows: &rows[..height.filter],
            weights: &depthwise.weights,
            bias: &depthwise.bias,
            bounds: depthwise.bounds,
        };
        self::depthwise(ring.instructions, rows, target);
    }
}

/// Maximum side of a filter for which there is a kernel.
const MAX_FILTER_SIDE: usize = 7;

struct Strips<'a> {
    outputs: usize,
    zeros: &'a [f32],
    between: &'a mut [f32],
    residual: Option<&'a [f32]>,
}

/// The last expanded rows, each between its zeros; row `y` of the image is at `y % kept`.
struct Ring<'a> {
    block: &'a Block,
    instructions: Instructions,
    source: &'a [f32],
    rows: &'a mut [f32],
    kept: usize,
    /// The first row that is not expanded yet.
    next: usize,
}

impl Ring<'_> {
    /// Writes the zeros on both sides; expanding does not overwrite them.
    fn clear(&mut self) {
        let width = self.block.depthwise.filter.width;
        let channels = self.block.depthwise.channels;
        let behind = (width.before + width.input) * channels;
        for row in self.rows.chunks_exact_mut(width.padded() * channels) {
            row[..width.before * channels].fill(0.0);
            row[behind..].fill(0.0);
        }
    }

    fn row(&self, y: usize) -> &[f32] {
        let row = self.block.padded_row();
        let at = y % self.kept * row;
        &self.rows[at..at + row]
    }

    /// Expands the rows before `end`.
    fn fill(&mut self, end: usize) {
        while self.next < end {
            let at = self.next % self.kept;
            let rows = (end - self.next).min(self.kept - at);
            self.expand(at, rows);
            self.next += rows;
        }
    }

    /// Expands `rows` rows from `next` on to position `at`.
    fn expand(&mut self, at: usize, rows: usize) {
        let depthwise = &self.block.depthwise;
        let width = depthwise.filter.width;
        let row = self.block.padded_row();
        let first = at * row + width.before * depthwise.channels;
        let target = &mut self.rows[first..(at + rows) * row];
        let line = width.input * self.block.input_channels();
        let source = &self.source[self.next * line..(self.next + rows) * line];
        let Some(expand) = &self.block.expand else {
            for (source, target) in source.chunks_exact(line).zip(target.chunks_mut(row)) {
                target[..line].copy_from_slice(source);
            }
            return;
        };
        let pixels = rows * width.input;
        let source = Source {
            values: source,
            row: width.input,
            pixel_step: expand.depth,
            row_step: line,
            steps: None,
        };
        let gap = row - width.input * depthwise.channels;
        expand.run(self.instructions, pixels, source, None, target, gap);
    }
}

impl<W: Weights> Block<W> {
    /// Returns the layer with its weights moved to another place.
    pub(crate) fn place<V, E>(
        &self,
        mut weights: impl FnMut(&W) -> Result<V, E>,
    ) -> Result<Block<V>, E> {
        let mut around = |part: &Option<Pointwise<W>>| {
            let placed = part.as_ref().map(|part| part.place(&mut weights));
            placed.transpose()
        };
        let (expand, project) = (around(&self.expand)?, around(&self.project)?);
        let depthwise = &self.depthwise;
        Ok(Block {
            expand,
            depthwise: Depthwise {
                filter: depthwise.filter,
                channels: depthwise.channels,
                bounds: depthwise.bounds,
                weights: weights(&depthwise.weights)?,
                bias: weights(&depthwise.bias)?,
            },
            project,
        })
    }
}
