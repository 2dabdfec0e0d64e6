//! The part of a picture that takes the place of the whole: whole pixels, cut out of what was decoded.

use image::RgbImage;
use image::metadata::Orientation;

use crate::PictureError;
use crate::area::{Crop, CropUnit};
use crate::decode::Decoded;
use crate::geometry::{self, Region, WHOLE};

/// By so many pixels a box may reach beyond its picture: whoever drew it on a smaller copy had to round.
const ROUNDING: f64 = 1.0;

/// A part of a picture, in its pixels: at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Frame {
    /// All of a picture of this size.
    pub(crate) fn whole(width: u32, height: u32) -> Frame {
        Frame {
            left: 0,
            top: 0,
            width,
            height,
        }
    }

    pub(crate) fn right(&self) -> u32 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> u32 {
        self.top + self.height
    }

    /// Its pixels.
    pub(crate) fn area(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height)
    }

    /// The frame between these edges, of which the latter two are outside of it.
    pub(crate) fn between(left: u32, top: u32, right: u32, bottom: u32) -> Frame {
        Frame {
            left,
            top,
            width: right - left,
            height: bottom - top,
        }
    }

    /// What it has in common with another; `None` when that is nothing.
    pub(crate) fn and(&self, other: &Frame) -> Option<Frame> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        (left < right && top < bottom).then(|| Frame::between(left, top, right, bottom))
    }

    /// The same, as seen from the corner of a frame that it lies in.
    pub(crate) fn within(&self, outer: &Frame) -> Frame {
        Frame {
            left: self.left - outer.left,
            top: self.top - outer.top,
            ..*self
        }
    }

    /// The reverse of [`Frame::within`].
    pub(crate) fn out_of(&self, outer: &Frame) -> Frame {
        Frame {
            left: self.left + outer.left,
            top: self.top + outer.top,
            ..*self
        }
    }

    /// Where a frame of the upright picture lies in the stored one, of `width` x `height` pixels.
    pub(crate) fn as_stored(&self, width: u32, height: u32, orientation: Orientation) -> Frame {
        let upright = self.region();
        let (width, height) = (f64::from(width), f64::from(height));
        let stored = geometry::as_stored(upright, width, height, orientation);
        // Differences of whole numbers are whole.
        Frame {
            left: stored.left as u32,
            top: stored.top as u32,
            width: stored.width as u32,
            height: stored.height as u32,
        }
    }

    fn region(&self) -> Region {
        Region {
            left: self.left.into(),
            top: self.top.into(),
            width: self.width.into(),
            height: self.height.into(),
        }
    }
}

impl Crop {
    /// The pixels of an upright picture that it means.
    pub(crate) fn frame(&self, width: u32, height: u32) -> Result<Frame, PictureError> {
        let refused = |fault: &'static str| PictureError::Crop {
            crop: self.to_string(),
            fault,
            width,
            height,
        };
        let (across, down) = match self.unit {
            CropUnit::Pixels => (1.0, 1.0),
            CropUnit::Shares => (f64::from(width), f64::from(height)),
        };
        if self.w <= 0.0 || self.h <= 0.0 {
            return Err(refused("is empty in the picture"));
        }
        let along = |start: f64, length: f64, side: u32| {
            let (whole, end) = (f64::from(side), start + length);
            let inside = start >= -ROUNDING && end <= whole + ROUNDING;
            let first = start.round().clamp(0.0, whole - 1.0);
            let last = end.round().clamp(first + 1.0, whole);
            inside.then_some((first as u32, last as u32))
        };
        let sides = (
            along(self.x * across, self.w * across, width),
            along(self.y * down, self.h * down, height),
        );
        match sides {
            (Some((left, right)), Some((top, bottom))) => {
                Ok(Frame::between(left, top, right, bottom))
            }
            _ => Err(refused("reaches beyond the picture")),
        }
    }
}

impl Decoded {
    /// The frame of the upright picture, in the picture as stored.
    pub(crate) fn stored(&self, upright: &Frame) -> Frame {
        upright.as_stored(self.width, self.height, self.orientation)
    }

    /// Width and height once it is upright.
    pub(crate) fn upright_size(&self) -> (u32, u32) {
        match geometry::swaps_sides(self.orientation) {
            true => (self.height, self.width),
            false => (self.width, self.height),
        }
    }

    /// A part of the stored picture as if that were all of it. Nothing outside of the frame is seen, but for
    /// the rest of a pixel that a smaller decode has at the edge.
    pub(crate) fn cut(self, frame: &Frame) -> Decoded {
        if *frame == Frame::whole(self.width, self.height) {
            return self;
        }
        let part = frame.region().at(self.eighths).moved(self.offset);
        let (left, top) = (part.left.floor(), part.top.floor());
        let right = (part.left + part.width).ceil();
        let bottom = (part.top + part.height).ceil();
        // All are within the decoded pixels, whose sides are rounded up.
        let (x, y) = (left as u32, top as u32);
        let (width, height) = ((right - left) as u32, (bottom - top) as u32);
        let pixels = cut_in_place(self.pixels, (x, y), (width, height));
        let visible = self.visible.and_then(|visible| visible.and(frame));
        Decoded {
            pixels,
            width: frame.width,
            height: frame.height,
            offset: (part.left - left, part.top - top),
            visible: visible.map(|visible| visible.within(frame)),
            ..self
        }
    }

    /// A frame that is given in decoded pixels, in those of the picture: all that any of the former shows.
    pub(crate) fn in_whole_pixels(&self, frame: &Frame) -> Frame {
        let scale = f64::from(WHOLE) / f64::from(self.eighths);
        let first = |edge: u32, offset: f64| (f64::from(edge) - offset).max(0.0) * scale;
        let last = |edge: u32, offset: f64, side: u32| {
            ((f64::from(edge) - offset) * scale).ceil().min(side.into()) as u32
        };
        let (across, down) = self.offset;
        Frame::between(
            first(frame.left, across).floor() as u32,
            first(frame.top, down).floor() as u32,
            last(frame.right(), across, self.width),
            last(frame.bottom(), down, self.height),
        )
    }
}

/// A part of an image that lies within it, in the memory that the whole has: both beside each other would be
/// the most that embedding takes.
fn cut_in_place(image: RgbImage, (left, top): (u32, u32), (width, height): (u32, u32)) -> RgbImage {
    let stride = image.width() as usize * 3;
    let row = width as usize * 3;
    let mut samples = image.into_raw();
    for y in 0..height as usize {
        let start = (top as usize + y) * stride + left as usize * 3;
        // Never behind where the row was, so rows that are still to come stay whole.
        samples.copy_within(start..start + row, y * row);
    }
    samples.truncate(height as usize * row);
    RgbImage::from_raw(width, height, samples).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::imageops;

    use super::*;

    fn frame(text: &str) -> Result<Frame, PictureError> {
        text.parse::<Crop>().unwrap().frame(640, 480)
    }

    #[test]
    fn boxes_are_rounded_to_pixels() {
        for (text, expected) in [
            ("0,0,640,480", Frame::whole(640, 480)),
            ("0.0,0.0,1.0,1.0", Frame::whole(640, 480)),
            ("-0.6,-1,641,481.5", Frame::whole(640, 480)),
            ("10.4,20.6,100,50", Frame::between(10, 21, 110, 71)),
            ("25%,50%,50%,25%", Frame::between(160, 240, 480, 360)),
            ("639,479,1,1", Frame::between(639, 479, 640, 480)),
            ("3.2,3.2,0.1,0.1", Frame::between(3, 3, 4, 4)),
            (
                "0.9999,0.9999,0.0001,0.0001",
                Frame::between(639, 479, 640, 480),
            ),
        ] {
            assert_eq!(frame(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn empty_boxes_and_others_outside_are_told_the_size_of_the_picture() {
        for text in [
            "0,0,0,10",
            "0,0,10,-1",
            "-2,0,10,10",
            "600,0,50,10",
            "0,470,10,20",
            "700,500,10,10",
            "-50%,0%,50%,50%",
            "0.5,0.5,0.6,0.5",
            "0,0,1e300,1e300",
        ] {
            let error = frame(text).unwrap_err();
            assert_eq!(error.code(), "crop");
            assert!(error.to_string().contains("640x480"), "{error}");
        }
    }

    #[test]
    fn a_cut_shows_the_same_pixels_in_every_orientation() {
        let picture = image::RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let wanted = Frame::between(1, 2, 6, 5);
        for orientation in (1..=8).filter_map(Orientation::from_exif) {
            let decoded = Decoded::whole(picture.clone(), orientation);
            let stored = decoded.stored(&wanted);
            let cut = decoded.cut(&stored);
            assert_eq!((cut.width, cut.height), cut.pixels.dimensions());
            let upright = |pixels: image::RgbImage| {
                let mut picture = image::DynamicImage::from(pixels);
                picture.apply_orientation(orientation);
                picture.into_rgb8()
            };
            let Frame {
                left,
                top,
                width,
                height,
            } = wanted;
            let whole = upright(picture.clone());
            let expected = imageops::crop_imm(&whole, left, top, width, height).to_image();
            assert_eq!(upright(cut.pixels), expected, "{orientation:?}");
        }
    }
}
