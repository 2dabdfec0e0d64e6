use crate::pixel_rect::PixelRect;

/// The least opacity at which something is seen: shadows and soft edges fade out below.
pub(crate) const SEEN: u8 = 16;

/// The least rectangle around all pixels that are seen, while they are being read.
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

    /// Everything of an image of this size.
    pub(crate) fn all(width: u32, height: u32) -> Seen {
        Seen {
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        }
    }

    /// Pixels from `first` to `last` of row `y` are seen.
    pub(crate) fn add(&mut self, y: u32, first: u32, last: u32) {
        self.left = self.left.min(first);
        self.right = self.right.max(last + 1);
        self.top = self.top.min(y);
        self.bottom = self.bottom.max(y + 1);
    }

    /// Returns the part on a screen on which the image begins at `left` and `top`.
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

    /// The part that is not transparent; `None` when that is all of it, or nothing.
    pub(crate) fn rect(self, width: u32, height: u32) -> Option<PixelRect> {
        if self.right == 0 {
            return None;
        }
        let rect = PixelRect::between(self.left, self.top, self.right, self.bottom);
        (rect != PixelRect::whole(width, height)).then_some(rect)
    }
}
