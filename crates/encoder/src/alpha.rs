//! Transparency: pictures are seen on white, as shops show them.

use image::{DynamicImage, ImageBuffer, Pixel, RgbImage, RgbaImage};

use crate::frame::Frame;

/// The least opacity at which something is seen: shadows and soft edges fade out below.
const SEEN: u8 = 16;

/// Eight-bit RGB of any decoded picture. Transparent pixels are composited on white; sixteen bits are
/// scaled to eight and rounded, grey is repeated.
pub(crate) fn flatten(picture: DynamicImage) -> RgbImage {
    if picture.color().has_alpha() {
        on_white(&picture.into_rgba8())
    } else {
        picture.into_rgb8()
    }
}

/// The part of a picture that is not transparent; `None` when that is all of it, or nothing.
pub(crate) fn visible(picture: &DynamicImage) -> Option<Frame> {
    match picture {
        DynamicImage::ImageRgba8(picture) => seen(picture, |pixel| pixel.0[3] >= SEEN),
        DynamicImage::ImageLumaA8(picture) => seen(picture, |pixel| pixel.0[1] >= SEEN),
        deep if deep.color().has_alpha() => seen(&deep.to_rgba8(), |pixel| pixel.0[3] >= SEEN),
        _ => None,
    }
}

/// The least frame around all pixels that are seen.
fn seen<P: Pixel>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    is_seen: impl Fn(&P) -> bool,
) -> Option<Frame> {
    let (width, height) = picture.dimensions();
    let (mut left, mut right) = (width, 0);
    let (mut top, mut bottom) = (height, 0);
    for (y, mut row) in (0..).zip(picture.rows()) {
        let Some(first) = row.position(&is_seen) else {
            continue;
        };
        // What is left of the row lies behind the first.
        let last = row
            .rposition(&is_seen)
            .map_or(first, |place| first + 1 + place);
        left = left.min(first as u32);
        right = right.max(last as u32 + 1);
        top = top.min(y);
        bottom = y + 1;
    }
    if top >= bottom {
        return None;
    }
    let frame = Frame::between(left, top, right, bottom);
    (frame != Frame::whole(width, height)).then_some(frame)
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    let mut flat = RgbImage::new(picture.width(), picture.height());
    let (sources, _) = picture.as_raw().as_chunks::<4>();
    let (targets, _) = flat.as_flat_samples_mut().samples.as_chunks_mut::<3>();
    for (target, &[red, green, blue, alpha]) in targets.iter_mut().zip(sources) {
        *target = [red, green, blue].map(|channel| over_white(channel, alpha));
    }
    flat
}

/// `channel` at opacity `alpha / 255` over 255, rounded to nearest.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let sum = channel * alpha + 255 * (255 - alpha);
    // At most 255, because the sum is at most 255 * 255.
    ((sum + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayAlphaImage, LumaA, Rgba};

    #[test]
    fn opaque_stays_transparent_turns_white_and_half_lies_between() {
        assert_eq!(over_white(0, 255), 0);
        assert_eq!(over_white(200, 255), 200);
        assert_eq!(over_white(0, 0), 255);
        assert_eq!(over_white(0, 128), 127);
        assert_eq!(over_white(255, 77), 255);
    }

    #[test]
    fn grey_with_alpha_and_sixteen_bits_are_flattened_alike() {
        let grey = GrayAlphaImage::from_pixel(2, 1, LumaA([0, 128]));
        assert_eq!(flatten(grey.into()).into_raw(), [127; 6]);
        let deep = ImageBuffer::from_pixel(1, 1, Rgba([0u16, 0, 65535, 32896]));
        assert_eq!(
            flatten(DynamicImage::ImageRgba16(deep)).into_raw(),
            [127, 127, 255]
        );
    }

    #[test]
    fn the_visible_part_is_the_least_frame_around_it() {
        let mut picture = RgbaImage::new(20, 10);
        assert_eq!(visible(&picture.clone().into()), None, "nothing is seen");
        for (x, y, alpha) in [(3, 4, 255), (12, 4, SEEN), (7, 8, 200), (19, 9, SEEN - 1)] {
            picture.put_pixel(x, y, Rgba([9, 9, 9, alpha]));
        }
        let expected = Some(Frame::between(3, 4, 13, 9));
        assert_eq!(visible(&picture.clone().into()), expected);
        assert_eq!(
            visible(&DynamicImage::ImageRgba8(picture).into_rgba16().into()),
            expected
        );
        let full = RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 255]));
        assert_eq!(visible(&full.into()), None, "there is no margin");
        assert_eq!(visible(&RgbImage::new(4, 4).into()), None);
    }
}
