//! Waiting until the index has the imported metadata.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use lookalike_core::{Filterable, Metadata};
use lookalike_indexing::{IndexedImage, Indexer, IndexingError};
use lookalike_product_table::TableProduct;
use serde::Serialize;

use crate::output;

const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Time without progress after which waiting ends.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The images whose rows have to change.
pub(crate) struct ImportWatch<'a> {
    indexer: Indexer,
    filterable: &'a Filterable,
    metadata: HashMap<&'a str, &'a Metadata>,
    /// Images as they were in the index, by key.
    pending: BTreeMap<String, IndexedImage>,
}

/// The changes seen in the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    /// Images whose rows have the imported metadata.
    pub(crate) updated: usize,
    /// Images among them that have another version now, which was embedded.
    pub(crate) embedded: usize,
    /// Images whose rows do not have it yet.
    pub(crate) waiting: usize,
}

impl<'a> ImportWatch<'a> {
    /// Reads the index before `changed` is stored.
    pub(crate) async fn before(
        indexer: Indexer,
        filterable: &'a Filterable,
        changed: &[&'a TableProduct],
    ) -> Result<Self, IndexingError> {
        let metadata: HashMap<&str, &Metadata> = changed
            .iter()
            .map(|product| (product.product_id.as_str(), &product.metadata))
            .collect();
        let mut watch = Self {
            indexer,
            filterable,
            metadata,
            pending: BTreeMap::new(),
        };
        let ids: Vec<String> = watch.metadata.keys().map(|id| (*id).to_owned()).collect();
        let pictures = watch.indexer.images_of(&ids).await?.into_iter();
        let outdated = pictures.filter(|picture| watch.is_outdated(picture));
        watch.pending = outdated.map(|p| (p.key.clone(), p)).collect();
        Ok(watch)
    }

    /// Waits until the index has everything that was stored, or stops changing.
    pub(crate) async fn after(mut self) -> Result<Seen, IndexingError> {
        let bar = output::progress("updating", self.pending.len() as u64);
        let mut seen = Seen::default();
        let mut progressed = Instant::now();
        while !self.pending.is_empty() && progressed.elapsed() < STALL_TIMEOUT {
            let before = self.pending.len();
            self.look(&mut seen).await?;
            bar.inc((before - self.pending.len()) as u64);
            if self.pending.len() < before {
                progressed = Instant::now();
            } else {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        bar.finish_and_clear();
        seen.waiting = self.pending.len();
        Ok(seen)
    }

    async fn look(&mut self, seen: &mut Seen) -> Result<(), IndexingError> {
        let products: BTreeSet<&String> = self.pending.values().map(|p| &p.product_id).collect();
        let products: Vec<String> = products.into_iter().cloned().collect();
        let pictures = self.indexer.images_of(&products).await?.into_iter();
        let now: HashMap<String, IndexedImage> = pictures
            .map(|picture| (picture.key.clone(), picture))
            .collect();
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|key, before| match now.get(key) {
            // Removed, or assigned to another product.
            None => false,
            Some(now) if self.is_outdated(now) => true,
            Some(now) => {
                seen.updated += 1;
                // Only another version of an image is embedded.
                seen.embedded += usize::from(now.etag != before.etag);
                false
            }
        });
        self.pending = pending;
        Ok(())
    }

    fn is_outdated(&self, picture: &IndexedImage) -> bool {
        let metadata = self.metadata.get(picture.product_id.as_str());
        metadata.is_some_and(|metadata| picture.is_outdated(self.filterable, metadata))
    }
}
