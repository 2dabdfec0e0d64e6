//! The bytes of the catalog's images.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use lookalike_core::ports::ImageStore;
use lookalike_encoder::MAX_BYTES;
use lookalike_training::image_source::ImageSource;
use lookalike_training::labeled::LabeledImage;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

/// Reads images of the catalog bucket, in the versions that were listed. Its methods are for
/// threads outside of the async runtime.
pub(crate) struct CatalogSource {
    store: Arc<dyn ImageStore>,
    runtime: Handle,
    bucket: String,
    /// Listed version of each key.
    etags: HashMap<String, String>,
}

impl CatalogSource {
    /// Makes a source of these keys and versions; called on the async runtime.
    pub(super) fn new(
        store: Arc<dyn ImageStore>,
        bucket: &str,
        etags: HashMap<String, String>,
    ) -> Self {
        Self {
            store,
            runtime: Handle::current(),
            bucket: bucket.to_owned(),
            etags,
        }
    }
}

impl ImageSource for CatalogSource {
    fn read(&self, image: &LabeledImage) -> Result<Bytes, String> {
        let read = self.store.get(&image.name, MAX_BYTES as u64);
        let found = match self.runtime.block_on(read) {
            Ok(Some(found)) => found,
            Ok(None) => return Err("it was removed from the bucket meanwhile".to_owned()),
            Err(error) => return Err(format!("cannot read it: {error}")),
        };
        // Its bytes would be kept as those of the listed version.
        if self.etags.get(&image.name) != Some(&found.head.etag) {
            return Err("it changed meanwhile: run the command again to use it".to_owned());
        }
        let bytes = found.head.bytes;
        found
            .body
            .ok_or_else(|| format!("it has {bytes} bytes, at most {MAX_BYTES} are read"))
    }

    fn version(&self, image: &LabeledImage) -> Option<[u8; 32]> {
        let etag = self.etags.get(&image.name)?;
        let mut hash = Sha256::new();
        for part in [&self.bucket, &image.name, etag] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Some(hash.finalize().into())
    }
}
