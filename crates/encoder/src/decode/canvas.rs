use image::RgbImage;

use super::alpha::over_white;
use super::seen::{SEEN, Seen};
use crate::pixel_rect::PixelRect;

/// The samples of a pixel in order; eight bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Gray,
    GrayAlpha,
    Rgb,
    RgbAlpha,
}

/// A white image that is filled row by row, so that no second whole image is needed.
#[derive(Debug)]
pub(super) struct Canvas {
    pixels: RgbImage,
    seen: Seen,
}

impl Canvas {
    /// Allocates three bytes for each pixel.
    pub(super) fn white(width: u32, height: u32) -> Canvas {
        Canvas {
            pixels: RgbImage::from_pixel(width, height, image::Rgb([255; 3])),
            seen: Seen::NOTHING,
        }
    }

    /// Puts pixels on white from `x` and `y` to the right, at every `step`th position. Those beyond
    /// the edge are dropped.
    pub(super) fn put(&mut self, (x, y): (u32, u32), step: usize, channels: Channels, row: &[u8]) {
        match channels {
            Channels::Gray => self.write((x, y), step, row, |[gray]| [gray, gray, gray, 255]),
            Channels::GrayAlpha => {
                self.write((x, y), step, row, |[gray, alpha]| [gray, gray, gray, alpha]);
            }
            Channels::Rgb => self.write((x, y), step, row, |[r, g, b]| [r, g, b, 255]),
            Channels::RgbAlpha => self.write((x, y), step, row, |rgba| rgba),
        }
    }

    /// Puts the samples of one of three channels, as in planar files.
    pub(super) fn put_plane(&mut self, (x, y): (u32, u32), channel: usize, row: &[u8]) {
        for (pixel, sample) in self.row(x, y).iter_mut().zip(row) {
            pixel[channel] = *sample;
        }
        if let Some(last) = row.len().checked_sub(1) {
            self.mark(y, x, x + last as u32);
        }
    }

    fn write<const N: usize>(
        &mut self,
        (x, y): (u32, u32),
        step: usize,
        row: &[u8],
        rgba: impl Fn([u8; N]) -> [u8; 4],
    ) {
        let mut seen: Option<(u32, u32)> = None;
        let (samples, _) = row.as_chunks::<N>();
        let places = (x..).step_by(step);
        let targets = self.row(x, y).iter_mut().step_by(step);
        for ((target, &sample), place) in targets.zip(samples).zip(places) {
            let [red, green, blue, alpha] = rgba(sample);
            *target = match alpha {
                255 => [red, green, blue],
                _ => [red, green, blue].map(|channel| over_white(channel, alpha)),
            };
            if alpha >= SEEN {
                seen = Some((seen.map_or(place, |(first, _)| first), place));
            }
        }
        if let Some((first, last)) = seen {
            self.mark(y, first, last);
        }
    }

    fn mark(&mut self, y: u32, first: u32, last: u32) {
        if first < self.pixels.width() && y < self.pixels.height() {
            self.seen.add(y, first, last.min(self.pixels.width() - 1));
        }
    }

    /// Returns the pixels of a row from `x` on.
    fn row(&mut self, x: u32, y: u32) -> &mut [[u8; 3]] {
        let width = self.pixels.width() as usize;
        let (pixels, _) = self.pixels.as_chunks_mut::<3>();
        let row = pixels.get_mut(y as usize * width..).unwrap_or_default();
        let end = width.min(row.len());
        row.get_mut(x as usize..end).unwrap_or_default()
    }

    /// Returns the image, and its visible part if some of it is transparent.
    pub(super) fn finish(self) -> (RgbImage, Option<PixelRect>) {
        let visible = self.seen.rect(self.pixels.width(), self.pixels.height());
        (self.pixels, visible)
    }
}

/// Scales samples of sixteen bits, high byte first, to eight bits, rounded to nearest, in `target`.
pub(super) fn narrow(deep: &[u8], target: &mut Vec<u8>) {
    let (pairs, _) = deep.as_chunks::<2>();
    target.clear();
    let samples = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
    target.extend(samples.map(narrow_sample));
}

/// Scales a sample of sixteen bits to eight.
pub(super) fn narrow_sample(sample: u16) -> u8 {
    // At most 255: 65535 and 128 are less than 256 times 257.
    ((u32::from(sample) + 128) / 257) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_on_white_wherever_they_lie() {
        let mut canvas = Canvas::white(4, 2);
        canvas.put((1, 0), 2, Channels::GrayAlpha, &[0, 128, 7, 255, 9, 255]);
        canvas.put((3, 1), 1, Channels::Rgb, &[1, 2, 3, 4, 5, 6]);
        canvas.put((0, 7), 1, Channels::Gray, &[1, 2, 3]);
        let (pixels, visible) = canvas.finish();
        let white = [255; 3];
        let expected = [
            [white, [127; 3], white, [7; 3]].concat(),
            [white, white, white, [1, 2, 3]].concat(),
        ];
        assert_eq!(pixels.into_raw(), expected.concat());
        assert_eq!(visible, Some(PixelRect::between(1, 0, 4, 2)));
    }

    #[test]
    fn planes_make_up_pixels() {
        let mut canvas = Canvas::white(2, 1);
        for (channel, row) in [[1, 4], [2, 5], [3, 6]].iter().enumerate() {
            canvas.put_plane((0, 0), channel, row);
        }
        let (pixels, visible) = canvas.finish();
        assert_eq!(pixels.into_raw(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(visible, None);
    }

    #[test]
    fn sixteen_bits_are_rounded() {
        let mut target = vec![9; 9];
        narrow(&[0, 0, 0, 128, 0, 129, 0x80, 0x80, 255, 255], &mut target);
        assert_eq!(target, [0, 0, 1, 128, 255]);
    }
}
