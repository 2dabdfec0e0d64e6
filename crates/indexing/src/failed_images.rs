//! The images that have a record of a failure.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::redelivered::is_unfinished;

/// Images by the records of their failures.
#[derive(Debug, Default)]
pub(crate) struct FailedImages {
    /// The versions that failed, by key. A try that was marked and did not come to its end is none: the message that
    /// would have gone on with it may be a dead letter.
    pub(crate) versions: BTreeMap<String, String>,
    /// The keys of tries that did not come to their end.
    unfinished: BTreeSet<String>,
}

impl FailedImages {
    /// Returns every key with a record of a failure.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.versions.keys().chain(&self.unfinished);
        keys.map(String::as_str)
    }
}

impl Indexer {
    /// Reads the records of all failures.
    pub(crate) async fn failed_images(&self) -> Result<FailedImages, IndexingError> {
        let mut failed = FailedImages::default();
        let mut after = None;
        loop {
            let page = self.ports.failures.list(after.as_deref()).await?;
            for record in page.items {
                match is_unfinished(&record) {
                    true => failed.unfinished.insert(record.key),
                    false => failed.versions.insert(record.key, record.etag).is_none(),
                };
            }
            after = page.next;
            if after.is_none() {
                return Ok(failed);
            }
        }
    }
}
