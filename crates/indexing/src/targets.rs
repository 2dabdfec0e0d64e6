//! The indexes that a batch keeps up to date, each with its encoder.

use std::sync::Arc;

use lookalike_core::encoders::NoEncoder;
use lookalike_core::model::ImageHead;
use lookalike_core::ports::ImageEncoder;
use lookalike_index::IndexError;
use tracing::error;

use crate::current::{Current, Published, TRIES};
use crate::encoder_identity::EncoderIdentity;
use crate::indexer::Indexer;
use crate::report::IndexingError;

/// One index and what it takes to write it.
pub(crate) struct IndexTarget {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) embedder: Arc<dyn ImageEncoder>,
    pub(crate) current: Arc<Current>,
    /// True if any manifest names the index already.
    pub(crate) is_published: bool,
}

/// All indexes that can be written.
pub(crate) struct IndexTargets {
    /// That of the searched index first.
    pub(crate) targets: Vec<IndexTarget>,
    /// Why a side index is not among them although it may be later: what it is not told now, it must be
    /// told again.
    pub(crate) retry_reason: Option<String>,
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

/// All indexes that can be read, without their encoders.
pub(crate) struct Indexes {
    /// The searched one first; none before anything was published.
    pub(crate) indexes: Vec<(EncoderIdentity, Arc<Current>)>,
    /// As [`IndexTargets::retry_reason`].
    pub(crate) retry_reason: Option<String>,
    pub(crate) generation: u64,
}

impl Indexer {
    /// Every index that the manifest has now; before anything is published, that of the configured
    /// encoder, still empty.
    ///
    /// # Errors
    /// When the index that is searched cannot be written. A side index that can never be written is
    /// left out, loudly: it must not stop the searched one, and is not switched to while it lacks
    /// images.
    pub(crate) async fn targets(&self) -> Result<IndexTargets, IndexingError> {
        let mut tries = 1;
        loop {
            let published = self.publisher.reader.published().await?;
            match self.targets_of(&published, tries == TRIES).await {
                // Replaced and removed since the manifest was read: there is a newer one.
                Err(error) if error.is_missing_segment() && tries < TRIES => tries += 1,
                targets => return targets,
            }
        }
    }

    /// `last_try`: a segment that is not there is lost by now, rather than replaced.
    async fn targets_of(
        &self,
        published: &Published,
        last_try: bool,
    ) -> Result<IndexTargets, IndexingError> {
        let encoders = published.encoders();
        let is_published = !encoders.is_empty();
        let (served, sides) = match encoders.split_first() {
            Some((served, sides)) => (served.clone(), sides),
            None => (self.configured().await?, &[][..]),
        };
        let served = self.target(published, served, is_published).await?;
        let mut targets = vec![served];
        let mut retry_reason = None;
        for encoder in sides {
            match self.target(published, encoder.clone(), true).await {
                Ok(target) => targets.push(target),
                Err(error) if error.is_missing_segment() && !last_try => return Err(error),
                Err(error) => retry_reason = retry_reason_of(encoder, &error).or(retry_reason),
            }
        }
        let needed = targets.iter().map(|target| target.encoder.fingerprint);
        if is_published {
            self.ports.encoders.keep_configured(needed).await;
        }
        Ok(IndexTargets {
            targets,
            retry_reason,
        })
    }

    /// Every index that the manifest has now, for who embeds nothing.
    ///
    /// # Errors
    /// As [`targets`](Self::targets).
    pub(crate) async fn indexes(&self) -> Result<Indexes, IndexingError> {
        let mut tries = 1;
        loop {
            let published = self.publisher.reader.published().await?;
            match self.indexes_of(&published, tries == TRIES).await {
                Err(error) if error.is_missing_segment() && tries < TRIES => tries += 1,
                indexes => return indexes,
            }
        }
    }

    async fn indexes_of(
        &self,
        published: &Published,
        last_try: bool,
    ) -> Result<Indexes, IndexingError> {
        let mut indexes = Vec::new();
        let mut retry_reason = None;
        for (place, encoder) in published.encoders().into_iter().enumerate() {
            match self.publisher.reader.index(published, &encoder).await {
                Ok(current) => indexes.push((encoder, current)),
                Err(error) if place == 0 => return Err(error),
                Err(error) if error.is_missing_segment() && !last_try => return Err(error),
                Err(error) => retry_reason = retry_reason_of(&encoder, &error).or(retry_reason),
            }
        }
        Ok(Indexes {
            indexes,
            retry_reason,
            generation: published.generation(),
        })
    }

    async fn target(
        &self,
        published: &Published,
        encoder: EncoderIdentity,
        is_published: bool,
    ) -> Result<IndexTarget, IndexingError> {
        let embedder = self.ports.encoders.of(encoder.fingerprint).await?;
        if embedder.dimensions() != encoder.dimensions {
            return Err(IndexingError::Index(IndexError::Dimensions {
                expected: encoder.dimensions,
                found: embedder.dimensions(),
            }));
        }
        let current = self.publisher.reader.index(published, &encoder).await?;
        Ok(IndexTarget {
            encoder,
            embedder,
            current,
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

    /// The encoder that this process was given; loads it.
    pub(crate) async fn configured(&self) -> Result<EncoderIdentity, IndexingError> {
        let embedder = self.ports.encoders.configured().await?;
        Ok(EncoderIdentity {
            name: embedder.name().to_owned(),
            fingerprint: embedder.fingerprint(),
            dimensions: embedder.dimensions(),
        })
    }
}

/// Why a side index is to be told later; nothing when that is no use, which is said loudly.
fn retry_reason_of(encoder: &EncoderIdentity, error: &IndexingError) -> Option<String> {
    if error.may_pass() {
        return Some(format!("the index of {}: {error}", encoder.name));
    }
    error!(
        encoder = encoder.name,
        fingerprint = %encoder.fingerprint,
        %error,
        "a side index cannot be kept up to date: `lookalike reindex --cancel` or `--finish` gives it up"
    );
    None
}

impl IndexingError {
    /// True if the same may succeed later without any change.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.kind.is_retryable(),
            Self::Worker(_) | Self::Contended { .. } | Self::Late { .. } => true,
            Self::Encoder(_) | Self::Index(_) => false,
        }
    }
}

impl From<NoEncoder> for IndexingError {
    fn from(error: NoEncoder) -> Self {
        match error {
            NoEncoder::Missing { configured, wanted } => Self::Index(IndexError::Fingerprint {
                object: "manifest",
                expected: configured,
                found: wanted,
            }),
            NoEncoder::Store(error) => Self::Store(error),
            NoEncoder::Configured(_) | NoEncoder::Unusable { .. } => {
                Self::Encoder(error.to_string())
            }
        }
    }
}
