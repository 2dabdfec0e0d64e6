use crate::pixel_rect::PixelRect;

/// Minimum opacity at which something is visible: shadows and soft edges fade out below.
pub(crate) const SEEN: u8 = 16;

/// The smallest rectangle around all visible pixels, collected while they are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Seen {
    pub(crate) const NOTHING: Seen = Seen {
        left: u32::MAX,
        top: u32::MAX,
        right: 0,
        bottom: 0,
    };

    /// Marks all pixels of an image of this size as visible.
    pub(crate) fn all(width: u32, height: u32) -> Seen {
        Seen {
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        }
    }

    /// Marks the pixels from `first` to `last` of row `y` as visible.
    pub(crate) fn add(&mut self, y: u32, first: u32, last: u32) {
        self.left = self.left.min(first);
        self.right = self.right.max(last + 1);
        self.top = self.top.min(y);
        self.bottom = self.bottom.max(y + 1);
    }

    /// Returns the part moved to a screen on which the image begins at `left` and `top`.
    pub(crate) fn moved(self, left: u32, top: u32) -> Seen {
        match self.right {
            0 => self,
            right => Seen {
                left: self.left + left,
                top: self.top + top,
                right: right + left,
                bottom: self.bottom + top,
            },
        }
    }

    /// Returns the visible part; `None` if that is the whole image, or nothing.
    pub(crate) fn rect(self, width: u32, height: u32) -> Option<PixelRect> {
        if self.right == 0 {
            return None;
        }
        let rect = PixelRect::between(self.left, self.top, self.right, self.bottom);
        (rect != PixelRect::whole(width, height)).then_some(rect)
    }
}
