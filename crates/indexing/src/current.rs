//! The published state at one moment, as a writer sees it: the manifest, and indexes without their vectors.

use std::sync::Arc;

use lookalike_index::{Attributes, IndexError, LiveRows, Manifest, Role, RowAddress, Segment};
use tracing::warn;

use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;

/// The manifest at one moment, with all its indexes.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// None when nothing was ever published.
    pub(crate) manifest: Option<Manifest>,
    /// The manifest object's ETag.
    pub(crate) etag: Option<String>,
}

/// One published index at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    /// The manifest as if this index were alone in it.
    pub(crate) manifest: Manifest,
    pub(crate) view: Arc<LiveRows>,
    /// The rows of its vector base that were read, the last of `view`.
    pub(crate) found: Option<Segment>,
}

/// Indexes of one manifest, each as far as it can be read.
#[derive(Debug)]
pub(crate) struct ReadIndexes {
    pub(crate) published: Arc<Published>,
    pub(crate) indexes: Vec<(EncoderIdentity, Result<Arc<Current>, IndexingError>)>,
}

impl Published {
    /// Returns the encoders of all indexes, that of the searched one first; none before anything was published.
    pub(crate) fn encoders(&self) -> Vec<EncoderIdentity> {
        let indexes = self.manifest.iter().flat_map(|manifest| {
            let standby = manifest.standby_indexes.iter();
            let standby =
                standby.map(|index| (&index.encoder, index.fingerprint, index.dimensions));
            let own = (&manifest.encoder, manifest.fingerprint, manifest.dimensions);
            std::iter::once(own).chain(standby)
        });
        indexes
            .map(|(name, fingerprint, dimensions)| EncoderIdentity {
                name: name.clone(),
                fingerprint,
                dimensions,
            })
            .collect()
    }

    pub(crate) fn generation(&self) -> u64 {
        let manifest = self.manifest.as_ref();
        manifest.map_or(0, |manifest| manifest.generation)
    }

    /// Returns the role of an encoder's index; `None` if that index is the searched one, or not there.
    pub(crate) fn role_of(&self, encoder: &EncoderIdentity) -> Option<Role> {
        let mut standby = self.manifest.as_ref()?.standby_indexes.iter();
        let index = standby.find(|index| index.fingerprint == encoder.fingerprint)?;
        Some(index.role)
    }

    /// Returns the index of an encoder as if it were alone in the manifest; an empty one before anything was
    /// published.
    ///
    /// # Errors
    /// [`IndexError::Fingerprint`] if there is no index of that encoder.
    pub(crate) fn index_of(&self, encoder: &EncoderIdentity) -> Result<Manifest, IndexError> {
        let fingerprint = encoder.fingerprint;
        match &self.manifest {
            None => Ok(Manifest::empty(
                &encoder.name,
                fingerprint,
                encoder.dimensions,
            )),
            Some(whole) => {
                let index = whole.index_of(fingerprint);
                index.ok_or_else(|| self.lacks(encoder))
            }
        }
    }

    /// Returns the error of an encoder whose index the manifest does not have.
    pub(crate) fn lacks(&self, encoder: &EncoderIdentity) -> IndexError {
        let expected = encoder.fingerprint;
        let manifest = self.manifest.as_ref();
        IndexError::Fingerprint {
            object: "manifest",
            expected,
            found: manifest.map_or(expected, |manifest| manifest.fingerprint),
        }
    }
}

impl Current {
    /// True if this is the index of that encoder.
    pub(crate) fn is_of(&self, encoder: &EncoderIdentity) -> bool {
        self.manifest.fingerprint == encoder.fingerprint
    }

    /// True if a row has this product and these attributes.
    pub(crate) fn matches(
        &self,
        at: RowAddress,
        product_id: &str,
        attributes: &Attributes,
    ) -> bool {
        let meta = self.view.meta(at);
        meta.product_id(at.row) == product_id && meta.attributes(at.row) == *attributes
    }

    /// Returns every key that has a live row.
    pub(crate) fn live_keys(&self) -> impl Iterator<Item = &str> {
        let view = &self.view;
        view.addresses().map(|at| view.meta(at).key(at.row))
    }

    /// True if the index has this version of an image.
    pub(crate) fn has_version(&self, key: &str, etag: &str) -> bool {
        let at = self.view.locate(key);
        at.is_some_and(|at| self.view.meta(at).etag(at.row) == etag)
    }
}

impl ReadIndexes {
    /// Returns all indexes, in their order.
    ///
    /// # Errors
    /// The first [`IndexingError`] of an index that cannot be read.
    pub(crate) fn complete(self) -> Result<(Arc<Published>, Vec<Arc<Current>>), IndexingError> {
        let indexes = self.indexes.into_iter().map(|(_, index)| index);
        Ok((self.published, indexes.collect::<Result<_, _>>()?))
    }

    /// Returns the indexes that can be read, the searched one first. Leaves out standby indexes that cannot, which must
    /// not stop the searched one.
    ///
    /// # Errors
    /// The error of the searched index.
    pub(crate) fn readable(self) -> Result<Vec<Arc<Current>>, IndexingError> {
        let mut readable = Vec::with_capacity(self.indexes.len());
        for (place, (encoder, index)) in self.indexes.into_iter().enumerate() {
            match index {
                Ok(index) => readable.push(index),
                Err(error) if place == 0 => return Err(error),
                Err(error) => {
                    warn!(encoder = encoder.name, %error, "a standby index cannot be read");
                }
            }
        }
        Ok(readable)
    }

    /// Leaves out the indexes that the manifest does not have.
    pub(crate) fn existing(mut self) -> Self {
        let published = &self.published;
        self.indexes
            .retain(|(encoder, _)| published.index_of(encoder).is_ok());
        self
    }
}
