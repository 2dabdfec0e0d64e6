use image::RgbImage;
use image::metadata::Orientation;

use crate::augmentation::Augmentation;
use crate::decode_scale::DecodeScale;
use crate::pixel_rect::PixelRect;
use crate::preprocessing::Preprocessing;
use crate::region::swaps_sides;

/// A decoded image, or a part of one: eight-bit RGB as stored, and its orientation.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) pixels: RgbImage,
    pub(crate) orientation: Orientation,
    /// Sides of the image in the file, or of the part.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The size of `pixels` relative to those sides, rounded up.
    pub(crate) scale: DecodeScale,
    /// Start of the part in `pixels`, across and down, less than one pixel: 0 for a whole image.
    pub(crate) offset: (f64, f64),
    /// The part that is not transparent, if some of the image is.
    pub(crate) visible: Option<PixelRect>,
    /// The requested scale; `None` for formats that are decoded at one size only.
    pub(crate) requested: Option<DecodeScale>,
}

impl Decoded {
    /// Wraps an image with all its pixels.
    pub(crate) fn whole(pixels: RgbImage, orientation: Orientation) -> Decoded {
        Decoded {
            width: pixels.width(),
            height: pixels.height(),
            scale: DecodeScale::WHOLE,
            offset: (0.0, 0.0),
            visible: None,
            requested: None,
            pixels,
            orientation,
        }
    }

    /// Returns the same pixels, recorded as the decode for this augmentation of the part.
    pub(crate) fn requested_for(
        self,
        preprocessing: &Preprocessing,
        augmentation: &Augmentation,
    ) -> Decoded {
        Decoded {
            requested: self
                .requested
                .map(|_| self.needed(preprocessing, augmentation)),
            ..self
        }
    }

    /// True if decoding again for this augmentation would return the same pixels.
    pub(crate) fn suits(&self, preprocessing: &Preprocessing, augmentation: &Augmentation) -> bool {
        let needed = self.needed(preprocessing, augmentation);
        self.requested.is_none_or(|requested| requested == needed)
    }

    fn needed(&self, preprocessing: &Preprocessing, augmentation: &Augmentation) -> DecodeScale {
        DecodeScale::for_network(self.width, self.height, preprocessing, augmentation, None)
    }

    /// Converts a rectangle of the upright image to the image as stored.
    pub(crate) fn stored(&self, upright: &PixelRect) -> PixelRect {
        upright.as_stored(self.width, self.height, self.orientation)
    }

    /// Returns width and height of the upright image.
    pub(crate) fn upright_size(&self) -> (u32, u32) {
        match swaps_sides(self.orientation) {
            true => (self.height, self.width),
            false => (self.width, self.height),
        }
    }

    /// Returns a part of the stored image as if that were all of it. Nothing outside of the
    /// rectangle is visible, except the rest of a pixel that a reduced decode has at the edge.
    pub(crate) fn cut(self, rect: &PixelRect) -> Decoded {
        if *rect == PixelRect::whole(self.width, self.height) {
            return self;
        }
        let part = rect.region().scaled(self.scale.factor());
        let part = part.moved(self.offset);
        let (left, top) = (part.left.floor(), part.top.floor());
        let right = (part.left + part.width).ceil();
        let bottom = (part.top + part.height).ceil();
        // All are within the decoded pixels, whose sides are rounded up.
        let (x, y) = (left as u32, top as u32);
        let (width, height) = ((right - left) as u32, (bottom - top) as u32);
        let pixels = cut_in_place(self.pixels, (x, y), (width, height));
        let visible = self.visible.and_then(|visible| visible.and(rect));
        Decoded {
            pixels,
            width: rect.width,
            height: rect.height,
            offset: (part.left - left, part.top - top),
            visible: visible.map(|visible| visible.within(rect)),
            ..self
        }
    }

    /// Converts a rectangle of decoded pixels to pixels of the image: everything that any of them
    /// shows.
    pub(crate) fn in_whole_pixels(&self, rect: &PixelRect) -> PixelRect {
        // Exact, because factors are powers of two.
        let scale = 1.0 / self.scale.factor();
        let first = |edge: u32, offset: f64| (f64::from(edge) - offset).max(0.0) * scale;
        let last = |edge: u32, offset: f64, side: u32| {
            ((f64::from(edge) - offset) * scale).ceil().min(side.into()) as u32
        };
        let (across, down) = self.offset;
        PixelRect::between(
            first(rect.left, across).floor() as u32,
            first(rect.top, down).floor() as u32,
            last(rect.right(), across, self.width),
            last(rect.bottom(), down, self.height),
        )
    }
}

/// Cuts a part out of an image that contains it, within the memory of the image: a copy besides the
/// whole would raise the peak memory of embedding.
fn cut_in_place(image: RgbImage, (left, top): (u32, u32), (width, height): (u32, u32)) -> RgbImage {
    let stride = image.width() as usize * 3;
    let row = width as usize * 3;
    let mut samples = image.into_raw();
    for y in 0..height as usize {
        let start = (top as usize + y) * stride + left as usize * 3;
        // Rows only move towards the front, so rows that are not moved yet stay whole.
        samples.copy_within(start..start + row, y * row);
    }
    samples.truncate(height as usize * row);
    RgbImage::from_raw(width, height, samples).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::imageops;

    use super::*;

    #[test]
    fn a_cut_shows_the_same_pixels_in_every_orientation() {
        let image = image::RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let wanted = PixelRect::between(1, 2, 6, 5);
        for orientation in (1..=8).filter_map(Orientation::from_exif) {
            let decoded = Decoded::whole(image.clone(), orientation);
            let stored = decoded.stored(&wanted);
            let cut = decoded.cut(&stored);
            assert_eq!((cut.width, cut.height), cut.pixels.dimensions());
            let upright = |pixels: image::RgbImage| {
                let mut image = image::DynamicImage::from(pixels);
                image.apply_orientation(orientation);
                image.into_rgb8()
            };
            let PixelRect {
                left,
                top,
                width,
                height,
            } = wanted;
            let whole = upright(image.clone());
            let expected = imageops::crop_imm(&whole, left, top, width, height).to_image();
            assert_eq!(upright(cut.pixels), expected, "{orientation:?}");
        }
    }
}
