//! Transparency: pictures are seen on white, as shops show them.

use image::{DynamicImage, RgbImage, RgbaImage};

/// Eight-bit RGB of any decoded picture. Transparent pixels are composited on white; sixteen bits are
/// scaled to eight and rounded, grey is repeated.
pub(crate) fn flatten(picture: DynamicImage) -> RgbImage {
    if picture.color().has_alpha() {
        on_white(&picture.into_rgba8())
    } else {
        picture.into_rgb8()
    }
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
    use image::{GrayAlphaImage, ImageBuffer, LumaA, Rgba};

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
}
