use image::metadata::Orientation;

use crate::region::Region;

/// A part of an image, in its pixels: at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PixelRect {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl PixelRect {
    /// Returns all of an image of this size.
    pub(crate) fn whole(width: u32, height: u32) -> PixelRect {
        PixelRect {
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

    /// Returns the number of its pixels.
    pub(crate) fn area(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height)
    }

    /// Makes the rectangle between these edges; `right` and `bottom` are outside of it.
    pub(crate) fn between(left: u32, top: u32, right: u32, bottom: u32) -> PixelRect {
        PixelRect {
            left,
            top,
            width: right - left,
            height: bottom - top,
        }
    }

    /// Returns the intersection with another rectangle; `None` if it is empty.
    pub(crate) fn and(&self, other: &PixelRect) -> Option<PixelRect> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        (left < right && top < bottom).then(|| PixelRect::between(left, top, right, bottom))
    }

    /// Returns the rectangle relative to the corner of one that contains it.
    pub(crate) fn within(&self, outer: &PixelRect) -> PixelRect {
        PixelRect {
            left: self.left - outer.left,
            top: self.top - outer.top,
            ..*self
        }
    }

    /// Reverses [`PixelRect::within`].
    pub(crate) fn out_of(&self, outer: &PixelRect) -> PixelRect {
        PixelRect {
            left: self.left + outer.left,
            top: self.top + outer.top,
            ..*self
        }
    }

    /// Converts a rectangle of the upright image to one of the stored image, of `width` x `height` pixels.
    pub(crate) fn as_stored(&self, width: u32, height: u32, orientation: Orientation) -> PixelRect {
        let upright = self.region();
        let (width, height) = (f64::from(width), f64::from(height));
        let stored = upright.as_stored(width, height, orientation);
        // Differences of whole numbers are whole.
        PixelRect {
            left: stored.left as u32,
            top: stored.top as u32,
            width: stored.width as u32,
            height: stored.height as u32,
        }
    }

    /// Returns the same edges as fractions.
    pub(crate) fn region(&self) -> Region {
        Region {
            left: self.left.into(),
            top: self.top.into(),
            width: self.width.into(),
            height: self.height.into(),
        }
    }
}
