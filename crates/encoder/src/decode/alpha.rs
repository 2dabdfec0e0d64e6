//! Transparency: images are shown on white, as in shops.

use image::RgbImage;

use super::seen::{SEEN, Seen};

/// Puts RGBA on white, in the memory of the RGBA, and returns the visible part; `None` if there are
/// fewer bytes than the sides require.
pub(crate) fn on_white(width: u32, height: u32, mut rgba: Vec<u8>) -> Option<(RgbImage, Seen)> {
    let mut seen = Seen::NOTHING;
    let row = width as usize;
    for y in 0..height {
        let mut edges: Option<(u32, u32)> = None;
        for x in 0..width {
            // Three bytes replace four, so what is overwritten was already read.
            let pixel = y as usize * row + x as usize;
            let [red, green, blue, alpha] = *rgba.get(pixel * 4..)?.first_chunk::<4>()?;
            let flat = [red, green, blue].map(|channel| over_white(channel, alpha));
            rgba[pixel * 3..pixel * 3 + 3].copy_from_slice(&flat);
            if alpha >= SEEN {
                edges = Some((edges.map_or(x, |(first, _)| first), x));
            }
        }
        if let Some((first, last)) = edges {
            seen.add(y, first, last);
        }
    }
    rgba.truncate(row * height as usize * 3);
    Some((RgbImage::from_raw(width, height, rgba)?, seen))
}

/// Returns `channel` at opacity `alpha / 255` over 255, rounded to nearest.
pub(crate) fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let sum = channel * alpha + 255 * (255 - alpha);
    // At most 255, because the sum is at most 255 * 255.
    ((sum + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::pixel_rect::PixelRect;

    #[test]
    fn opaque_stays_transparent_turns_white_and_half_lies_between() {
        assert_eq!(over_white(0, 255), 0);
        assert_eq!(over_white(200, 255), 200);
        assert_eq!(over_white(0, 0), 255);
        assert_eq!(over_white(0, 128), 127);
        assert_eq!(over_white(255, 77), 255);
    }

    fn visible(image: RgbaImage) -> Option<PixelRect> {
        let (width, height) = image.dimensions();
        let (_, seen) = on_white(width, height, image.into_raw()).unwrap();
        seen.rect(width, height)
    }

    #[test]
    fn pixels_are_flattened_where_they_are() {
        let rgba = vec![0, 10, 20, 255, 0, 0, 0, 128, 1, 2, 3, 0];
        let (flat, seen) = on_white(1, 3, rgba).unwrap();
        assert_eq!(flat.into_raw(), [0, 10, 20, 127, 127, 127, 255, 255, 255]);
        assert_eq!(seen.rect(1, 3), Some(PixelRect::between(0, 0, 1, 2)));
        assert!(on_white(2, 2, vec![0; 15]).is_none());
    }

    #[test]
    fn the_visible_part_is_the_least_frame_around_it() {
        let mut image = RgbaImage::new(20, 10);
        assert_eq!(visible(image.clone()), None, "nothing is seen");
        for (x, y, alpha) in [(3, 4, 255), (12, 4, SEEN), (7, 8, 200), (19, 9, SEEN - 1)] {
            image.put_pixel(x, y, Rgba([9, 9, 9, alpha]));
        }
        assert_eq!(visible(image), Some(PixelRect::between(3, 4, 13, 9)));
        let full = RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 255]));
        assert_eq!(visible(full), None, "there is no margin");
    }
}
