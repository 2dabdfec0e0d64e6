//! One link: asks its server, checks the answer, stores it.

use bytes::Bytes;
use lookalike_aws::Cloud;
use lookalike_core::{MemoryBudget, StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};

use super::client::Client;
use super::content;
use super::downloader::{Download, Downloader};
use super::error::FetchError;
use super::links::ImageLink;
use super::source::{self, Source, Validators};
use super::stored::StoredImages;

/// The outcome of a link.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The image is new in the catalog.
    New,
    /// The image in the catalog was replaced.
    Changed,
    /// The catalog had the image.
    Unchanged,
    /// The link has no image; the catalog keeps the one that it has.
    Failed(FetchError),
}

/// Fetches the images of links.
#[derive(Debug)]
pub(crate) struct Fetcher<'a> {
    cloud: &'a Cloud,
    stored: &'a StoredImages,
    downloader: Downloader,
    memory: MemoryBudget,
}

/// An image of a link that an earlier fetch stored.
struct Earlier {
    key: String,
    source: Source,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(cloud: &'a Cloud, stored: &'a StoredImages, client: Client) -> Self {
        Self {
            cloud,
            stored,
            downloader: Downloader::new(client),
            memory: MemoryBudget::of_machine(),
        }
    }

    /// Brings the image of a link up to date.
    ///
    /// # Errors
    /// Errors of the catalog that every other link would have too.
    pub(crate) async fn fetch(&self, link: &ImageLink) -> Result<Fetched, StoreError> {
        if !source::fits(&link.product_id) {
            return Ok(Fetched::Failed(FetchError::LongProductId));
        }
        match self.update(link).await {
            Ok(fetched) => Ok(fetched),
            Err(UpdateError::Link(error)) => Ok(Fetched::Failed(error)),
            Err(UpdateError::Store(error)) if error.kind == StoreErrorKind::Unavailable => {
                Ok(Fetched::Failed(FetchError::Catalog(error.to_string())))
            }
            Err(UpdateError::Store(error)) => Err(error),
        }
    }

    async fn update(&self, link: &ImageLink) -> Result<Fetched, UpdateError> {
        let mut earlier = self.earlier(link).await?;
        // An image in another folder has to be stored again, so all of it is needed.
        let here = earlier
            .iter()
            .position(|earlier| link.name.is_in_folder(&earlier.key));
        let current = here.map(|here| earlier.swap_remove(here));
        let known = match &current {
            Some(current) => current.source.validators.clone(),
            None => Validators::default(),
        };
        let fetched = match self.downloader.get(&link.url, &known).await? {
            Download::Unchanged => Fetched::Unchanged,
            Download::Body { body, validators } => {
                let (key, fetched) = self.store(link, body, validators, current.as_ref()).await?;
                earlier.extend(current.filter(|current| current.key != key));
                fetched
            }
        };
        for outdated in earlier {
            self.cloud.picture_writer.delete(&outdated.key).await?;
        }
        Ok(fetched)
    }

    /// Returns the stored images of a link: those whose metadata says so.
    async fn earlier(&self, link: &ImageLink) -> Result<Vec<Earlier>, StoreError> {
        let mut earlier = Vec::new();
        for key in self.stored.keys(link.name.hash()) {
            let head = self.cloud.pictures.head(key).await?;
            let source = head.as_ref().and_then(Source::read);
            if let Some(source) = source.filter(|source| source.hash == link.name.hash()) {
                let key = key.clone();
                earlier.push(Earlier { key, source });
            }
        }
        Ok(earlier)
    }

    /// Stores an image unless it is stored already, and returns its key.
    async fn store(
        &self,
        link: &ImageLink,
        body: Bytes,
        validators: Validators,
        current: Option<&Earlier>,
    ) -> Result<(String, Fetched), UpdateError> {
        let format = content::check(&body, &self.memory).await?;
        let key = link.name.key(format);
        let source = Source {
            hash: link.name.hash().to_owned(),
            sha256: hex::encode(Sha256::digest(&body)),
            validators,
        };
        let fetched = match current {
            Some(current) if current.source.sha256 == source.sha256 => Fetched::Unchanged,
            Some(_) => Fetched::Changed,
            None => Fetched::New,
        };
        // Content that stayed the same is stored again for its new validators: the next run then gets a 304. Its ETag
        // stays too, so the indexer embeds nothing.
        if current.is_none_or(|current| current.key != key || current.source != source) {
            let metadata = source.metadata(link, body.len());
            self.cloud
                .picture_writer
                .put(&key, body, format.media_type(), &metadata)
                .await?;
        }
        Ok((key, fetched))
    }
}

#[derive(Debug, thiserror::Error)]
enum UpdateError {
    #[error(transparent)]
    Link(#[from] FetchError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
