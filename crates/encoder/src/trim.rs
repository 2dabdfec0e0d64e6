//! Trims margins: the frame around a product in shops and screenshots has no information about it,
//! and makes it small in the network's input.
//!
//! A margin is a stretch of lines, from one side inwards, whose pixels all have nearly the color of
//! the outermost line. So white paper, black bars and different colors on each side are found
//! alike, and JPEG's noise does not matter. In an image with transparent margins exactly these are
//! trimmed, whatever the colors.
//!
//! The rest is never only a speck, and it keeps as much of the margins as the network's own crop
//! needs to leave the subject whole. Narrow margins stay: trimming them gains little, and their
//! edges move with every new compression.

mod margins;

use crate::decoded::Decoded;
use crate::pixel_rect::PixelRect;
use crate::preprocessing::Preprocessing;
use crate::region::swaps_sides;

/// Minimum size of a subject: its longer side as a share of the image's, and in pixels.
const MIN_SHARE: f64 = 1.0 / 12.0;
const MIN_PIXELS: u32 = 32;
/// Maximum share of the image that may remain. Margins of a tenth of each side leave more and stay.
const MAX_REMAINING: f64 = 0.65;

/// Returns the part of an image without its margins, as stored; `None` if trimming gains little, or
/// nothing could be a subject.
pub(crate) fn content_bounds(
    decoded: &Decoded,
    preprocessing: &Preprocessing,
) -> Option<PixelRect> {
    let whole = PixelRect::whole(decoded.width, decoded.height);
    let inner = match decoded.visible {
        Some(visible) => visible,
        None => decoded.in_whole_pixels(&margins::inside(&decoded.pixels)?),
    };
    let longer = inner.width.max(inner.height);
    let least = MIN_SHARE * f64::from(whole.width.max(whole.height));
    if longer < MIN_PIXELS || f64::from(longer) < least {
        return None;
    }
    let aspect = f64::from(preprocessing.width) / f64::from(preprocessing.height);
    let aspect = match swaps_sides(decoded.orientation) {
        true => 1.0 / aspect,
        false => aspect,
    };
    let (width, height) = (f64::from(inner.width), f64::from(inner.height));
    let wanted = (
        width.max(height * aspect).ceil() as u32,
        height.max(width / aspect).ceil() as u32,
    );
    let (left, right) = placed(inner.left, inner.width, wanted.0, whole.width);
    let (top, bottom) = placed(inner.top, inner.height, wanted.1, whole.height);
    let rect = PixelRect::between(left, top, right, bottom);
    (rect.area() < MAX_REMAINING * whole.area()).then_some(rect)
}

/// Returns a stretch of `wanted` pixels around one of `length`, moved and cut at the ends of
/// `side`.
fn placed(start: u32, length: u32, wanted: u32, side: u32) -> (u32, u32) {
    let wanted = wanted.min(side);
    let before = (wanted.max(length) - length) / 2;
    let first = start.saturating_sub(before).min(side - wanted);
    (first, first + wanted)
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;
    use image::{Rgb, RgbImage, imageops};

    use super::*;
    use crate::preprocessing::tests::sample;

    /// Draws a subject with a strong pattern on a sheet.
    fn sheet(size: (u32, u32), subject: PixelRect, color: [u8; 3]) -> RgbImage {
        let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb(color));
        let pattern = RgbImage::from_fn(subject.width, subject.height, |x, y| {
            Rgb([
                (x * 37 % 256) as u8,
                (y * 59 % 256) as u8,
                ((x + y) * 11 % 256) as u8,
            ])
        });
        imageops::replace(
            &mut sheet,
            &pattern,
            subject.left.into(),
            subject.top.into(),
        );
        sheet
    }

    fn found(image: RgbImage) -> Option<PixelRect> {
        content_bounds(&Decoded::whole(image, Orientation::NoTransforms), &sample())
    }

    #[test]
    fn a_square_subject_is_left_exactly() {
        let square = PixelRect::between(500, 400, 800, 700);
        for color in [[255; 3], [0; 3], [246, 243, 238]] {
            assert_eq!(found(sheet((1300, 1300), square, color)), Some(square));
        }
    }

    #[test]
    fn a_long_subject_is_left_with_as_much_as_makes_it_square() {
        let long = PixelRect::between(200, 100, 500, 200);
        let expected = PixelRect::between(200, 0, 500, 300);
        assert_eq!(found(sheet((1000, 1000), long, [255; 3])), Some(expected));
        // At the edge of the image, there is no more.
        let high = PixelRect::between(0, 0, 100, 600);
        let expected = PixelRect::between(0, 0, 600, 600);
        assert_eq!(found(sheet((1200, 900), high, [255; 3])), Some(expected));
    }

    #[test]
    fn narrow_margins_and_specks_are_left() {
        let most = PixelRect::between(100, 100, 920, 920);
        assert_eq!(found(sheet((1000, 1000), most, [255; 3])), None);
        let speck = PixelRect::between(500, 500, 520, 520);
        assert_eq!(found(sheet((1000, 1000), speck, [255; 3])), None);
        assert_eq!(found(RgbImage::from_pixel(400, 300, Rgb([9, 9, 9]))), None);
    }
}
