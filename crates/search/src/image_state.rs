//! The state of one catalog image: after an upload, a caller asks until it is indexed.

use lookalike_core::keys::is_catalog_key;
use lookalike_core::model::ImageRecord;
use lookalike_index::RowAddress;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::SearchError;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;

/// Maximum length of an S3 key in bytes.
const MAX_KEY_BYTES: usize = 1024;

/// The state of a catalog image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImageState)]
pub struct ImageView {
    /// Key of the object.
    pub key: String,
    /// `indexed` if searches find it, `pending` or `failed`.
    #[schema(value_type = String, example = "indexed")]
    pub state: ImageState,
    /// The generation of the index that this is about.
    pub generation: u64,
    /// The product that it shows; absent while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// True if the object is deleted and still in the index; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub removal: bool,
    /// The reason of a failure as a word for programs; absent where the operator does not show reasons to callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "corrupt")]
    pub code: Option<String>,
    /// The reason of a failure, and what to do about it; absent like `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The outcome of a catalog image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageState {
    /// It waits for the indexer: to be put into the index, or taken out of it.
    Pending,
    /// Searches find it.
    Indexed,
    /// It cannot be indexed, and searches do not find an older version of it.
    Failed,
}

impl Searcher {
    /// Returns the state of the catalog image at `key`. If the loaded index does not have the image, the newest one is
    /// loaded, so that a caller who polls learns at once.
    ///
    /// # Errors
    /// [`SearchError::NoCatalogKey`], and [`SearchError::UnknownKey`] when nothing is at the key, in the bucket or in
    /// the index.
    pub async fn image(&self, key: &str) -> Result<ImageView, SearchError> {
        if !is_catalog_key(key) || key.len() > MAX_KEY_BYTES {
            return Err(SearchError::NoCatalogKey(key.to_owned()));
        }
        let (head, failures, loaded) = tokio::join!(
            self.ports.images.head(key),
            self.ports.failures.of_key(key),
            self.snapshots.current()
        );
        let (failures, loaded) = (failures?, loaded?);
        let mut loaded = self.with_image(loaded, key).await?;
        let etag = head?.map(|head| head.etag);
        let is_failed = |record: &ImageRecord| etag.as_ref() == Some(&record.etag);
        let failed = failures.into_iter().find(is_failed);
        let mut indexed = IndexedImage::of(key, &loaded);
        let is_current = |indexed: &Option<IndexedImage>| {
            let indexed = indexed.as_ref().map(|indexed| &indexed.etag);
            indexed == etag.as_ref()
        };
        // A failed image may not have an older version in the index any more.
        if (failed.is_none() || indexed.is_some()) && !is_current(&indexed) {
            let newest = self.snapshots.newest().await?;
            loaded = self.with_image(newest, key).await?;
            indexed = IndexedImage::of(key, &loaded);
        }
        let is_current = is_current(&indexed);
        let view = ImageView {
            key: key.to_owned(),
            state: ImageState::Pending,
            generation: loaded.manifest.generation,
            product_id: None,
            removal: false,
            code: None,
            reason: None,
        };
        match (etag, indexed, failed) {
            (Some(_), Some(indexed), _) if is_current => Ok(ImageView {
                state: ImageState::Indexed,
                product_id: Some(indexed.product_id),
                ..view
            }),
            (Some(_), None, Some(record)) => Ok(view.failed(record)),
            // While searches still find an older version, its removal is pending.
            (Some(_), _, _) => Ok(view),
            (None, Some(_), _) => Ok(ImageView {
                removal: true,
                ..view
            }),
            (None, None, _) => Err(SearchError::UnknownKey(key.to_owned())),
        }
    }
}

impl ImageView {
    /// Changes the state to that of a record, if it has a failure.
    fn failed(self, record: ImageRecord) -> Self {
        match record.failure {
            Some(failure) => Self {
                state: ImageState::Failed,
                product_id: Some(record.product_id),
                code: Some(failure.code),
                reason: Some(failure.reason),
                ..self
            },
            None => self,
        }
    }
}

/// The row of a key in the index.
struct IndexedImage {
    etag: String,
    product_id: String,
}

impl IndexedImage {
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
