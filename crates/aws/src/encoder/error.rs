//! Errors of loading an encoder.

use std::path::PathBuf;

use lookalike_core::StoreError;
use lookalike_encoder::LoadError;

use crate::encoder::file_names::{MODEL, PREPROCESSING};
use crate::settings;

/// The reason why the encoder cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the model cannot be read.
    #[error(
        "cannot read {path:?} of the encoder: {source}: {variable} must name a directory with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// An object of the model cannot be read.
    #[error(
        "cannot read an object of the encoder: {0}: {variable} must name an S3 prefix with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    Object(#[from] StoreError),
    /// The model or its preprocessing cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Loading panicked.
    #[error("loading the encoder ended early: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}
