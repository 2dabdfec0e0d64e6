//! Baseline JPEG at its own size. `jpeg-decoder` does the same, but hands every row to a thread of its component,
//! which costs more than it brings where every core has a picture of its own.
//!
//! As in [`super::reduced`], only the common kind of file is read, and only when it is flawless.

use image::RgbImage;

use super::colour;
use super::compressed::Compressed;
use super::header::{Component, Header};
use super::plane::Plane;

/// `None` when the file is of another kind or has a flaw.
pub(super) fn decode(bytes: &[u8]) -> Option<RgbImage> {
    let mut rest = bytes;
    let header = Header::read(&mut rest, false)?;
    let (across, down) = header.most_blocks();
    let (width, height) = (header.width, header.height);
    let columns = width.div_ceil(8 * across);
    let strips = height.div_ceil(8 * down);
    let mut data = Compressed::new(rest, header.restart_interval)?;
    let plane = |component: &Component| {
        let stretch = Stretch {
            across: doubles(component.across, across)?,
            down: doubles(component.down, down)?,
        };
        let plane = Plane::new(&header, component, (8, 8), (columns, strips), f32::INFINITY)?;
        Some((plane, stretch))
    };
    let planes = header.components.iter().map(plane);
    let (mut planes, stretches): (Vec<_>, Vec<_>) =
        planes.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    for strip in 0..strips {
        data.read_strip(&mut planes, columns, strip, strip)?;
    }
    if !data.is_last() {
        return None;
    }

    let mut pixels = Vec::with_capacity(3 * width * height);
    let mut lines: Vec<Line> = planes.iter().map(|_| Line::default()).collect();
    for row in 0..height {
        for ((line, plane), stretch) in lines.iter_mut().zip(&planes).zip(&stretches) {
            line.read(plane, stretch, row, (width, height));
        }
        colour::append(lines.iter().map(|line| &line.samples[..width]), &mut pixels);
    }
    RgbImage::from_raw(width as u32, height as u32, pixels)
}

/// Whether a side of a component is stored at half of the size of the largest; `None` for other parts of it.
fn doubles(own: usize, most: usize) -> Option<bool> {
    match own {
        0 => None,
        _ if own == most => Some(false),
        _ if 2 * own == most => Some(true),
        _ => None,
    }
}

/// Which sides of a component are stored at half size.
struct Stretch {
    across: bool,
    down: bool,
}

/// A row of a component at the size of the picture.
#[derive(Default)]
struct Line {
    samples: Vec<u8>,
    /// Sums of the nearer row, three times, and the farther one.
    sums: Vec<u16>,
}

impl Line {
    /// Between stored samples, those at hand count by how near they are, three quarters and one quarter, as in
    /// `jpeg-decoder`; at the edges of the picture there is but one.
    fn read(&mut self, plane: &Plane<'_>, stretch: &Stretch, row: usize, picture: (usize, usize)) {
        let stored = |side: usize, half: bool| if half { side.div_ceil(2) } else { side };
        let width = stored(picture.0, stretch.across);
        let height = stored(picture.1, stretch.down);
        let stored_row = |row: usize| &plane.samples[row * plane.stride..][..width];
        let (near, far) = match stretch.down {
            false => (row, row),
            // The upper half of a stored row is nearer to the one above, the lower one to the one below.
            true if row.is_multiple_of(2) => (row / 2, (row / 2).saturating_sub(1)),
            true => (row / 2, (row / 2 + 1).min(height - 1)),
        };
        let (near, far) = (stored_row(near), stored_row(far));
        self.samples.clear();
        match (stretch.across, stretch.down) {
            (false, false) => self.samples.extend_from_slice(near),
            (false, true) => {
                let between = near.iter().zip(far).map(|(&near, &far)| sum(near, far));
                self.samples
                    .extend(between.map(|sum| ((sum + 2) >> 2) as u8));
            }
            (true, false) => {
                self.sums.clear();
                self.sums.extend(near.iter().map(|&near| u16::from(near)));
                self.stretch(2, 2);
            }
            (true, true) => {
                self.sums.clear();
                let sums = near.iter().zip(far).map(|(&near, &far)| sum(near, far));
                self.sums.extend(sums);
                self.stretch(8, 4);
            }
        }
    }

    /// Twice as many samples as there are sums: each of three quarters of one and a quarter of its neighbour,
    /// rounded by `half` and divided by two to the power of `bits`.
    fn stretch(&mut self, half: u16, bits: u32) {
        let count = self.sums.len();
        self.samples.resize(2 * count, 0);
        let (pairs, _) = self.samples.as_chunks_mut::<2>();
        let mixed = |own: u16, other: u16| ((3 * own + other + half) >> bits) as u8;
        // At the ends there is no neighbour: the sample alone, rounded as `jpeg-decoder` rounds it.
        let alone = |own: u16| ((4 * own + if bits == 4 { 8 } else { 0 }) >> bits) as u8;
        let (Some(&first), Some(&last)) = (self.sums.first(), self.sums.last()) else {
            return;
        };
        if let Some(inner) = pairs.get_mut(1..count - 1) {
            for (pair, sums) in inner.iter_mut().zip(self.sums.array_windows::<3>()) {
                *pair = [mixed(sums[1], sums[0]), mixed(sums[1], sums[2])];
            }
        }
        pairs[0] = [alone(first), alone(first)];
        pairs[count - 1] = [alone(last), alone(last)];
        if count > 1 {
            pairs[0][1] = mixed(first, self.sums[1]);
            pairs[count - 1][0] = mixed(last, self.sums[count - 2]);
        }
    }
}

fn sum(near: u8, far: u8) -> u16 {
    3 * u16::from(near) + u16::from(far)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::RgbImage;
    use jpeg_encoder::{ColorType, SamplingFactor};
    use proptest::prelude::*;

    use super::super::reduced::tests::{damaged, file};
    use super::decode;

    fn complete(file: &[u8]) -> RgbImage {
        let mut decoder = jpeg_decoder::Decoder::new(file);
        let samples = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        let samples = match info.pixel_format {
            jpeg_decoder::PixelFormat::L8 => samples.into_iter().flat_map(|s| [s; 3]).collect(),
            _ => samples,
        };
        RgbImage::from_raw(info.width.into(), info.height.into(), samples).unwrap()
    }

    /// Largest difference of a sample, and the mean of all.
    fn difference(a: &RgbImage, b: &RgbImage) -> (u8, f64) {
        assert_eq!(a.dimensions(), b.dimensions());
        let pairs = a.as_raw().iter().zip(b.as_raw());
        let most = pairs.clone().map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let sum: f64 = pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)).sum();
        (most, sum / a.as_raw().len() as f64)
    }

    #[test]
    fn the_picture_is_that_of_a_complete_decoder() {
        for (kind, sampling) in [
            (ColorType::Rgb, SamplingFactor::F_1_1),
            (ColorType::Rgb, SamplingFactor::F_2_1),
            (ColorType::Rgb, SamplingFactor::F_1_2),
            (ColorType::Rgb, SamplingFactor::F_2_2),
            (ColorType::Luma, SamplingFactor::F_1_1),
        ] {
            for size in [
                (1, 1),
                (2, 3),
                (3, 2),
                (8, 8),
                (16, 17),
                (17, 16),
                (70, 51),
                (131, 64),
            ] {
                for restart in [0, 3] {
                    let file = file(size, kind, sampling, restart);
                    let (most, mean) = difference(&decode(&file).unwrap(), &complete(&file));
                    // The transforms round each in its own way, and 1.77 is the largest factor of a colour.
                    assert!(most <= 3, "{kind:?} {sampling:?} {size:?}: {most}");
                    let large = size.0 * size.1 > 1000;
                    assert!(mean.abs() < 0.05 || !large, "{sampling:?} {size:?}: {mean}");
                }
            }
        }
    }

    /// Sampling factors that divide by nothing, or make much of little.
    #[test]
    fn no_sampling_is_as_good_as_another_kind() {
        let good = file((64, 64), ColorType::Rgb, SamplingFactor::F_2_2, 0);
        let frame = good
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .unwrap();
        for sampling in [0x00, 0x02, 0x20, 0x51, 0xFF] {
            for component in 0..3 {
                let mut bad = good.clone();
                bad[frame + 11 + 3 * component] = sampling;
                assert!(decode(&bad).is_none(), "{sampling:#x}");
            }
        }
    }

    #[test]
    fn other_kinds_and_flaws_are_left_to_others() {
        let good = file((64, 64), ColorType::Rgb, SamplingFactor::F_2_2, 4);
        assert!(decode(&good).is_some());
        for end in [0, 2, 3, 20, good.len() / 2, good.len() - 2, good.len() - 1] {
            assert!(decode(&good[..end]).is_none(), "cut at {end}");
        }
        let quarter = file((64, 64), ColorType::Rgb, SamplingFactor::F_4_1, 0);
        assert!(decode(&quarter).is_none());
        complete(&quarter);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the bytes, nothing panics.
        #[test]
        fn changed_bytes(file in damaged(SamplingFactor::F_2_1)) {
            decode(&file);
        }
    }
}
