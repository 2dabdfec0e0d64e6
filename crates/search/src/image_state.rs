//! What became of one catalog image: who uploads one asks until it can be found.

use lookalike_core::keys::is_catalog_key;
use lookalike_core::model::ImageRecord;
use lookalike_index::RowAddress;

use crate::error::SearchError;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;

/// A catalog image and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageView {
    /// Its key.
    pub key: String,
    /// The outcome of the object that is at the key now.
    pub state: ImageState,
    /// The index that was looked at.
    pub generation: u64,
}

/// The outcome of a catalog image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageState {
    /// It waits for the indexer: to be put into the index, or taken out of it.
    Pending {
        /// True if the object is gone and the index still has it.
        removal: bool,
    },
    /// Searches find it.
    Indexed {
        /// The product that it shows.
        product_id: String,
    },
    /// It cannot be indexed.
    Failed {
        /// The product that it shows.
        product_id: String,
        /// A stable short name of the reason, e.g. `corrupt`.
        code: String,
        /// What is wrong, in a sentence a person can act on.
        reason: String,
    },
}

impl Searcher {
    /// Returns the outcome of the catalog image at `key`. When the index at hand does not have it, the newest one
    /// is looked at, so that a caller who polls learns at once.
    ///
    /// # Errors
    /// [`SearchError::NoCatalogKey`], and [`SearchError::UnknownKey`] when nothing is at the key, in the bucket or in
    /// the index.
    pub async fn image(&self, key: &str) -> Result<ImageView, SearchError> {
        if !is_catalog_key(key) || key.len() > 1024 {
            return Err(SearchError::NoCatalogKey(key.to_owned()));
        }
        let (head, failures, loaded) = tokio::join!(
            self.ports.images.head(key),
            self.ports.failures.of_key(key),
            self.snapshots.current()
        );
        let (failures, mut loaded) = (failures?, loaded?);
        let etag = head?.map(|head| head.etag);
        let is_failed = |record: &&ImageRecord| etag.as_ref() == Some(&record.etag);
        let failed = failures.iter().find(is_failed);
        let mut indexed = Indexed::of(key, &loaded);
        let is_current = |indexed: &Option<Indexed>| {
            let indexed = indexed.as_ref().map(|indexed| &indexed.etag);
            indexed == etag.as_ref()
        };
        if failed.is_none() && !is_current(&indexed) {
            loaded = self.snapshots.newest().await?;
            indexed = Indexed::of(key, &loaded);
        }
        let failed = failed.and_then(|record| {
            let failure = record.failure.clone()?;
            Some(ImageState::Failed {
                product_id: record.product_id.clone(),
                code: failure.code,
                reason: failure.reason,
            })
        });
        let is_current = is_current(&indexed);
        let state = match (etag, indexed, failed) {
            (Some(_), Some(Indexed { product_id, .. }), _) if is_current => {
                ImageState::Indexed { product_id }
            }
            (Some(_), _, Some(failed)) => failed,
            (Some(_), _, None) => ImageState::Pending { removal: false },
            (None, Some(_), _) => ImageState::Pending { removal: true },
            (None, None, _) => return Err(SearchError::UnknownKey(key.to_owned())),
        };
        Ok(ImageView {
            key: key.to_owned(),
            state,
            generation: loaded.manifest.generation,
        })
    }
}

/// The row of a key in the index.
struct Indexed {
    etag: String,
    product_id: String,
}

impl Indexed {
    fn of(key: &str, loaded: &LoadedSnapshot) -> Option<Self> {
        let view = loaded.snapshot.live_rows();
        let RowAddress { segment, row } = view.locate(key)?;
        let meta = &view.segments()[segment];
        Some(Self {
            etag: meta.etag(row).to_owned(),
            product_id: meta.product_id(row).to_owned(),
        })
    }
}
