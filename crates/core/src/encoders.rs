//! The encoders of this process: the configured one, and those of the indexes that it reads.
//!
//! An index is searched and written with the encoder that made it, whatever encoder is configured:
//! a new release, or another setting, changes nothing until the index is made again. For this, the
//! files of an encoder are stored beside the index before the first manifest names it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lookalike_index::Fingerprint;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use crate::encoder_cell::EncoderCell;
use crate::error::StoreError;
use crate::model::EncoderFiles;
use crate::ports::{ImageEncoder, StoredEncoders};

/// Opens an encoder with this fingerprint from its files, as an earlier release did if necessary;
/// the error is a sentence for people. Slow: callers leave the async runtime first.
pub type EncoderOpener =
    Arc<dyn Fn(EncoderFiles, Fingerprint) -> Result<Arc<dyn ImageEncoder>, String> + Send + Sync>;

/// The reason why there is no encoder for an index.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoEncoder {
    /// The configured encoder cannot be loaded.
    #[error("{0}")]
    Configured(String),
    /// The index has another encoder than the one configured, and it is not stored beside the
    /// index.
    #[error(
        "the index was made by encoder {wanted}, but this process has {configured}, and the files of \
         the former are not stored beside the index: set LOOKALIKE_ENCODER to the index's encoder, or \
         index the catalog again"
    )]
    Missing {
        /// The configured encoder.
        configured: Fingerprint,
        /// The encoder of the index.
        wanted: Fingerprint,
    },
    /// The encoder that is stored beside the index is a different one, or cannot be loaded.
    #[error("the encoder {wanted} that is stored beside the index cannot be used: {reason}")]
    Unusable {
        /// The encoder of the index.
        wanted: Fingerprint,
        /// The reason.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NoEncoder {
    /// True if the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind.is_retryable())
    }
}

type Opened = Arc<OnceCell<Arc<dyn ImageEncoder>>>;

/// The encoders of this process. Clones share them.
#[derive(Clone)]
pub struct Encoders {
    configured: EncoderCell,
    stored: Option<(Arc<dyn StoredEncoders>, EncoderOpener)>,
    /// Encoders that were loaded from beside the index.
    opened: Arc<Mutex<HashMap<Fingerprint, Opened>>>,
    /// Set once the files of the configured encoder are known to be stored.
    kept: Arc<OnceCell<()>>,
}

impl Encoders {
    /// Combines the configured encoder and those in `stored`, which `open` loads.
    pub fn new(
        configured: EncoderCell,
        stored: Arc<dyn StoredEncoders>,
        open: EncoderOpener,
    ) -> Self {
        Self::with(configured, Some((stored, open)))
    }

    /// Uses only the configured encoder, for places where nothing is stored.
    pub fn only(configured: EncoderCell) -> Self {
        Self::with(configured, None)
    }

    fn with(
        configured: EncoderCell,
        stored: Option<(Arc<dyn StoredEncoders>, EncoderOpener)>,
    ) -> Self {
        Self {
            configured,
            stored,
            opened: Arc::default(),
            kept: Arc::default(),
        }
    }

    /// Returns the configured encoder: from the settings, or built in.
    ///
    /// # Errors
    /// [`NoEncoder::Configured`].
    pub async fn configured(&self) -> Result<Arc<dyn ImageEncoder>, NoEncoder> {
        self.configured.get().await.map_err(NoEncoder::Configured)
    }

    /// Returns the encoder of an index: the configured one if it is the same, otherwise the stored
    /// one, loaded on first use.
    ///
    /// # Errors
    /// [`NoEncoder`]; the next call tries again.
    pub async fn of(&self, wanted: Fingerprint) -> Result<Arc<dyn ImageEncoder>, NoEncoder> {
        if let Some(opened) = self.at_hand(wanted) {
            return Ok(opened);
        }
        let configured = self.configured().await;
        match configured {
            Ok(embedder) if embedder.fingerprint() == wanted => return Ok(embedder),
            _ => {}
        }
        let cell = Arc::clone(self.lock().entry(wanted).or_default());
        let load = || self.load(wanted, &configured);
        cell.get_or_try_init(load).await.cloned()
    }

    /// Returns an encoder that was already loaded from beside the index.
    fn at_hand(&self, wanted: Fingerprint) -> Option<Arc<dyn ImageEncoder>> {
        self.lock().get(&wanted)?.get().cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Fingerprint, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(
        &self,
        wanted: Fingerprint,
        configured: &Result<Arc<dyn ImageEncoder>, NoEncoder>,
    ) -> Result<Arc<dyn ImageEncoder>, NoEncoder> {
        let found = match &self.stored {
            Some((stored, _)) => stored.load(wanted).await?,
            None => None,
        };
        let Some((files, (_, open))) = found.zip(self.stored.as_ref()) else {
            return Err(match configured {
                Ok(embedder) => NoEncoder::Missing {
                    configured: embedder.fingerprint(),
                    wanted,
                },
                Err(error) => NoEncoder::Configured(error.to_string()),
            });
        };
        let unusable = |reason: String| NoEncoder::Unusable { wanted, reason };
        let open = Arc::clone(open);
        let opened = tokio::task::spawn_blocking(move || open(files, wanted)).await;
        let embedder = opened
            .map_err(|died| unusable(died.to_string()))?
            .map_err(unusable)?;
        let found = embedder.fingerprint();
        if found != wanted {
            return Err(unusable(format!("its fingerprint is {found}")));
        }
        match configured {
            Ok(own) => warn!(
                index = %wanted,
                release = %own.fingerprint(),
                "this release has encoder {:?}, the index was made by {:?}: using the latter, which \
                 is stored beside the index, until `lookalike reindex` changes it",
                own.name(),
                embedder.name()
            ),
            Err(error) => warn!(index = %wanted, %error, "using the stored encoder"),
        }
        Ok(embedder)
    }

    /// True if [`of`](Self::of) would find an encoder, without loading it.
    pub async fn has(&self, wanted: Fingerprint) -> Result<bool, StoreError> {
        if self.at_hand(wanted).is_some() {
            return Ok(true);
        }
        if let Ok(configured) = self.configured().await
            && configured.fingerprint() == wanted
        {
            return Ok(true);
        }
        self.is_stored(wanted).await
    }

    /// True if an encoder is stored beside the index.
    pub async fn is_stored(&self, wanted: Fingerprint) -> Result<bool, StoreError> {
        match &self.stored {
            Some((stored, _)) => stored.contains(wanted).await,
            None => Ok(false),
        }
    }

    /// Returns the files of an encoder that is stored beside the index, or `None` if they are not all there.
    pub async fn stored_files(&self, of: Fingerprint) -> Result<Option<EncoderFiles>, StoreError> {
        match &self.stored {
            Some((stored, _)) => stored.load(of).await,
            None => Ok(None),
        }
    }

    /// Stores files beside the index that [`stored_files`](Self::stored_files) returned.
    pub async fn put_back(&self, of: Fingerprint, files: &EncoderFiles) -> Result<(), StoreError> {
        match &self.stored {
            Some((stored, _)) => stored.put(of, files).await,
            None => Ok(()),
        }
    }

    /// Stores the files of the configured encoder, even if they are there already: a manifest is
    /// about to name it for the first time, and files that no manifest names may be removed once
    /// they are old.
    pub async fn store_configured(&self) -> Result<(), NoEncoder> {
        let Some((stored, _)) = &self.stored else {
            return Ok(());
        };
        let embedder = self.configured().await?;
        let files = self.configured.files().await;
        let Some(files) = files.map_err(NoEncoder::Configured)? else {
            return Ok(());
        };
        stored.put(embedder.fingerprint(), &files).await?;
        // The files need not be looked for any more. An error only means that another task is doing
        // so already.
        let _ = self.kept.set(());
        info!(encoder = %embedder.fingerprint(), "the encoder's files are stored beside the index");
        Ok(())
    }

    /// Stores the files of the configured encoder if it is among `needed` and they are missing, as
    /// in an index that an older release began. Checks once per process, and never fails.
    pub async fn keep_configured(&self, mut needed: impl Iterator<Item = Fingerprint>) {
        if self.kept.initialized() || !self.configured.has_files() {
            return;
        }
        let Ok(embedder) = self.configured().await else {
            return;
        };
        let own = embedder.fingerprint();
        if !needed.any(|fingerprint| fingerprint == own) {
            return;
        }
        let keep = || async {
            match self.is_stored(own).await? {
                true => Ok(()),
                false => self.store_configured().await,
            }
        };
        if let Err(error) = self.kept.get_or_try_init(keep).await {
            let error: NoEncoder = error;
            warn!(%error, "the encoder's files could not be stored beside the index");
        }
    }
}

impl From<EncoderCell> for Encoders {
    fn from(configured: EncoderCell) -> Self {
        Self::only(configured)
    }
}

impl fmt::Debug for Encoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoders")
            .field("configured", &self.configured)
            .finish_non_exhaustive()
    }
}
