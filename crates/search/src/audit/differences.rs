//! Differences between bucket, index and records.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::keys::is_catalog_key;
use lookalike_core::model::ImageRecord;
use lookalike_index::LiveRows;

use super::contradiction::{Contradiction, StaleRecord};

/// All differences.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Keys in the bucket whose current version is neither indexed nor failed.
    pub(super) unindexed: BTreeSet<String>,
    /// Keys whose indexed version is not that of the bucket.
    pub(super) outdated: BTreeSet<String>,
    /// Keys that are indexed, but no longer in the bucket.
    pub(super) gone: BTreeSet<String>,
    /// Records of other keys that contradict the index.
    pub(super) contradictions: BTreeSet<StaleRecord>,
}

/// The row of a key in the index.
struct Indexed<'a> {
    product_id: &'a str,
    etag: &'a str,
}

impl Differences {
    /// Finds the differences; `stored` has the ETag of every key in the bucket.
    pub(super) fn of(
        view: &LiveRows,
        stored: &BTreeMap<String, String>,
        records: &[ImageRecord],
        failed: &[ImageRecord],
    ) -> Self {
        let indexed: BTreeMap<&str, Indexed<'_>> = view
            .addresses()
            .map(|at| {
                let meta = view.meta(at);
                let indexed = Indexed {
                    product_id: meta.product_id(at.row),
                    etag: meta.etag(at.row),
                };
                (meta.key(at.row), indexed)
            })
            .collect();
        let failed: BTreeSet<(&str, &str)> = failed
            .iter()
            .map(|record| (record.key.as_str(), record.etag.as_str()))
            .collect();
        let mut found = Self::default();
        for (key, etag) in stored {
            match indexed.get(key.as_str()) {
                Some(row) if row.etag == etag => {}
                Some(_) => drop(found.outdated.insert(key.clone())),
                None if failed.contains(&(key, etag)) => {}
                None => drop(found.unindexed.insert(key.clone())),
            }
        }
        let gone = indexed.keys().filter(|key| !stored.contains_key(**key));
        found.gone = gone.map(|key| (*key).to_owned()).collect();
        found.contradictions = found.contradictions_of(&indexed, stored, records);
        found
    }

    /// True if the key is among the differences, which explains a contradiction of its records.
    fn explains(&self, key: &str) -> bool {
        [&self.unindexed, &self.outdated, &self.gone]
            .iter()
            .any(|keys| keys.contains(key))
    }

    fn contradictions_of(
        &self,
        indexed: &BTreeMap<&str, Indexed<'_>>,
        stored: &BTreeMap<String, String>,
        records: &[ImageRecord],
    ) -> BTreeSet<StaleRecord> {
        let mut recorded: BTreeSet<&str> = BTreeSet::new();
        let mut found = BTreeSet::new();
        for record in records {
            let row = indexed.get(record.key.as_str());
            if row.is_some_and(|row| row.product_id == record.product_id) {
                recorded.insert(&record.key);
            }
            if self.explains(&record.key) {
                continue;
            }
            if let Some(contradiction) = contradiction(record, row, stored) {
                found.insert(StaleRecord {
                    key: record.key.clone(),
                    product_id: record.product_id.clone(),
                    contradiction,
                });
            }
        }
        let unrecorded = indexed.iter().filter(|(key, _)| !recorded.contains(*key));
        found.extend(
            unrecorded
                .filter(|(key, _)| !self.explains(key))
                .map(|(key, row)| StaleRecord {
                    key: (*key).to_owned(),
                    product_id: row.product_id.to_owned(),
                    contradiction: Contradiction::Unrecorded,
                }),
        );
        found
    }

    /// Returns the differences that are also in `others`.
    pub(super) fn shared_with(self, others: &Self) -> Self {
        fn shared<T: Ord>(mut one: BTreeSet<T>, other: &BTreeSet<T>) -> BTreeSet<T> {
            one.retain(|entry| other.contains(entry));
            one
        }
        Self {
            unindexed: shared(self.unindexed, &others.unindexed),
            outdated: shared(self.outdated, &others.outdated),
            gone: shared(self.gone, &others.gone),
            contradictions: shared(self.contradictions, &others.contradictions),
        }
    }
}

/// Returns the contradiction of a record. Its key is not among the differences.
fn contradiction(
    record: &ImageRecord,
    row: Option<&Indexed<'_>>,
    stored: &BTreeMap<String, String>,
) -> Option<Contradiction> {
    let is_stored = stored.contains_key(&record.key) && is_catalog_key(&record.key);
    match (row, &record.failure) {
        (None, _) if !is_stored => Some(Contradiction::Gone),
        // The key is no difference and not indexed, so another record says that this version failed.
        (None, None) => Some(Contradiction::NotIndexed),
        (None, Some(_)) => None,
        (Some(_), Some(_)) => Some(Contradiction::NotFailed),
        (Some(row), None) if row.product_id != record.product_id => {
            Some(Contradiction::OtherProduct)
        }
        (Some(row), None) if row.etag != record.etag => Some(Contradiction::OtherVersion),
        (Some(_), None) => None,
    }
}
