use serde::{Deserialize, Serialize};

/// The range to which results are clipped; infinite if they are not clipped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) least: f32,
    pub(crate) greatest: f32,
}

impl Bounds {
    /// All numbers.
    pub(crate) const ALL: Bounds = Bounds {
        least: f32::NEG_INFINITY,
        greatest: f32::INFINITY,
    };
}
