//! The history of the last generations, for people. It is part of the manifest, so it needs no
//! object of its own and is written together with each change.
//!
//! Releases that do not know the history can read such a manifest, but publish theirs without it:
//! the history then starts over.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::standby_index::Role;

/// Maximum number of entries. They take a kilobyte of the manifest, which is read at every cold start.
pub const MAX_HISTORY_ENTRIES: usize = 20;

/// One generation: the time of its publication, and its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The generation.
    pub generation: u64,
    /// Time of its publication, milliseconds since 1970.
    pub at: u64,
    /// Its changes.
    #[serde(flatten)]
    pub changed: Changed,
}

/// The changes of a publication. An image changes several indexes at once; the counts are those of
/// the serving index, or, if only another one changed, of that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// Images that are new.
    #[serde(skip_serializing_if = "is_zero")]
    pub added: u64,
    /// Images with a new version, or of another product.
    #[serde(skip_serializing_if = "is_zero")]
    pub replaced: u64,
    /// Images that were removed.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// Images of which only the attributes changed.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated: u64,
    /// Deltas that were merged into one.
    #[serde(skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// Rows of a base that was rebuilt.
    #[serde(skip_serializing_if = "is_zero")]
    pub rebuilt: u64,
    /// A step of longer work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The standby index that changed, if the serving one did not.
    #[serde(rename = "side", skip_serializing_if = "Option::is_none")]
    pub standby: Option<Role>,
}

/// A step of longer work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A writer took the lease for rebuilding the base.
    RebuildBegun,
    /// The writer returned the lease without a new base.
    RebuildGivenUp,
    /// An index of another encoder was started.
    EncoderBegun,
    /// The index of another encoder became the serving index.
    EncoderSwitched,
    /// The index of another encoder was dropped.
    EncoderGivenUp,
    /// The index was emptied, to be built from scratch.
    StartedOver,
    /// The segments of an earlier generation were published again.
    RolledBack,
    /// Garbage collection listed segments that it will remove, or dropped those from the list that it removed.
    GarbageCollected,
    /// A vector base was made, to take the place of the base segment.
    VectorBaseBegun,
    /// The vector base took the place of the base segment.
    VectorBaseSwitched,
    /// The base segment was taken back, or the vector base was given up.
    VectorBaseGivenUp,
    /// The base segment before the vector base was given up.
    VectorBaseFinished,
    /// Rows came into the vector base without a delta.
    VectorBaseFilled,
    /// A writer began to write old deltas to the vector base, or has written them.
    Drained,
    /// A step of a later release: the manifest stays readable.
    #[serde(other)]
    Other,
}

impl Changed {
    /// Makes a change that consists of one step.
    pub fn step(step: Step) -> Self {
        Self {
            step: Some(step),
            ..Self::default()
        }
    }
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::RebuildBegun => "rebuild begun",
            Self::RebuildGivenUp => "rebuild given up",
            Self::EncoderBegun => "index of another encoder begun",
            Self::EncoderSwitched => "switched to another encoder",
            Self::EncoderGivenUp => "index of another encoder given up",
            Self::StartedOver => "started over",
            Self::RolledBack => "went back to an earlier generation",
            Self::VectorBaseBegun => "vector base begun",
            Self::VectorBaseSwitched => "switched to the vector base",
            Self::VectorBaseGivenUp => "vector base given up",
            Self::VectorBaseFinished => "base segment given up for the vector base",
            Self::VectorBaseFilled => "vector base filled or counted",
            Self::Drained => "deltas moved to the vector base",
            Self::GarbageCollected => "unneeded segments collected",
            Self::Other => "something that this release does not know",
        }
    }
}

/// Prints words: `3 images added, 1 image removed`.
impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pictures = [
            (self.added, "added"),
            (self.replaced, "replaced"),
            (self.removed, "removed"),
            (self.updated, "with other attributes"),
        ];
        let pictures = pictures.map(|(count, done)| counted(count, "image", done));
        let segments = [
            counted(self.merged, "delta", "joined"),
            counted(self.rebuilt, "row", "in a new base"),
            self.step.map(|step| step.words().to_owned()),
        ];
        let parts: Vec<String> = pictures.into_iter().chain(segments).flatten().collect();
        if parts.is_empty() {
            f.write_str("nothing")?;
        } else {
            f.write_str(&parts.join(", "))?;
        }
        match self.standby {
            None => Ok(()),
            Some(Role::Building) => f.write_str(" (the index that is being built)"),
            Some(Role::Previous) => f.write_str(" (the previous index)"),
        }
    }
}

/// Deserializes the entries that this release can read, and skips those of later releases.
pub(super) fn deserialize_known<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<HistoryEntry>, D::Error> {
    let entries = Vec::<Value>::deserialize(deserializer)?.into_iter();
    Ok(entries
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect())
}

fn counted(count: u64, noun: &str, done: &str) -> Option<String> {
    let ending = if count == 1 { "" } else { "s" };
    (count > 0).then(|| format!("{count} {noun}{ending} {done}"))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes it this way"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
