//! Finding changes whose events were lost, so that the index is right again within a day, whatever was lost.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use lookalike_core::keys::{CATALOG_PREFIX, is_catalog_key};
use lookalike_core::model::ListedImage;
use lookalike_core::time::Deadline;
use tracing::warn;

use crate::error::IndexingError;
use crate::indexer::Indexer;

/// Products whose rows are updated together.
const BATCH_PRODUCTS: usize = 500;
/// Time that must be left to begin a comparison with the table, or a batch of products. What does not fit is found by
/// the next run. The daily run gives half of its time to healing, which is less than 30 s if the function's timeout is
/// the shortest that the template allows, a minute.
pub(crate) const MIN_TIME: Duration = Duration::from_secs(20);

/// Keys by their hashes, which take less memory. The hash differs from run to run, so a key that hides behind another is
/// seen the next time.
#[derive(Default)]
struct KeySet {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl KeySet {
    fn insert(&mut self, key: &str) {
        self.hashes.insert(self.hasher.hash_one(key));
    }

    fn contains(&self, key: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(key))
    }
}

/// Rows that were brought in line with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Healed {
    /// Rows whose attributes changed.
    pub updated: usize,
    /// Products that could not be updated; the next run tries them again.
    pub failed: usize,
}

impl Indexer {
    /// Returns the keys at which the bucket differs from the searched index or the records, to be queued as changes.
    /// Images that failed are left out as long as they are what failed: decoding them again would cost the same every
    /// day. Standby indexes are not compared: the command that changes the encoder fills the new one, at a pace that lets uploads
    /// through, and an image that only one encoder can embed would be tried again every day.
    ///
    /// # Errors
    /// [`IndexingError`] when bucket, searched index or table cannot be read.
    pub async fn missed_changes(&self, deadline: Deadline) -> Result<Vec<String>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let searched = &indexes[..indexes.len().min(1)];
        // In this order, so that an image that comes and fails meanwhile does not look like one that is gone.
        let failed = self.failed_images().await?;
        let mut missed = BTreeSet::new();
        let mut stored = KeySet::default();
        let mut after = None;
        loop {
            let images = &self.ports.images;
            let page = images.list(CATALOG_PREFIX, after.as_deref()).await?;
            let keys: BTreeSet<String> = page.items.iter().map(|image| image.key.clone()).collect();
            let searched = self.with_keys(searched, &keys).await?;
            let is_done = |image: &ListedImage| {
                let (key, etag) = (&image.key, &image.etag);
                let is_found = searched
                    .iter()
                    .any(|index| index.view.locate(key).is_some());
                searched.iter().any(|index| index.has_version(key, etag))
                    || failed.versions.get(key) == Some(etag) && !is_found
            };
            for image in page
                .items
                .into_iter()
                .filter(|image| is_catalog_key(&image.key))
            {
                stored.insert(&image.key);
                if !is_done(&image) {
                    missed.insert(image.key);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let is_gone = |key: &&str| !stored.contains(key);
        missed.extend(failed.keys().filter(is_gone).map(str::to_owned));
        let mut parts = self.publisher.reader.parts(searched);
        let mut counted = 0;
        while let Some(part) = parts.next().await? {
            counted += part.iter().map(|index| index.view.images()).sum::<u64>();
            let keys = part.iter().flat_map(|index| index.live_keys());
            missed.extend(keys.filter(is_gone).map(str::to_owned));
            if !parts.is_done() && deadline.remaining() < MIN_TIME {
                warn!(
                    "no time is left to look for all images that are gone; `lookalike index verify --repair` does"
                );
                break;
            }
        }
        if let Some(index) = searched.first().filter(|_| parts.is_done()) {
            let noted = self.note_count(index, counted, deadline).await;
            if let Err(error) = noted {
                warn!(%error, "the number of images could not be corrected; the next run does that");
            }
        }
        match deadline.remaining() < MIN_TIME {
            true => warn!("no time is left to look for images without a record; the next run does"),
            false => missed.extend(self.unrecorded().await?),
        }
        Ok(missed.into_iter().collect())
    }

    /// Brings the rows in line with the table whose attributes differ from it, as far as the time goes.
    ///
    /// # Errors
    /// [`IndexingError`] when index or table cannot be read, or the rows cannot be published.
    pub async fn heal_attributes(&self, deadline: Deadline) -> Result<Healed, IndexingError> {
        let mut healed = Healed::default();
        if deadline.remaining() < MIN_TIME {
            warn!("no time is left to compare attributes with the table; the next run does");
            return Ok(healed);
        }
        let outdated = self.outdated_within(deadline).await?.into_iter();
        let products: BTreeSet<String> = outdated.map(|outdated| outdated.product_id).collect();
        let products: Vec<String> = products.into_iter().collect();
        for chunk in products.chunks(BATCH_PRODUCTS) {
            if deadline.remaining() < MIN_TIME {
                warn!("no time is left to update all products; the next run goes on");
                break;
            }
            let report = self.index_products(chunk, deadline).await?;
            healed.updated += report.updated;
            healed.failed += report.retry.len();
        }
        Ok(healed)
    }
}
