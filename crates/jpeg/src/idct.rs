use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::block::Block;

/// The inverse transform of a block of 8x8 coefficients to `width` x `height` samples, each 1, 2, 4
/// or 8: that of this size, of as many low frequencies. Frequencies that the smaller block cannot
/// show are removed, and with them the moire that taking every second sample would cause.
pub(crate) struct Inverse {
    across: [[f32; 8]; 8],
    down: [[f32; 8]; 8],
    transform: Transform,
}

/// Writes a block to rows with a stride.
type Transform = fn(&Inverse, &Block, &mut [u8], usize);

/// Selects the function for a width, by height.
macro_rules! by_height {
    ($width:literal, $height:expr) => {
        match $height {
            1 => Some(transform::<$width, 1>),
            2 => Some(transform::<$width, 2>),
            4 => Some(transform::<$width, 4>),
            8 => Some(transform::<$width, 8>),
            _ => None,
        }
    };
}

impl Inverse {
    /// Prepares a transform; `None` for sizes that are not in the list above.
    pub(crate) fn new(width: usize, height: usize) -> Option<Inverse> {
        let transform: Option<Transform> = match width {
            1 => by_height!(1, height),
            2 => by_height!(2, height),
            4 => by_height!(4, height),
            8 => by_height!(8, height),
            _ => None,
        };
        Some(Inverse {
            across: basis(width),
            down: basis(height),
            transform: transform?,
        })
    }

    /// Writes the samples to rows `stride` apart, rounded to nearest: the network notices half a
    /// step in a flat image.
    #[inline]
    pub(crate) fn apply(&self, block: &Block, samples: &mut [u8], stride: usize) {
        (self.transform)(self, block, samples, stride);
    }
}

/// For each frequency and sample: half of the cosine, the mean times the square root of one eighth.
pub(crate) fn basis(size: usize) -> [[f32; 8]; 8] {
    let wave = |frequency: usize, sample: usize| {
        let angle = (2 * sample + 1) as f64 * frequency as f64 * PI / (2 * size) as f64;
        let scale = if frequency == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        (scale * angle.cos() / 2.0) as f32
    };
    std::array::from_fn(|frequency| std::array::from_fn(|sample| wave(frequency, sample)))
}

fn transform<const WIDTH: usize, const HEIGHT: usize>(
    inverse: &Inverse,
    block: &Block,
    samples: &mut [u8],
    stride: usize,
) {
    let rows = samples.chunks_mut(stride).take(HEIGHT);
    if block.flat || WIDTH * HEIGHT == 1 {
        let mean = sample(block.values[0] / 8.0);
        rows.for_each(|row| row[..WIDTH].fill(mean));
        return;
    }
    let (frequencies, _) = block.values.as_chunks::<8>();
    let frequencies = &frequencies[..HEIGHT.min(block.last_row + 1)];
    // Waves of even frequency are the same from both ends of a side, those of odd frequency the
    // opposite: the sums of each kind, for the samples of one half, give both halves.
    let waves = &inverse.across[..WIDTH.min(block.last_column + 1)];
    let mut lines = [[0.0; WIDTH]; HEIGHT];
    for y in 0..HEIGHT.div_ceil(2) {
        let mut sums = [[0.0; WIDTH]; 2];
        for (frequency, (values, wave)) in frequencies.iter().zip(&inverse.down).enumerate() {
            for (sum, value) in sums[frequency % 2].iter_mut().zip(values) {
                *sum += wave[y] * value;
            }
        }
        let [even, odd] = sums;
        lines[HEIGHT - 1 - y] = std::array::from_fn(|x| even[x] - odd[x]);
        lines[y] = std::array::from_fn(|x| even[x] + odd[x]);
    }
    for (line, row) in lines.iter().zip(rows) {
        let mut sums = [[0.0; HALF]; 2];
        for (frequency, (value, wave)) in line.iter().zip(waves).enumerate() {
            for (sum, wave) in sums[frequency % 2].iter_mut().zip(wave) {
                *sum += value * wave;
            }
        }
        let [even, odd] = sums;
        for x in 0..WIDTH.div_ceil(2) {
            row[WIDTH - 1 - x] = sample(even[x] - odd[x]);
            row[x] = sample(even[x] + odd[x]);
        }
    }
}

/// Half of the longest side.
const HALF: usize = 4;

/// Converts to a sample: zero stands for the middle of the range, and values out of range are
/// clamped.
pub(crate) fn sample(value: f32) -> u8 {
    (value + 128.5) as u8
}
