//! The indexes that a batch keeps up to date, each with its encoder.

use std::collections::BTreeSet;
use std::sync::Arc;

use lookalike_core::model::ImageHead;
use lookalike_core::ports::ImageEncoder;
use lookalike_index::{Fingerprint, IndexError};
use tracing::error;

use crate::current::{Current, Published, ReadIndexes};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::vector_base::Touched;

/// One index and what it takes to write it.
pub(crate) struct IndexTarget {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) embedder: Arc<dyn ImageEncoder>,
    pub(crate) current: Arc<Current>,
    /// True if any manifest names the index already.
    pub(crate) is_published: bool,
}

/// Indexes of one manifest that can be used.
pub(crate) struct Usable<T> {
    /// The searched one first.
    pub(crate) indexes: Vec<T>,
    /// The reason why a standby index cannot be used now although it may be later: then every change must be
    /// delivered again.
    pub(crate) retry_reason: Option<String>,
    /// The encoders of all indexes, usable or not.
    pub(crate) known: Vec<Fingerprint>,
    pub(crate) generation: u64,
}

impl IndexTarget {
    /// True if the index has a row of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.current.view.locate(key).is_some()
    }

    /// True if the index has this version of an image.
    pub(crate) fn has_version(&self, key: &str, head: &ImageHead) -> bool {
        self.current.has_version(key, &head.etag)
    }
}

impl Indexer {
    /// Returns every index that the manifest has now, as far as these image keys are concerned; before anything is
    /// published, that of the configured encoder, still empty.
    ///
    /// # Errors
    /// When the index that is searched cannot be written. A standby index that can never be written is
    /// left out, with an error in the log: it must not stop the searched one, and is not switched to while it lacks
    /// images.
    pub(crate) async fn targets(
        &self,
        keys: &BTreeSet<String>,
    ) -> Result<Usable<IndexTarget>, IndexingError> {
        let reader = &self.publisher.reader;
        let read = reader.read_all().await?;
        let ReadIndexes { published, indexes } = reader.touching(read, Touched::Keys(keys)).await;
        if indexes.is_empty() {
            let encoder = self.configured().await?;
            let current = self.publisher.reader.index(&published, &encoder).await;
            return Ok(Usable {
                known: vec![encoder.fingerprint],
                indexes: vec![self.target(encoder, current, false).await?],
                retry_reason: None,
                generation: published.generation(),
            });
        }
        let mut targets = Vec::with_capacity(indexes.len());
        for (encoder, current) in indexes {
            let target = self.target(encoder.clone(), current, true).await;
            targets.push((encoder, target));
        }
        let targets = usable(&published, targets)?;
        let needed = targets.indexes.iter();
        let needed = needed.map(|target| target.encoder.fingerprint);
        self.ports.encoders.keep_configured(needed).await;
        Ok(targets)
    }

    /// Returns every index that the manifest has now, as far as these products are concerned, for work that embeds
    /// nothing; none before anything was published.
    ///
    /// # Errors
    /// As [`targets`](Self::targets).
    pub(crate) async fn indexes(
        &self,
        products: &BTreeSet<String>,
    ) -> Result<Usable<(EncoderIdentity, Arc<Current>)>, IndexingError> {
        let reader = &self.publisher.reader;
        let (read, touched) = (reader.read_all().await?, Touched::Products(products));
        let ReadIndexes { published, indexes } = reader.touching(read, touched).await;
        let indexes = indexes.into_iter().map(|(encoder, current)| {
            let index = current.map(|current| (encoder.clone(), current));
            (encoder, index)
        });
        usable(&published, indexes)
    }

    async fn target(
        &self,
        encoder: EncoderIdentity,
        current: Result<Arc<Current>, IndexingError>,
        is_published: bool,
    ) -> Result<IndexTarget, IndexingError> {
        let embedder = self.ports.encoders.of(encoder.fingerprint).await?;
        if embedder.dimensions() != encoder.dimensions {
            return Err(IndexingError::Index(IndexError::Dimensions {
                expected: encoder.dimensions,
                found: embedder.dimensions(),
            }));
        }
        Ok(IndexTarget {
            encoder,
            embedder,
            current: current?,
            is_published,
        })
    }

    /// Loads the encoder of the searched index, before anything is to be indexed with it.
    ///
    /// # Errors
    /// [`IndexingError`] when it cannot be had.
    pub async fn check_encoder(&self) -> Result<(), IndexingError> {
        let encoders = self.publisher.reader.published().await?.encoders();
        match encoders.first() {
            Some(served) => self.ports.encoders.of(served.fingerprint).await?,
            None => self.ports.encoders.configured().await?,
        };
        Ok(())
    }

    /// Returns the encoder that this process was given; loads it.
    pub(crate) async fn configured(&self) -> Result<EncoderIdentity, IndexingError> {
        let embedder = self.ports.encoders.configured().await?;
        Ok(EncoderIdentity {
            name: embedder.name().to_owned(),
            fingerprint: embedder.fingerprint(),
            dimensions: embedder.dimensions(),
        })
    }
}

/// Leaves out the standby indexes that cannot be used.
///
/// # Errors
/// When the first index, which is searched, cannot be used.
fn usable<T>(
    published: &Published,
    read: impl IntoIterator<Item = (EncoderIdentity, Result<T, IndexingError>)>,
) -> Result<Usable<T>, IndexingError> {
    let mut indexes = Vec::new();
    let mut retry_reason = None;
    let mut known = Vec::new();
    for (place, (encoder, index)) in read.into_iter().enumerate() {
        known.push(encoder.fingerprint);
        match index {
            Ok(index) => indexes.push(index),
            Err(error) if place == 0 => return Err(error),
            Err(error) if error.may_pass() => {
                retry_reason = Some(format!("the index of {}: {error}", encoder.name));
            }
            Err(error) => error!(
                encoder = encoder.name,
                fingerprint = %encoder.fingerprint,
                %error,
                "a standby index cannot be kept up to date: `lookalike reindex --cancel` or `--finish` gives it up"
            ),
        }
    }
    Ok(Usable {
        indexes,
        retry_reason,
        known,
        generation: published.generation(),
    })
}
