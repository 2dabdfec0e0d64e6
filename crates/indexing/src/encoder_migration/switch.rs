//! Switching to another index.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::time::Deadline;
use lookalike_index::{Fingerprint, Role};
use serde::Serialize;
use tracing::info;

use super::pair::{pair, standby};
use crate::backoff::Backoff;
use crate::current::Current;
use crate::indexer::Indexer;
use crate::manifest_edit::{ManifestEdit, Refusal, StandbyEdit};
use crate::migration_error::MigrationError;

/// The result of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// The generation that has it.
    pub generation: u64,
    /// Name of the encoder that is searched with now.
    pub encoder: String,
    /// Keys that the index lacks although the former one has them: they were accepted.
    pub accepted: Vec<String>,
}

/// Two indexes of one generation, found equal enough for a switch.
struct Comparison {
    generation: u64,
    /// The accepted keys that only the serving index has.
    lacking: Vec<String>,
}

impl Indexer {
    /// Makes the index of that role the searched one, for all searches at once; the index that was searched becomes the
    /// previous one, and is kept up to date as such. With [`Role::Building`] this ends an encoder migration,
    /// with [`Role::Previous`] it takes it back.
    ///
    /// The two indexes are compared in the very state that is replaced: if another writer publishes meanwhile, they
    /// are compared again. Every batch writes to both with one write, so they agree at
    /// any time but for images that one encoder cannot embed. Those in `accepted` may be missing.
    ///
    /// # Errors
    /// [`MigrationError::Incomplete`] when the index lacks images that the searched one has and that are
    /// not in `accepted`, or has such that are gone.
    pub async fn switch(
        &self,
        role: Role,
        accepted: &[String],
        deadline: Deadline,
    ) -> Result<Switched, MigrationError> {
        let published = self.publisher.reader.published().await?;
        // Looked up once, so that no switch leads to another index that took its place meanwhile.
        let wanted = standby(&published, role)?;
        let fingerprint = wanted.fingerprint;
        let mut backoff = Backoff::until(deadline, &*self.ports.host);
        loop {
            let compared = self.compare(role, fingerprint, accepted).await?;
            let edit = StandbyEdit::SwitchTo {
                role,
                fingerprint,
                compared: compared.generation,
            };
            let edits = [ManifestEdit::Standby(edit)];
            let commit = self.publisher.commit(deadline, &edits).await?;
            match commit.refusal {
                Some(Refusal::Migration(error)) => return Err(error),
                Some(_) => backoff.wait().await?,
                None => {
                    let (encoder, generation) = (wanted.encoder.clone(), commit.generation);
                    info!(encoder, generation, "switched");
                    return Ok(Switched {
                        generation,
                        encoder,
                        accepted: compared.lacking,
                    });
                }
            }
        }
    }

    /// Compares the standby index of that role with the serving one as they are now. There is nothing to compare if
    /// another process has switched to it already.
    async fn compare(
        &self,
        role: Role,
        wanted: Fingerprint,
        accepted: &[String],
    ) -> Result<Comparison, MigrationError> {
        let mut read = self.publisher.reader.read_all().await?;
        let manifest = read.published.manifest.as_ref();
        let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
        let (generation, serving) = (manifest.generation, manifest.fingerprint);
        if serving == wanted {
            let lacking = Vec::new();
            return Ok(Comparison {
                generation,
                lacking,
            });
        }
        // A third index does not matter, even if it cannot be read.
        let is_compared = |fingerprint| [serving, wanted].contains(&fingerprint);
        read.indexes
            .retain(|(encoder, _)| is_compared(encoder.fingerprint));
        let (published, indexes) = read.complete()?;
        let (serving, standby) = pair(&published, &indexes, role)?;
        let (old, new) = (versions(serving), versions(standby));
        let accepted: BTreeSet<&str> = accepted.iter().map(String::as_str).collect();
        let (lacking, mut keys): (Vec<String>, Vec<String>) = only_in(&old, &new)
            .map(|(key, _)| key.to_owned())
            .partition(|key| accepted.contains(key.as_str()));
        for (key, etag) in only_in(&new, &old) {
            // One encoder may embed what the other cannot. But what is gone must not come back.
            let head = self.ports.images.head(key).await?;
            if head.is_none_or(|head| head.etag != etag) {
                keys.push(key.to_owned());
            }
        }
        keys.sort_unstable();
        keys.dedup();
        if !keys.is_empty() {
            return Err(MigrationError::Incomplete { role, keys });
        }
        Ok(Comparison {
            generation,
            lacking,
        })
    }
}

/// Returns key and ETag of every live row.
fn versions(index: &Current) -> BTreeMap<&str, &str> {
    let view = &index.view;
    view.addresses()
        .map(|at| (view.meta(at).key(at.row), view.meta(at).etag(at.row)))
        .collect()
}

/// Returns the entries of `versions` that `others` lacks.
fn only_in<'a>(
    versions: &BTreeMap<&'a str, &'a str>,
    others: &BTreeMap<&'a str, &'a str>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let versions = versions.iter().map(|(key, etag)| (*key, *etag));
    versions.filter(|(key, etag)| others.get(key) != Some(etag))
}
