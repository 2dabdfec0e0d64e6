//! Which part of a picture becomes which pixels of the network's input.
//!
//! Cropping after resizing throws most resized pixels away, so only the part that survives is resized.
//! That is exact: a resampling filter looks at the same source pixels either way, those outside the
//! crop included. Turning the picture upright waits until it is small, for the same reason.

use image::metadata::Orientation;

use crate::View;
use crate::area::Crop;
use crate::preprocessing::{Filter, Preprocessing, REDUCED_JPEG_SINCE, Resize};

/// A part of the decoded picture, in its pixels, fractions included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Region {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Resize `region` to `width` x `height`, turn it upright, and put it at `left`, `top` of a black
/// canvas: the crop is larger than the resized picture when those are not zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// In the picture as stored.
    pub(crate) region: Region,
    /// Size of the resized region, upright.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Place on the canvas.
    pub(crate) left: u32,
    pub(crate) top: u32,
}

/// The plan for a stored picture of `width` x `height` pixels that is to be shown with `orientation`.
/// The view says which part of what the network usually sees it is to see.
pub(crate) fn plan(
    width: u32,
    height: u32,
    orientation: Orientation,
    how: &Preprocessing,
    view: &View,
) -> Plan {
    let (upright_width, upright_height) = if swaps_sides(orientation) {
        (height, width)
    } else {
        (width, height)
    };
    let (resized_width, resized_height) = resized(upright_width, upright_height, how.resize);
    let across = Axis::new(upright_width, resized_width, how.width).closer(view.zoom, view.across);
    let down = Axis::new(upright_height, resized_height, how.height).closer(view.zoom, view.down);
    let upright = Region {
        left: across.source,
        top: down.source,
        width: across.source_length,
        height: down.source_length,
    };
    Plan {
        region: as_stored(upright, f64::from(width), f64::from(height), orientation),
        width: across.length,
        height: down.length,
        left: across.offset,
        top: down.offset,
    }
}

/// All eighths of a side.
pub(crate) const WHOLE: u32 = 8;

/// How many pixels a picture that is decoded smaller has for every one that is made of them, on each
/// axis. The filter that makes them widens with the reduction and looks no finer than half of that, so
/// what a smaller decode loses or blurs lies beyond what it lets through.
const SPARE: f64 = 2.5;

/// How a picture is to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// At least so many eighths of its sides: 1, 2, 4 or 8.
    Eighths(u32),
}

/// How a picture of this size can be decoded for a view of it, or of a part. It holds for every orientation,
/// which may not be known yet.
pub(crate) fn reading(
    width: u32,
    height: u32,
    how: &Preprocessing,
    view: &View,
    crop: Option<&Crop>,
) -> Reading {
    if how.code < REDUCED_JPEG_SINCE {
        return Reading::Eighths(WHOLE);
    }
    // Nearest neighbour takes single pixels as they are.
    if how.filter == Filter::Nearest {
        return Reading::Eighths(WHOLE);
    }
    let reduction = [(width, height), (height, width)].map(|(width, height)| {
        // One that does not lie in the picture will be refused, once it is known which way up that is.
        let frame = crop.and_then(|crop| crop.frame(width, height).ok());
        let (width, height) = frame.map_or((width, height), |frame| (frame.width, frame.height));
        let plan = plan(width, height, Orientation::NoTransforms, how, view);
        let across = plan.region.width / f64::from(plan.width);
        across.min(plan.region.height / f64::from(plan.height))
    });
    Reading::Eighths(enough(reduction[0].min(reduction[1])))
}

/// The least eighths that keep enough pixels for a picture that is to be `reduction` times smaller.
pub(crate) fn enough(reduction: f64) -> u32 {
    let keeps = |eighths: &u32| reduction * f64::from(*eighths) >= SPARE * f64::from(WHOLE);
    [1, 2, 4].into_iter().find(keeps).unwrap_or(WHOLE)
}

impl Region {
    /// The same part of the picture at so many eighths of its size.
    pub(crate) fn at(self, eighths: u32) -> Region {
        let share = f64::from(eighths) / f64::from(WHOLE);
        Region {
            left: self.left * share,
            top: self.top * share,
            width: self.width * share,
            height: self.height * share,
        }
    }

    /// The same part where the picture begins at `offset` of what there is of it.
    pub(crate) fn moved(self, (across, down): (f64, f64)) -> Region {
        Region {
            left: self.left + across,
            top: self.top + down,
            ..self
        }
    }
}

/// True when the stored picture lies on its side.
pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(
        orientation,
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
    )
}

fn resized(width: u32, height: u32, resize: Resize) -> (u32, u32) {
    match resize {
        Resize::Keep => (width, height),
        Resize::Exact { width, height } => (width, height),
        Resize::ShortestEdge(edge) => {
            // The longer side is cut to an integer, not rounded, as Hugging Face's processors do.
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

/// One side: which stretch of the source is resized to how many pixels, and where they go.
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
        // The limit keeps rounding from reaching past the picture.
        let source_length = (f64::from(crop) * scale).min(whole - start);
        Axis {
            source: start,
            source_length,
            length: crop,
            offset: 0,
        }
    }

    /// The share `zoom` of the stretch, at `place` of it: -1 its beginning, 0 its middle, 1 its end.
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

/// Where a region of the upright picture lies in the stored one, of `width` x `height` pixels.
pub(crate) fn as_stored(
    upright: Region,
    width: f64,
    height: f64,
    orientation: Orientation,
) -> Region {
    let Region {
        left,
        top,
        width: across,
        height: down,
    } = upright;
    let from_right = |start: f64, length: f64| (width - start - length).max(0.0);
    let from_bottom = |start: f64, length: f64| (height - start - length).max(0.0);
    let (left, top) = match orientation {
        Orientation::NoTransforms => (left, top),
        Orientation::FlipHorizontal => (from_right(left, across), top),
        Orientation::FlipVertical => (left, from_bottom(top, down)),
        Orientation::Rotate180 => (from_right(left, across), from_bottom(top, down)),
        Orientation::Rotate90 => (top, from_bottom(left, across)),
        Orientation::Rotate270 => (from_right(top, down), left),
        Orientation::Rotate90FlipH => (top, left),
        Orientation::Rotate270FlipH => (from_right(top, down), from_bottom(left, across)),
    };
    let (region_width, region_height) = if swaps_sides(orientation) {
        (down, across)
    } else {
        (across, down)
    };
    Region {
        left,
        top,
        width: region_width,
        height: region_height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::tests::sample;

    fn how(resize: Resize, width: u32, height: u32) -> Preprocessing {
        Preprocessing {
            resize,
            width,
            height,
            ..sample()
        }
    }

    #[test]
    fn the_middle_of_the_longer_side_is_taken() {
        let how = how(Resize::ShortestEdge(256), 224, 224);
        let plan = plan(512, 1025, Orientation::NoTransforms, &how, &View::PLAIN);
        // 1025 * 256 / 512 is 512.5, cut to 512; the crop begins at row 144 of those.
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
    fn a_view_sees_a_part_of_what_the_plain_one_sees() {
        let how = how(Resize::ShortestEdge(224), 224, 224);
        let corner = View::PLAIN.crop(0.5, 1.0, -1.0);
        let plan = plan(448, 896, Orientation::NoTransforms, &how, &corner);
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
            &how(
                Resize::Exact {
                    width: 8,
                    height: 8,
                },
                8,
                8,
            ),
            &View::PLAIN,
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
            &how(Resize::Keep, 10, 10),
            &View::PLAIN,
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
    fn extreme_shapes_stay_inside_the_picture() {
        let how = how(Resize::ShortestEdge(224), 224, 224);
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (3, 65_535), (65_535, 976)] {
            for orientation in 1..=8 {
                let orientation = Orientation::from_exif(orientation).expect("one of eight");
                for view in [View::PLAIN, View::PLAIN.crop(0.7, 1.0, -1.0)] {
                    let region = plan(width, height, orientation, &how, &view).region;
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
