use serde::{Deserialize, Serialize};

/// The movement of a filter along one side of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Side {
    /// Pixels of the image.
    pub(crate) input: usize,
    /// Positions of the filter.
    pub(crate) output: usize,
    /// Number of pixels that the filter reads.
    pub(crate) filter: usize,
    /// Distance between two positions, in pixels.
    pub(crate) stride: usize,
    /// Distance between two pixels that the filter reads.
    pub(crate) dilation: usize,
    /// Number of zeros before the first pixel.
    pub(crate) before: usize,
}

impl Side {
    /// Returns the number of pixels from the first zero to the last pixel that any position reads,
    /// at least those of the image.
    pub(crate) fn padded(&self) -> usize {
        let reached = (self.output - 1) * self.stride + (self.filter - 1) * self.dilation + 1;
        reached.max(self.before + self.input)
    }

    /// True if the image is read without padding.
    pub(crate) fn is_bare(&self) -> bool {
        self.padded() == self.input
    }
}

/// A filter over both sides of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    pub(crate) height: Side,
    pub(crate) width: Side,
}

impl Filter {
    /// True if it has input and output, and padding does not double a side of the image, except for
    /// small images: padding takes memory, and a file may request any amount.
    pub(crate) fn is_sane(&self) -> bool {
        let sides = [self.height, self.width];
        let padded = |side: &Side| {
            let places = (side.output - 1).checked_mul(side.stride)?;
            let reach = (side.filter - 1).checked_mul(side.dilation)?;
            places.checked_add(reach)?.checked_add(side.before)
        };
        let reads = |side: &Side| side.output > 0 && side.filter > 0 && side.stride > 0;
        let near = |side: &Side| padded(side).is_some_and(|padded| padded < 2 * side.input + 16);
        sides.iter().all(|side| reads(side) && near(side))
    }

    /// Returns the number of pixels of the result.
    pub(crate) fn outputs(&self) -> usize {
        self.height.output * self.width.output
    }

    /// Returns the number of pixels of the image.
    #[cfg(test)]
    pub(crate) fn inputs(&self) -> usize {
        self.height.input * self.width.input
    }
}
