//! The folder that keeps features from one run to the next.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lookalike_encoder::{Backbone, Encoder};
use lookalike_training::baseline::Baseline;
use lookalike_training::cache::FeatureCache;
use lookalike_training::features::Pooling;
use lookalike_training::image_source::ImageSource;

/// The folder below it with the vectors of complete encoders.
const VECTORS: &str = "vectors";

/// A folder of features.
pub(crate) struct CacheFolder(PathBuf);

impl CacheFolder {
    /// Returns the named folder, otherwise one in the user's cache folder.
    pub(crate) fn new(named: Option<&Path>) -> Result<Self> {
        if let Some(folder) = named {
            return Ok(Self(folder.to_owned()));
        }
        let folder = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => std::env::home_dir()
                .context(
                    "there is no home folder to keep features in: name a folder with --cache, or set \
                     XDG_CACHE_HOME",
                )?
                .join(".cache"),
        };
        Ok(Self(folder.join("lookalike").join("features")))
    }

    /// Returns what computes the features of images, and the vectors of the encoder to compare with.
    pub(crate) fn pooling<'a>(
        &self,
        source: &'a dyn ImageSource,
        backbone: &'a Backbone,
        baseline: Option<&'a Encoder>,
    ) -> Pooling<'a> {
        Pooling {
            source,
            backbone,
            cache: FeatureCache::new(&self.0, backbone.fingerprint()),
            cache_folder: self.0.clone(),
            baseline: baseline.map(|encoder| Baseline {
                encoder,
                cache: FeatureCache::new(&self.0.join(VECTORS), encoder.fingerprint()),
            }),
        }
    }
}
