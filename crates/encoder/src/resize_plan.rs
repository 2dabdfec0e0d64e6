//! Maps the part of an image that survives cropping to pixels of the network's input.
//!
//! Cropping after resizing would discard most resized pixels, so only the part that survives is
//! resized. That is exact: a resampling filter reads the same source pixels either way, including
//! those outside of the crop. The image is turned upright only when it is small, for the same
//! reason.

use image::metadata::Orientation;

use crate::augmentation::Augmentation;
use crate::preprocessing::{Preprocessing, Resize};
use crate::region::{Region, swaps_sides};

/// Resize `region` to `width` x `height`, turn it upright, and put it at `left`, `top` of a black
/// canvas; these are not zero if the crop is larger than the resized image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// Part of the image as stored.
    pub(crate) region: Region,
    /// Size of the resized region, upright.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Left edge on the canvas.
    pub(crate) left: u32,
    pub(crate) top: u32,
}

/// Plans the network's input for a stored image of `width` x `height` pixels that is shown with
/// `orientation`. The augmentation selects a part of what the network usually sees.
pub(crate) fn plan(
    width: u32,
    height: u32,
    orientation: Orientation,
    preprocessing: &Preprocessing,
    augmentation: &Augmentation,
) -> Plan {
    let (upright_width, upright_height) = if swaps_sides(orientation) {
        (height, width)
    } else {
        (width, height)
    };
    let (resized_width, resized_height) =
        resized(upright_width, upright_height, preprocessing.resize);
    let across = Axis::new(upright_width, resized_width, preprocessing.width)
        .closer(augmentation.zoom, augmentation.across);
    let down = Axis::new(upright_height, resized_height, preprocessing.height)
        .closer(augmentation.zoom, augmentation.down);
    let upright = Region {
        left: across.source,
        top: down.source,
        width: across.source_length,
        height: down.source_length,
    };
    Plan {
        region: upright.as_stored(f64::from(width), f64::from(height), orientation),
        width: across.length,
        height: down.length,
        left: across.offset,
        top: down.offset,
    }
}

fn resized(width: u32, height: u32, resize: Resize) -> (u32, u32) {
    match resize {
        Resize::Keep => (width, height),
        Resize::Exact { width, height } => (width, height),
        Resize::ShortestEdge(edge) => {
            // The longer side is truncated to an integer, not rounded, as in Hugging Face's
            // processors.
            let longer = |long: u32, short: u32| {
                let length = u64::from(edge) * u64::from(long) / u64::from(short);
                u32::try_from(length).unwrap_or(u32::MAX)
            };
            if width <= height {
                (edge, longer(height, width))
            } else {
                (longer(width, height), edge)
            }
        }
    }
}

/// One axis: the stretch of the source to resize, the number of pixels, and their position.
struct Axis {
    source: f64,
    source_length: f64,
    length: u32,
    offset: u32,
}

impl Axis {
    fn new(source: u32, resized: u32, crop: u32) -> Axis {
        let whole = f64::from(source);
        if resized < crop {
            let offset = (crop - resized).div_ceil(2);
            return Axis {
                source: 0.0,
                source_length: whole,
                length: resized,
                offset,
            };
        }
        let scale = whole / f64::from(resized);
        let start = f64::from((resized - crop) / 2) * scale;
        // The limit prevents rounding from reaching beyond the image.
        let source_length = (f64::from(crop) * scale).min(whole - start);
        Axis {
            source: start,
            source_length,
            length: crop,
            offset: 0,
        }
    }

    /// Returns the share `zoom` of the stretch, at `place` of it: -1 its beginning, 0 its middle, 1
    /// its end.
    fn closer(self, zoom: f64, place: f64) -> Axis {
        let source_length = self.source_length * zoom;
        let left_out = self.source_length - source_length;
        Axis {
            source: self.source + left_out * (1.0 + place) / 2.0,
            source_length,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::tests::sample;

    fn config(resize: Resize, width: u32, height: u32) -> Preprocessing {
        Preprocessing {
            resize,
            width,
            height,
            ..sample()
        }
    }

    #[test]
    fn the_middle_of_the_longer_side_is_taken() {
        let preprocessing = config(Resize::ShortestEdge(256), 224, 224);
        let plan = plan(
            512,
            1025,
            Orientation::NoTransforms,
            &preprocessing,
            &Augmentation::NONE,
        );
        // 1025 * 256 / 512 is 512.5, truncated to 512; the crop begins at row 144 of these.
        let scale = 1025.0 / 512.0;
        let expected = Region {
            left: 32.0,
            top: 144.0 * scale,
            width: 448.0,
            height: 224.0 * scale,
        };
        assert_eq!(plan.region, expected);
        assert_eq!(
            (plan.width, plan.height, plan.left, plan.top),
            (224, 224, 0, 0)
        );
    }

    #[test]
    fn an_augmentation_sees_a_part_of_the_plain_image() {
        let preprocessing = config(Resize::ShortestEdge(224), 224, 224);
        let corner = Augmentation::NONE.crop(0.5, 1.0, -1.0);
        let plan = plan(448, 896, Orientation::NoTransforms, &preprocessing, &corner);
        let expected = Region {
            left: 224.0,
            top: 224.0,
            width: 224.0,
            height: 224.0,
        };
        assert_eq!(plan.region, expected);
        assert_eq!((plan.width, plan.height), (224, 224));
    }

    #[test]
    fn squeezing_takes_everything_and_a_large_crop_is_padded_around() {
        let squeezed = plan(
            30,
            20,
            Orientation::NoTransforms,
            &config(
                Resize::Exact {
                    width: 8,
                    height: 8,
                },
                8,
                8,
            ),
            &Augmentation::NONE,
        );
        assert_eq!(
            squeezed.region,
            Region {
                left: 0.0,
                top: 0.0,
                width: 30.0,
                height: 20.0
            }
        );
        let padded = plan(
            5,
            30,
            Orientation::NoTransforms,
            &config(Resize::Keep, 10, 10),
            &Augmentation::NONE,
        );
        assert_eq!(
            padded.region,
            Region {
                left: 0.0,
                top: 10.0,
                width: 5.0,
                height: 10.0
            }
        );
        assert_eq!(
            (padded.width, padded.height, padded.left, padded.top),
            (5, 10, 3, 0)
        );
    }

    #[test]
    fn extreme_shapes_stay_inside_the_image() {
        let preprocessing = config(Resize::ShortestEdge(224), 224, 224);
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (3, 65_535), (65_535, 976)] {
            for orientation in 1..=8 {
                let orientation = Orientation::from_exif(orientation).expect("one of eight");
                for augmentation in [Augmentation::NONE, Augmentation::NONE.crop(0.7, 1.0, -1.0)] {
                    let region =
                        plan(width, height, orientation, &preprocessing, &augmentation).region;
                    assert!(region.left >= 0.0 && region.top >= 0.0, "{region:?}");
                    assert!(region.width > 0.0 && region.height > 0.0, "{region:?}");
                    assert!(
                        region.left + region.width <= f64::from(width) + 1e-9,
                        "{region:?}"
                    );
                    assert!(
                        region.top + region.height <= f64::from(height) + 1e-9,
                        "{region:?}"
                    );
                }
            }
        }
    }
}
