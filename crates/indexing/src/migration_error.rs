//! Errors of an encoder migration.

use lookalike_core::encoders::NoEncoder;
use lookalike_core::error::StoreError;
use lookalike_index::{Fingerprint, Role};

use crate::error::IndexingError;

/// The reason why a standby index cannot be added, switched to or given up.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// There is nothing to change.
    #[error(
        "nothing is indexed yet: the first image that is indexed chooses the encoder of the indexer"
    )]
    NothingPublished,
    /// The encoder is that of the searched index.
    #[error("encoder {0:?} is already the one that is searched with: there is nothing to do")]
    Served(String),
    /// The encoder is that of the index that was searched before.
    #[error(
        "encoder {0:?} was searched with before, and its index is kept up to date: \
         `lookalike reindex --rollback` goes back to it at once"
    )]
    Previous(String),
    /// The searched index has a vector base.
    #[error(
        "the index has a vector base, and its encoder cannot be changed: `lookalike reindex --engine dynamodb --rollback` goes back to its \
         base segment first"
    )]
    VectorBase,
    /// Another index is being built.
    #[error(
        "an index of encoder {name:?} ({fingerprint}) is being built: go on with that one, or give it \
         up with `lookalike reindex --cancel`"
    )]
    OtherBuilding {
        /// Its encoder's name.
        name: String,
        /// Its encoder.
        fingerprint: Fingerprint,
    },
    /// The encoder of the searched index is not stored beside it.
    #[error(
        "the encoder of the searched index, {0:?}, is not stored beside it yet, and would be lost: the \
         indexer stores it with the next image that it indexes; upload one, or run \
         `lookalike index verify --repair` with LOOKALIKE_ENCODER naming that encoder, then try again"
    )]
    ServedNotStored(String),
    /// There is no index of that role.
    #[error("there is no {} index", .0.name())]
    NoStandby(Role),
    /// The index lacks images of the searched one, or has images that are gone.
    #[error(
        "the {} index differs from the searched one in {} images, the first of them {:?}",
        .role.name(), .keys.len(), .keys.first().map_or("", String::as_str)
    )]
    Incomplete {
        /// The role of the index.
        role: Role,
        /// Keys that it lacks in the version that the searched index has, or has although they are gone.
        keys: Vec<String>,
    },
    /// A step of indexing failed.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
}

impl From<NoEncoder> for MigrationError {
    fn from(error: NoEncoder) -> Self {
        Self::Indexing(error.into())
    }
}

impl From<StoreError> for MigrationError {
    fn from(error: StoreError) -> Self {
        Self::Indexing(error.into())
    }
}
