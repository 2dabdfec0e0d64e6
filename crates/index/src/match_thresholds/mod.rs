//! Classes of scores in a catalog, and the thresholds between them.

mod closeness;
mod families;
mod measurement;
mod quantile;
mod sample;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The minimum score of each [`Match`], as [measured](Self::measure) in a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MatchThresholds {
    /// Minimum score of [`Match::Same`].
    pub same: f32,
    /// Minimum score of [`Match::Variant`].
    pub variant: f32,
    /// Minimum score of [`Match::Similar`].
    pub similar: f32,
    /// Number of rows with which they were measured.
    pub samples: u32,
}

/// No score is [`f32::NAN`], because JSON has no such number.
impl Eq for MatchThresholds {}

/// The meaning of a score in this catalog.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// Has little in common with the query.
    Weak,
    /// Shows the same kind of thing.
    Similar,
    /// Is as similar as another image, color or version of the same product.
    Variant,
    /// Is the same image, perhaps scaled, cropped a little or saved again.
    Same,
}

impl Match {
    /// Every class, from the weakest to the strongest.
    pub const ALL: [Self; 4] = [Self::Weak, Self::Similar, Self::Variant, Self::Same];

    /// Returns `same`, `variant`, `similar` or `weak`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Variant => "variant",
            Self::Similar => "similar",
            Self::Weak => "weak",
        }
    }
}

impl MatchThresholds {
    /// Returns the class of a score.
    pub fn classify(&self, score: f32) -> Match {
        match score {
            score if score >= self.same => Match::Same,
            score if score >= self.variant => Match::Variant,
            score if score >= self.similar => Match::Similar,
            _ => Match::Weak,
        }
    }

    /// Returns the minimum score of a class or a stronger one.
    pub fn min_score(&self, class: Match) -> f32 {
        match class {
            Match::Same => self.same,
            Match::Variant => self.variant,
            Match::Similar => self.similar,
            Match::Weak => -1.0,
        }
    }

    /// True if these can be measured scores: a stored object may contain anything.
    pub fn is_possible(&self) -> bool {
        let ordered = self.similar <= self.variant && self.variant <= self.same;
        ordered && self.similar >= -1.0 && self.same <= 1.0
    }
}

#[cfg(test)]
mod tests;
