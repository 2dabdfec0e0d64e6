//! Why the encoder cannot be loaded.

use std::path::PathBuf;

use lookalike_core::StoreError;
use lookalike_encoder::LoadError;

use crate::encoder::file_names::{MODEL, PREPROCESSING};
use crate::settings;

/// Why the encoder is not there.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the model cannot be read.
    #[error(
        "cannot read {path:?} of the encoder: {source}: {variable} has to name a directory with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An object of the model cannot be read.
    #[error(
        "cannot read an object of the encoder: {0}: {variable} has to name an S3 prefix with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    Object(#[from] StoreError),
    /// The model or its preprocessing cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Loading it ended in a panic.
    #[error("loading the encoder ended early: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}
