//! What the last generations changed, for people: the manifest tells it, so that it costs no object of its own and
//! is written with the very change that it tells of.
//!
//! Releases that do not know it read such a manifest all the same, and publish theirs without: the history begins
//! anew after that.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::manifest::Manifest;
use crate::side::Role;

/// Entries that are kept. The manifest is read at every cold start, so it is to stay small: these take a kilobyte.
pub const MOST_ENTRIES: usize = 20;

/// One generation: when it was published, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The generation.
    pub generation: u64,
    /// When it was published, milliseconds since 1970.
    pub at: u64,
    /// What it has that the one before had not.
    #[serde(flatten)]
    pub changed: Changed,
}

/// What a publication changed. Several indexes are told of a picture at once: what is counted is the searched one,
/// or, where only another one changed, that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// Pictures that were not there before.
    #[serde(skip_serializing_if = "is_zero")]
    pub added: u64,
    /// Pictures that are there in another version, or of another product.
    #[serde(skip_serializing_if = "is_zero")]
    pub replaced: u64,
    /// Pictures that are gone.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// Pictures of which nothing changed but the attributes.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated: u64,
    /// Deltas that were joined into one.
    #[serde(skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// Rows of a base that was built anew.
    #[serde(skip_serializing_if = "is_zero")]
    pub rebuilt: u64,
    /// What else was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The index that changed, where that is not the searched one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Role>,
}

/// A step of longer work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody took the right to rebuild the base.
    RebuildBegun,
    /// That right was given back without a new base.
    RebuildGivenUp,
    /// An index of another encoder was begun.
    EncoderBegun,
    /// The index of another encoder is searched now.
    EncoderSwitched,
    /// The index of another encoder was given up.
    EncoderGivenUp,
    /// The index was emptied, to be made anew.
    StartedOver,
    /// What a later release calls something that this one does not know: no reason not to read the manifest.
    #[serde(other)]
    Other,
}

impl Changed {
    /// A change of nothing but this.
    pub fn step(step: Step) -> Self {
        Self {
            step: Some(step),
            ..Self::default()
        }
    }
}

impl Manifest {
    /// Takes note of what this generation changed, and forgets the oldest entry where there are too many.
    pub fn record(&mut self, at: u64, changed: Changed) {
        let generation = self.generation;
        self.history.retain(|entry| entry.generation < generation);
        self.history.push(HistoryEntry {
            generation,
            at,
            changed,
        });
        let excess = self.history.len().saturating_sub(MOST_ENTRIES);
        self.history.drain(..excess);
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
            Self::Other => "something that this release does not know",
        }
    }
}

/// In words: `3 pictures added, 1 picture removed`.
impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pictures = [
            (self.added, "added"),
            (self.replaced, "replaced"),
            (self.removed, "removed"),
            (self.updated, "with other attributes"),
        ];
        let pictures = pictures.map(|(count, done)| counted(count, "picture", done));
        let segments = [
            counted(self.merged, "delta", "joined"),
            counted(self.rebuilt, "row", "in a new base"),
            self.step.map(|step| step.words().to_owned()),
        ];
        let parts: Vec<String> = pictures.into_iter().chain(segments).flatten().collect();
        match parts.is_empty() {
            true => f.write_str("nothing")?,
            false => f.write_str(&parts.join(", "))?,
        }
        match self.side {
            None => Ok(()),
            Some(Role::Building) => f.write_str(" (the index that is being built)"),
            Some(Role::Previous) => f.write_str(" (the previous index)"),
        }
    }
}

/// The entries that this release can read. What a later one tells in another way is no reason not to read the manifest.
pub(crate) fn readable<'de, D: Deserializer<'de>>(
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ids::Fingerprint;

    fn empty() -> Manifest {
        Manifest::empty("test", Fingerprint([7; 32]), 16)
    }

    fn all() -> Changed {
        Changed {
            added: 3,
            replaced: 1,
            removed: 2,
            updated: 4,
            merged: 5,
            rebuilt: 6,
            step: Some(Step::EncoderBegun),
            side: Some(Role::Building),
        }
    }

    #[test]
    fn an_entry_takes_a_few_dozen_bytes() {
        let entry = HistoryEntry {
            generation: 12,
            at: 1_767_225_600_000,
            changed: Changed {
                added: 3,
                ..Changed::default()
            },
        };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, r#"{"generation":12,"at":1767225600000,"added":3}"#);
        let entry = HistoryEntry {
            changed: all(),
            ..entry
        };
        let text = serde_json::to_string(&entry).unwrap();
        assert!(text.len() < 160, "{text}");
        assert_eq!(serde_json::from_str::<HistoryEntry>(&text).unwrap(), entry);
    }

    #[test]
    fn a_later_release_may_say_more() {
        let mut manifest = empty();
        manifest.record(2, all());
        let mut later = serde_json::to_value(&manifest).unwrap();
        let entries = later["history"].as_array_mut().unwrap();
        for (name, value) in [
            ("step", json!("polished")),
            ("cost", json!({"euro": 1})),
            ("side", json!("tried")),
            ("added", json!({"again": 3})),
        ] {
            let mut entry = entries[0].clone();
            entry[name] = value;
            entries.push(entry);
        }
        let read: Manifest = serde_json::from_value(later).unwrap();
        let steps = read.history.iter().map(|entry| entry.changed.step);
        let known = Some(Step::EncoderBegun);
        assert!(
            steps.eq([known, Some(Step::Other), known]),
            "{:?}",
            read.history
        );
    }

    #[test]
    fn changes_are_told_in_words() {
        let added = Changed {
            added: 1,
            removed: 2,
            ..Changed::default()
        };
        assert_eq!(added.to_string(), "1 picture added, 2 pictures removed");
        assert_eq!(
            all().to_string(),
            "3 pictures added, 1 picture replaced, 2 pictures removed, 4 pictures with other attributes, \
             5 deltas joined, 6 rows in a new base, index of another encoder begun (the index that is being built)"
        );
        assert_eq!(Changed::default().to_string(), "nothing");
    }

    proptest! {
        #[test]
        fn the_newest_generations_are_kept_in_order(steps in proptest::collection::vec(1..4_u64, 0..70)) {
            let mut manifest = empty();
            let mut published = Vec::new();
            for step in steps {
                manifest.generation += step;
                manifest.record(1_767_225_600_000, all());
                published.push(manifest.generation);
                manifest = Manifest::decode(&manifest.encode()).unwrap();
            }
            let kept: Vec<u64> = manifest.history.iter().map(|entry| entry.generation).collect();
            let newest = published.len().saturating_sub(MOST_ENTRIES);
            prop_assert_eq!(&kept[..], &published[newest..]);
            prop_assert!(manifest.encode().len() < 4096);
        }
    }
}
