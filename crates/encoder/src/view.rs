use std::fmt;

/// The smallest part of a side that a view keeps.
const LEAST_ZOOM: f64 = 0.1;

/// One way to look at a picture: plain as the encoder does, mirrored, closer, in other light. Training
/// shows the network several views of each picture, so that the product counts and not the pose.
///
/// [`fmt::Display`] gives a text that is the same for the same view and for no other, to name what is
/// kept of it.
///
/// ```
/// use lookalike_encoder::View;
/// let view = View::PLAIN.flip().crop(0.8, 0.0, -1.0);
/// assert_eq!(view.to_string(), "flipped,crop=0.8:0:-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub(crate) flipped: bool,
    /// Share of each side that is seen.
    pub(crate) zoom: f64,
    /// Place of the part that is seen, -1 (left, top) to 1 (right, bottom).
    pub(crate) across: f64,
    pub(crate) down: f64,
    /// Factor for channel values.
    pub(crate) light: f64,
}

impl View {
    /// What [`crate::Encoder::embed`] sees.
    pub const PLAIN: View = View {
        flipped: false,
        zoom: 1.0,
        across: 0.0,
        down: 0.0,
        light: 1.0,
    };

    /// The same in a mirror: left and right change places.
    #[must_use]
    pub fn flip(self) -> View {
        View {
            flipped: !self.flipped,
            ..self
        }
    }

    /// The part of it whose sides are `zoom` (0.1 to 1) times as long, at a place from -1 (left, top) by
    /// 0 (middle) to 1 (right, bottom). What is out of range counts as the nearest that is in it.
    #[must_use]
    pub fn crop(self, zoom: f64, across: f64, down: f64) -> View {
        View {
            zoom: zoom.clamp(LEAST_ZOOM, 1.0),
            across: across.clamp(-1.0, 1.0),
            down: down.clamp(-1.0, 1.0),
            ..self
        }
    }

    /// Every channel value times `light` (0.1 to 10), cut off at white.
    #[must_use]
    pub fn light(self, light: f64) -> View {
        View {
            light: light.clamp(0.1, 10.0),
            ..self
        }
    }
}

impl fmt::Display for View {
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
    fn every_view_has_a_text_of_its_own_and_stays_in_range() {
        assert_eq!(View::PLAIN.to_string(), "plain");
        assert_eq!(View::PLAIN.flip().flip(), View::PLAIN);
        let far = View::PLAIN.crop(7.0, -9.0, 2.0).light(0.0);
        assert_eq!((far.zoom, far.across, far.down), (1.0, -1.0, 1.0));
        assert_eq!(far.to_string(), "light=0.1");
    }
}
