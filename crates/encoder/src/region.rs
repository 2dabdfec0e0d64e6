use image::metadata::Orientation;

/// A part of an image, in its pixels, fractions included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Region {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Region {
    /// Returns the same part of an image whose sides are `factor` times as long.
    pub(crate) fn scaled(self, factor: f64) -> Region {
        Region {
            left: self.left * factor,
            top: self.top * factor,
            width: self.width * factor,
            height: self.height * factor,
        }
    }

    /// Returns the same part relative to a corner that lies further to the left and above.
    pub(crate) fn moved(self, (across, down): (f64, f64)) -> Region {
        Region {
            left: self.left + across,
            top: self.top + down,
            ..self
        }
    }

    /// Converts a region of the upright image to one of the stored image, of `width` x `height` pixels.
    pub(crate) fn as_stored(self, width: f64, height: f64, orientation: Orientation) -> Region {
        let Region {
            left,
            top,
            width: across,
            height: down,
        } = self;
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
        let (width, height) = match swaps_sides(orientation) {
            true => (down, across),
            false => (across, down),
        };
        Region {
            left,
            top,
            width,
            height,
        }
    }
}

/// True if width and height are swapped when the stored image is turned upright.
pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(
        orientation,
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
    )
}
