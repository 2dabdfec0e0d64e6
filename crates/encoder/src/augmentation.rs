use std::fmt;

/// Minimum share of a side that an augmentation keeps.
const MIN_ZOOM: f64 = 0.1;

/// A variation of an image: unchanged, mirrored, closer, or in different light. Training shows the
/// network several augmentations of each image, so that the product counts and not the pose.
///
/// [`fmt::Display`] prints a text that is unique for each augmentation, as a name for cached
/// results.
///
/// ```
/// use lookalike_encoder::Augmentation;
/// let augmentation = Augmentation::NONE.flip().crop(0.8, 0.0, -1.0);
/// assert_eq!(augmentation.to_string(), "flipped,crop=0.8:0:-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Augmentation {
    pub(crate) flipped: bool,
    /// Share of each side that is visible.
    pub(crate) zoom: f64,
    /// Position of the visible part, -1 (left, top) to 1 (right, bottom).
    pub(crate) across: f64,
    pub(crate) down: f64,
    /// Factor for channel values.
    pub(crate) light: f64,
}

impl Augmentation {
    /// The unchanged image, as [`crate::Encoder::embed`] sees it.
    pub const NONE: Augmentation = Augmentation {
        flipped: false,
        zoom: 1.0,
        across: 0.0,
        down: 0.0,
        light: 1.0,
    };

    /// Mirrors the image: swaps left and right.
    #[must_use]
    pub fn flip(self) -> Augmentation {
        Augmentation {
            flipped: !self.flipped,
            ..self
        }
    }

    /// Shows only a part whose sides are `zoom` (0.1 to 1) times as long, at a position from -1
    /// (left, top) over 0 (middle) to 1 (right, bottom). Values out of range are clamped.
    #[must_use]
    pub fn crop(self, zoom: f64, across: f64, down: f64) -> Augmentation {
        Augmentation {
            zoom: zoom.clamp(MIN_ZOOM, 1.0),
            across: across.clamp(-1.0, 1.0),
            down: down.clamp(-1.0, 1.0),
            ..self
        }
    }

    /// Multiplies every channel value by `light` (0.1 to 10, clamped); results are limited to
    /// white.
    #[must_use]
    pub fn light(self, light: f64) -> Augmentation {
        Augmentation {
            light: light.clamp(0.1, 10.0),
            ..self
        }
    }
}

impl fmt::Display for Augmentation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.flipped {
            parts.push("flipped".to_owned());
        }
        if self.zoom < 1.0 {
            parts.push(format!("crop={}:{}:{}", self.zoom, self.across, self.down));
        }
        if self.light != 1.0 {
            parts.push(format!("light={}", self.light));
        }
        if parts.is_empty() {
            parts.push("plain".to_owned());
        }
        formatter.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_augmentation_has_a_unique_text_and_stays_in_range() {
        assert_eq!(Augmentation::NONE.to_string(), "plain");
        assert_eq!(Augmentation::NONE.flip().flip(), Augmentation::NONE);
        let far = Augmentation::NONE.crop(7.0, -9.0, 2.0).light(0.0);
        assert_eq!((far.zoom, far.across, far.down), (1.0, -1.0, 1.0));
        assert_eq!(far.to_string(), "light=0.1");
    }
}
