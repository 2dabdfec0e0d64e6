//! Changing the encoder of a live catalog: a standby index is built from nothing, kept up to date, and then switched to.
//!
//! Each step is one conditional write of the manifest, so each can be repeated, and a crash between two
//! of them leaves a state that the next one goes on from.
//!
//! No image can be missed: [`begin_building`](Indexer::begin_building) publishes the new index before
//! the bucket is listed. A batch that reads the manifest after that writes to the new index
//! too. A batch that read it before had its events by then, so the changes that they name happened before the
//! listing, which shows them.

mod coverage;
mod pair;
mod switch;

use lookalike_core::time::Deadline;
use lookalike_index::{Fingerprint, Role};
use serde::Serialize;
use tracing::info;

pub use coverage::Coverage;
use pair::standby;
pub use switch::Switched;

use crate::indexer::Indexer;
use crate::manifest_edit::{ManifestEdit, Refusal, StandbyEdit, is_building};
use crate::migration_error::MigrationError;

/// The index that is being built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Building {
    /// Its encoder's name.
    pub encoder: String,
    /// Its encoder.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
    /// True if it was there already.
    pub resumed: bool,
}

impl Indexer {
    /// Adds an empty index of the encoder that this process was given, beside the searched one, or finds
    /// the one that was begun earlier. From then on every batch writes to it too.
    ///
    /// # Errors
    /// [`MigrationError`] when there is no use for such an index, or another one is being built.
    pub async fn begin_building(&self, deadline: Deadline) -> Result<Building, MigrationError> {
        let encoder = self.configured().await?;
        let published = self.publisher.reader.published().await?;
        let manifest = published.manifest.as_ref();
        let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
        if manifest.vector_bases().next().is_some() {
            return Err(MigrationError::VectorBase);
        }
        let resumed = is_building(manifest, &encoder)?;
        if !self.ports.encoders.is_stored(manifest.fingerprint).await? {
            return Err(MigrationError::ServedNotStored(manifest.encoder.clone()));
        }
        // Before any manifest names it; and again when it is named, because files that were stored long
        // ago may just have been removed.
        self.ports.encoders.store_configured().await?;
        let edit = ManifestEdit::Standby(StandbyEdit::Add(encoder.clone()));
        let commit = self.publisher.commit(deadline, &[edit]).await?;
        // Another process may have come first.
        if let Some(Refusal::Migration(error)) = commit.refusal {
            return Err(error);
        }
        self.keep_named_encoder(encoder.fingerprint).await?;
        info!(encoder = encoder.name, resumed, "an index is being built");
        Ok(Building {
            encoder: encoder.name,
            fingerprint: encoder.fingerprint,
            dimensions: encoder.dimensions,
            resumed,
        })
    }

    /// Gives up the index of that role: the one that was searched before, once no rollback is wanted, or the one that
    /// is being built. Its segments and its encoder are removed when they are
    /// old enough.
    ///
    /// # Errors
    /// [`MigrationError::NoStandby`] when there is none.
    pub async fn give_up(&self, role: Role, deadline: Deadline) -> Result<u64, MigrationError> {
        let published = self.publisher.reader.published().await?;
        let fingerprint = standby(&published, role)?.fingerprint;
        let edit = ManifestEdit::Standby(StandbyEdit::Drop { role, fingerprint });
        let commit = self.publisher.commit(deadline, &[edit]).await?;
        info!(role = role.name(), %fingerprint, "an index was given up");
        Ok(commit.generation)
    }
}
