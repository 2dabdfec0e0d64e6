//! Baseline JPEG at 1/8, 1/4 or 1/2 of its size, straight from the low frequencies of its blocks: what a
//! large photo takes is mostly the reading of coefficients, and most of those are not needed. Colour
//! that is stored at half the resolution comes out at the size of the rest, so nothing is interpolated.
//!
//! Only the common kind of file is read, and only when it is flawless and without fine patterns of strong
//! contrast, which would come out as moire; everything else is left to a complete decoder. ITU-T T.81
//! describes the format.

use image::RgbImage;

use super::colour;
use super::compressed::Compressed;
use super::header::{Component, Header};
use super::plane::Plane;

/// A frequency of this amplitude, or a contrast of some 20 of 256 steps, is not left out unseen: blocks
/// are reduced each for itself, and a pattern that is at odds with them shows as another, coarser one. At
/// 100 the tests find such patterns; at 60 the texture of detailed photos is taken for one.
const STRONG: f32 = 70.0;
/// One block in so many may have such frequencies: outlines are in few blocks, patterns in most.
const STRONG_SHARE: usize = 20;

/// What a file of the kind that is read here has at a size.
pub(super) enum Reduced {
    Picture(RgbImage),
    /// Fine patterns that would come out as others; fewer are lost at a larger size.
    Pattern,
}

/// The picture at `eighths` (1, 2 or 4) eighths of its size, sides rounded up. `None` when the file is of
/// another kind or has a flaw, and would be at any size.
pub(super) fn decode(bytes: &[u8], eighths: usize) -> Option<Reduced> {
    decode_without(bytes, eighths, STRONG)
}

/// The same, with frequencies of this amplitude for strong ones.
fn decode_without(bytes: &[u8], eighths: usize, strong: f32) -> Option<Reduced> {
    let mut rest = bytes;
    let header = Header::read(&mut rest, true)?;
    let (across, down) = header.most_blocks();
    let (width, height) = (header.width, header.height);
    let columns = width.div_ceil(8 * across);
    let ratio = |most: usize, own: usize| {
        let whole = own > 0 && most.is_multiple_of(own);
        whole.then(|| eighths * most / own)
    };
    let plane = |component: &Component| {
        let size = (
            ratio(across, component.across)?,
            ratio(down, component.down)?,
        );
        Plane::new(&header, component, size, (columns, 1), strong)
    };
    let planes = header.components.iter().map(plane);
    let mut planes = planes.collect::<Option<Vec<_>>>()?;

    let size = (
        (width * eighths).div_ceil(8),
        (height * eighths).div_ceil(8),
    );
    let mut pixels = Vec::with_capacity(3 * size.0 * size.1);
    let mut data = Compressed::new(rest, header.restart_interval)?;
    let strips = height.div_ceil(8 * down);
    for strip in 0..strips {
        data.read_strip(&mut planes, columns, strip, 0)?;
        let pattern = |plane: &Plane<'_>| {
            let blocks = columns * plane.across * strips * plane.down;
            plane.strong > blocks / STRONG_SHARE
        };
        if planes.iter().any(pattern) {
            return Some(Reduced::Pattern);
        }
        let rows = (down * eighths).min(size.1 - strip * down * eighths);
        let stride = columns * across * eighths;
        for row in 0..rows {
            let samples = planes
                .iter()
                .map(|plane| &plane.samples[row * stride..][..size.0]);
            colour::append(samples, &mut pixels);
        }
    }
    if !data.is_last() {
        return None;
    }
    RgbImage::from_raw(size.0 as u32, size.1 as u32, pixels).map(Reduced::Picture)
}

#[cfg(test)]
pub(super) mod tests;
