//! Pixels times a matrix: 1x1 convolutions, and all others after their patches were gathered.

use std::ops::Range;

use super::bounds::Bounds;
use super::cache_line::{CacheLine, LINE};
use super::instructions::Instructions;
use super::vector::Vector;

/// A matrix `[depth, columns]` and the bias of each column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    /// Weights, `[panels, depth]` lines: a panel has [`LINE`] columns, and the last is padded with
    /// zeros.
    pub(crate) weights: &'a [CacheLine],
    /// Biases, `[panels]` lines.
    pub(crate) bias: &'a [CacheLine],
}

/// Pixels to multiply: `row` adjacent ones, then those of the next row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) values: &'a [f32],
    /// Pixels in a row.
    pub(crate) row: usize,
    /// Distance from a pixel to the next one in its row.
    pub(crate) pixel_step: usize,
    /// Distance from the first pixel of a row to the first of the next.
    pub(crate) row_step: usize,
    /// Offsets of the `depth` factors of a pixel from its position; `None` if they are adjacent.
    pub(crate) steps: Option<&'a [u32]>,
}

impl<'a> Source<'a> {
    /// Makes the source of adjacent pixels, `[pixels, depth]`.
    pub(crate) fn dense(values: &'a [f32], depth: usize) -> Source<'a> {
        Source {
            values,
            row: (values.len() / depth.max(1)).max(1),
            pixel_step: depth,
            row_step: 0,
            steps: None,
        }
    }

    /// True if it contains all factors of `pixels` pixels.
    fn holds(&self, pixels: usize, depth: usize) -> bool {
        let farthest = match self.steps {
            None => depth - 1,
            Some(steps) if steps.len() >= depth => {
                steps[..depth].iter().copied().max().unwrap_or(0) as usize
            }
            Some(_) => return false,
        };
        let place = |pixel: usize| {
            let rows = (pixel / self.row).checked_mul(self.row_step)?;
            rows.checked_add((pixel % self.row).checked_mul(self.pixel_step)?)
        };
        // The end of the last row, or of the one before it if that is longer.
        let last = pixels - 1;
        let before = (last / self.row * self.row).saturating_sub(1);
        let last = place(last).zip(place(before)).map(|(a, b)| a.max(b));
        let end = last.and_then(|last| last.checked_add(farthest));
        end.is_some_and(|end| end < self.values.len())
    }
}

/// Computes `target[pixel] = clip(source[pixel] * matrix + bias + residual[pixel])`.
///
/// `residual` and `target` are `[pixels, columns]`; in `target`, `gap` values after each row of the
/// source are left unchanged.
///
/// # Panics
/// If a slice is shorter than required.
#[expect(
    clippy::too_many_arguments,
    reason = "one call, all arguments different"
)]
pub(crate) fn multiply(
    instructions: Instructions,
    pixels: usize,
    source: Source<'_>,
    matrix: Matrix<'_>,
    residual: Option<&[f32]>,
    bounds: Bounds,
    target: &mut [f32],
    gap: usize,
) {
    let Matrix { depth, columns, .. } = matrix;
    assert!(
        depth > 0 && columns > 0 && source.row > 0,
        "no empty products"
    );
    if pixels == 0 {
        return;
    }
    let panels = columns.div_ceil(LINE);
    // Saturating, because no slice is as long as a product that overflows.
    let results = pixels.saturating_mul(columns);
    let gaps = ((pixels - 1) / source.row).saturating_mul(gap);
    assert!(matrix.weights.len() >= panels.saturating_mul(depth) && matrix.bias.len() >= panels);
    assert!(source.holds(pixels, depth));
    assert!(target.len() >= results.saturating_add(gaps));
    assert!(residual.is_none_or(|residual| residual.len() >= results));
    let job = Job {
        pixels,
        depth,
        columns,
        row: source.row,
        source: source.values.as_ptr(),
        pixel_step: source.pixel_step,
        row_step: source.row_step,
        steps: source.steps.map_or(std::ptr::null(), <[u32]>::as_ptr),
        weights: matrix.weights.as_ptr().cast(),
        bias: matrix.bias.as_ptr().cast(),
        residual: residual.map_or(std::ptr::null(), <[f32]>::as_ptr),
        bounds,
        target: target.as_mut_ptr(),
        gap,
    };
    // Safety: the lengths were just checked, and `instructions` are only those that the processor
    // has.
    unsafe {
        match instructions {
            Instructions::Portable => portable(&job),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2(&job),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512(&job),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => neon(&job),
        }
    }
}

struct Job {
    pixels: usize,
    depth: usize,
    columns: usize,
    row: usize,
    source: *const f32,
    pixel_step: usize,
    row_step: usize,
    /// Null if the factors are adjacent.
    steps: *const u32,
    weights: *const f32,
    bias: *const f32,
    /// Null if there is no residual.
    residual: *const f32,
    bounds: Bounds,
    target: *mut f32,
    gap: usize,
}

/// Maximum bytes of weights for which all columns of some pixels are computed before the next
/// pixels. Larger weights are streamed through the cache once, and the pixels many times.
const SMALL_WEIGHTS: usize = 192 * 1024;

/// Number of pixels whose columns are then computed together; a multiple of the pixels of a tile.
const BLOCK: usize = 48;

unsafe fn portable(job: &Job) {
    unsafe { blocks::<super::portable::Portable, false>(job, 0..job.columns) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(job: &Job) {
    unsafe { blocks::<super::x86::Ymm, false>(job, 0..job.columns) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn avx512(job: &Job) {
    // A half-empty register costs as much as a full one, so one of half the size computes the rest.
    let rest = job.columns % LINE;
    let narrow = if rest <= LINE / 2 { rest } else { 0 };
    let wide = job.columns - narrow;
    unsafe {
        blocks::<super::x86::Zmm, true>(job, 0..wide);
        if narrow > 0 {
            blocks::<super::x86::Ymm, false>(job, wide..job.columns);
        }
    }
}

#[cfg(target_arch = "aarch64")]
unsafe fn neon(job: &Job) {
    unsafe { blocks::<super::neon::Neon, true>(job, 0..job.columns) }
}

#[inline(always)]
unsafe fn blocks<V: Vector, const WIDE: bool>(job: &Job, columns: Range<usize>) {
    let small = job.depth * columns.len() * size_of::<f32>() <= SMALL_WEIGHTS;
    let block = if small { BLOCK } else { job.pixels };
    let mut first = 0;
    while first < job.pixels {
        let end = job.pixels.min(first + block);
        unsafe { share::<V, WIDE>(job, columns.clone(), first, end) }
        first = end;
    }
}

/// Computes these columns of the pixels from `first` to `end`; they begin where a vector does. With
/// 32 registers (`WIDE`) there are up to 24 sums at a time, with 16 there are 12; the other
/// registers hold weights and a factor.
#[inline(always)]
unsafe fn share<V: Vector, const WIDE: bool>(
    job: &Job,
    columns: Range<usize>,
    first: usize,
    end: usize,
) {
    let vectors = columns.end.div_ceil(V::LANES);
    let mut vector = columns.start / V::LANES;
    while vector < vectors {
        unsafe {
            vector += match (vectors - vector, WIDE) {
                (1, _) => tiles::<V, 8, 1>(job, vector, first, end),
                (_, false) => tiles::<V, 6, 2>(job, vector, first, end),
                (2 | 4, true) => tiles::<V, 8, 2>(job, vector, first, end),
                (_, true) => tiles::<V, 8, 3>(job, vector, first, end),
            };
        }
    }
}

/// Computes the pixels from `first` to `end`, `P` at a time, in `N` vectors of columns; returns
/// `N`.
#[inline(always)]
unsafe fn tiles<V: Vector, const P: usize, const N: usize>(
    job: &Job,
    vector: usize,
    first: usize,
    end: usize,
) -> usize {
    let mut pixel = first;
    while pixel < end {
        let left = end - pixel;
        // Two tiles of half the size wait less for their sums than a full one and the rest.
        let now = match left {
            left if left >= 2 * P || left == P => P,
            left if left > P => left.div_ceil(2),
            left => left,
        };
        unsafe {
            match now {
                1 => tile::<V, 1, N>(job, vector, pixel),
                2 => tile::<V, 2, N>(job, vector, pixel),
                3 => tile::<V, 3, N>(job, vector, pixel),
                4 => tile::<V, 4, N>(job, vector, pixel),
                5 if P > 5 => tile::<V, 5, N>(job, vector, pixel),
                6 if P > 6 => tile::<V, 6, N>(job, vector, pixel),
                7 if P > 7 => tile::<V, 7, N>(job, vector, pixel),
                _ => tile::<V, P, N>(job, vector, pixel),
            }
        }
        pixel += now;
    }
    N
}

#[inline(always)]
unsafe fn tile<V: Vector, const P: usize, const N: usize>(job: &Job, vector: usize, pixel: usize) {
    // Safety: all positions are within what `multiply` checked: `vector + N` vectors cover at most
    // the panels, `pixel + P` pixels at most all pixels.
    unsafe {
        let column = vector * V::LANES;
        // Rows are counted, not divided for every pixel: a division takes as long as a sum.
        let (mut line, mut x) = (pixel / job.row, pixel % job.row);
        let mut targets = [std::ptr::null_mut(); P];
        let sources: [*const f32; P] = std::array::from_fn(|p| {
            let place = (pixel + p) * job.columns + line * job.gap + column;
            targets[p] = job.target.add(place);
            let source = job.source.add(line * job.row_step + x * job.pixel_step);
            x += 1;
            if x == job.row {
                (line, x) = (line + 1, 0);
            }
            source
        });
        let sums = if job.steps.is_null() {
            sums::<V, P, N>(job, column, &sources, |k| k)
        } else {
            sums::<V, P, N>(job, column, &sources, |k| *job.steps.add(k) as usize)
        };
        for (p, (sums, target)) in sums.iter().zip(targets).enumerate() {
            let place = (pixel + p) * job.columns + column;
            let residual = (!job.residual.is_null()).then(|| job.residual.add(place));
            store(job, column, sums, residual, target);
        }
    }
}

#[inline(always)]
unsafe fn sums<V: Vector, const P: usize, const N: usize>(
    job: &Job,
    column: usize,
    sources: &[*const f32; P],
    step: impl Fn(usize) -> usize,
) -> [[V; N]; P] {
    // Safety: as in `tile`.
    unsafe {
        let weights: [*const f32; N] = std::array::from_fn(|n| {
            let column = column + n * V::LANES;
            job.weights
                .add(column / LINE * LINE * job.depth + column % LINE)
        });
        let bias: [V; N] = std::array::from_fn(|n| V::load(job.bias.add(column + n * V::LANES)));
        let mut sums = [bias; P];
        for k in 0..job.depth {
            let row: [V; N] = std::array::from_fn(|n| V::load(weights[n].add(k * LINE)));
            let step = step(k);
            for (source, sums) in sources.iter().zip(&mut sums) {
                let factor = V::splat(*source.add(step));
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum = factor.mul_add(weight, *sum);
                }
            }
        }
        sums
    }
}

/// Stores the columns of one pixel from `column` on.
#[inline(always)]
unsafe fn store<V: Vector, const N: usize>(
    job: &Job,
    column: usize,
    sums: &[V; N],
    residual: Option<*const f32>,
    target: *mut f32,
) {
    // Safety: as in `tile`; nothing beyond the last column is read or written.
    unsafe {
        let least = V::splat(job.bounds.least);
        let greatest = V::splat(job.bounds.greatest);
        for (n, &sum) in sums.iter().enumerate() {
            let offset = n * V::LANES;
            let there = job.columns - column - offset;
            if there >= V::LANES {
                let mut sum = sum;
                if let Some(residual) = residual {
                    sum = sum.add(V::load(residual.add(offset)));
                }
                sum.max(least).min(greatest).store(target.add(offset));
                continue;
            }
            let mut values = [0.0; LINE];
            if let Some(residual) = residual {
                residual.add(offset).copy_to(values.as_mut_ptr(), there);
            }
            let sum = sum.add(V::load(values.as_ptr()));
            sum.max(least).min(greatest).store(values.as_mut_ptr());
            target.add(offset).copy_from(values.as_ptr(), there);
        }
    }
}
