//! One batch of events, from the keys that they name to the outcome of each.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use lookalike_core::model::ImageRecord;
use lookalike_core::ports::Measurement;
use lookalike_core::time::Deadline;
use tracing::info;

use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{Batch, IndexEdit, ManifestEdit, Refusal};
use crate::observation::{Observation, Observed, Recorded};
use crate::observe::Looking;
use crate::publish::Commit;
use crate::report::{BatchReport, Outcome};
use crate::targets::{IndexTarget, Usable};

/// The number of times that a key is done again within one batch because it changed meanwhile.
const MAX_ROUNDS: u32 = 5;
/// Keys that are looked at again at once.
const PARALLEL_CHECKS: usize = 16;

impl Indexer {
    /// Brings the index in line with the objects that are at `keys` now, and every other index that the manifest
    /// has with it. Keys may repeat, and may name objects that are gone. Bad images fail alone.
    ///
    /// The manifest is read after the events arrived and before their images are looked at. So an
    /// index that a batch does not know of was added after the batch's images were put or removed,
    /// and the process that added it, by listing the bucket afterwards, sees them as they are.
    ///
    /// Report and records are about the searched index; but a key that could not be written to another index, for a
    /// reason that may pass, must be delivered again.
    ///
    /// # Errors
    /// [`IndexingError`] when nothing of the batch could be done; all of it should be tried again.
    pub async fn index_keys(
        &self,
        keys: &[String],
        deadline: Deadline,
    ) -> Result<BatchReport, IndexingError> {
        self.index_batch(keys, None, deadline).await
    }

    /// Does the work of [`index_keys`](Self::index_keys) without trying the image whose record is `hopeless` again.
    pub(crate) async fn index_batch(
        &self,
        keys: &[String],
        hopeless: Option<&ImageRecord>,
        deadline: Deadline,
    ) -> Result<BatchReport, IndexingError> {
        let mut pending: BTreeSet<String> = keys.iter().cloned().collect();
        let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
        let mut written = Recorded::new();
        let mut report = BatchReport::default();
        let mut reason = "";
        for _ in 0..MAX_ROUNDS {
            let usable = self.targets(&pending).await?;
            let targets = &usable.indexes;
            let looking = Looking {
                targets,
                written: &written,
                hopeless,
                deadline,
            };
            let mut observed = self.observe_all(&pending, &looking).await;
            self.apply_attributes(&mut observed, targets, deadline)
                .await;
            let commit = self.publish_batch(&observed, &usable, deadline).await?;
            report.conflicts += commit.conflicts;
            reason = "the image keeps changing while it is indexed";
            if matches!(commit.refusal, Some(Refusal::IndexAdded)) {
                reason = "another index was added while the image was indexed";
                continue;
            }
            report.generation = commit.generation;
            let unrecorded = self
                .record_all(&observed, &targets[0].encoder, &mut written)
                .await;
            pending = self.changed_since(&observed, deadline).await;
            pending.extend(self.attributes_changed_since(&observed, deadline).await);
            for (key, observed) in observed {
                let again = unrecorded.get(&key).map(String::as_str);
                let again = again
                    .or(observed.standby_retry_reason())
                    .or(usable.retry_reason.as_deref())
                    .map(str::to_owned);
                let outcome = match again {
                    Some(reason) => Outcome::Retry(reason),
                    None => outcome_of(observed.served()),
                };
                note(&mut outcomes, key, outcome);
            }
            if pending.is_empty() {
                break;
            }
        }
        for key in pending {
            outcomes.insert(key, Outcome::Retry(reason.to_owned()));
        }
        report.outcomes = outcomes.into_iter().collect();
        self.measure_batch(&report);
        Ok(report)
    }

    async fn publish_batch(
        &self,
        observed: &[(String, Observed)],
        usable: &Usable<IndexTarget>,
        deadline: Deadline,
    ) -> Result<Commit, IndexingError> {
        let targets = &usable.indexes;
        let mut edits = Vec::with_capacity(targets.len());
        let mut first_named = None;
        for (place, target) in targets.iter().enumerate() {
            let batch = batch_of(observed, place);
            if !target.is_published && !batch.upserts.is_empty() {
                // The first manifest is about to name this encoder, and its readers must find it.
                self.ports.encoders.store_configured().await?;
                first_named = Some(target.encoder.fingerprint);
            }
            edits.push(ManifestEdit::Index {
                encoder: target.encoder.clone(),
                edit: IndexEdit::WriteBatch(batch),
                // A standby index may be given up while the batch is at work.
                may_be_gone: place > 0,
            });
        }
        let known = Some(&usable.known[..]);
        let commit = self.publisher.commit_to(known, deadline, &edits).await?;
        if let Some(encoder) = first_named {
            self.keep_named_encoder(encoder).await?;
        }
        Ok(commit)
    }

    /// Returns the keys whose objects differ from what was just published and recorded: another writer may have
    /// published or recorded an older version after a newer one. The last writer is also the last to look, so
    /// what it writes of every key is true.
    pub(crate) async fn changed_since(
        &self,
        observed: &[(String, Observed)],
        deadline: Deadline,
    ) -> BTreeSet<String> {
        let written = observed
            .iter()
            .filter(|(_, observed)| !matches!(observed.served(), Observation::Unavailable(_)));
        let checks: Vec<_> = written
            .map(|(key, observed)| async move {
                if deadline.remaining().is_zero() {
                    return Some(key.clone());
                }
                let holds = match self.ports.images.head(key).await {
                    // The same version was written to every index.
                    Ok(head) => observed.served().holds(key, head.as_ref()),
                    // It may have changed.
                    Err(_) => false,
                };
                (!holds).then(|| key.clone())
            })
            .collect();
        stream::iter(checks)
            .buffer_unordered(PARALLEL_CHECKS)
            .filter_map(|key| async move { key })
            .collect()
            .await
    }

    fn measure_batch(&self, report: &BatchReport) {
        let count = |wanted: fn(&Outcome) -> bool| {
            report.outcomes.iter().filter(|(_, o)| wanted(o)).count() as f64
        };
        let indexed = count(|o| matches!(o, Outcome::Indexed));
        let updated = count(|o| matches!(o, Outcome::Updated));
        let failed = count(|o| matches!(o, Outcome::Failed(_)));
        let removed = count(|o| matches!(o, Outcome::Removed));
        info!(
            indexed,
            updated,
            failed,
            removed,
            retry = count(|o| matches!(o, Outcome::Retry(_))),
            generation = report.generation,
            conflicts = report.conflicts,
            "batch done"
        );
        self.ports.metrics.emit(&[
            Measurement::count("ImagesIndexed", indexed),
            Measurement::count("AttributesUpdated", updated),
            Measurement::count("ImagesFailed", failed),
            Measurement::count("ImagesRemoved", removed),
            Measurement::count("PublishConflicts", report.conflicts as f64),
            Measurement::count("Generation", report.generation as f64),
        ]);
    }
}

/// Returns the batch to write to the index of that number.
fn batch_of(observed: &[(String, Observed)], target: usize) -> Batch {
    let mut batch = Batch::default();
    for (key, observed) in observed {
        match &observed.0[target] {
            Observation::Image { row, .. } | Observation::AttributesUpdated { row, .. } => {
                batch.upserts.push((**row).clone());
            }
            // The row that was there before is not of the object that is in the bucket now.
            Observation::Gone | Observation::Bad { .. } => batch.removals.push(key.clone()),
            Observation::Unchanged { .. } | Observation::Unavailable(_) => {}
        }
    }
    batch
}

fn outcome_of(observation: &Observation) -> Outcome {
    match observation {
        Observation::Unchanged { .. } => Outcome::Unchanged,
        Observation::AttributesUpdated { .. } => Outcome::Updated,
        Observation::Image { .. } => Outcome::Indexed,
        Observation::Bad { failure, .. } => Outcome::Failed(failure.clone()),
        Observation::Gone => Outcome::Removed,
        Observation::Unavailable(reason) => Outcome::Retry(reason.clone()),
    }
}

/// Keeps the outcome of the last round; but an image that an earlier round of this batch wrote was not unchanged, and
/// one that it embedded was more than updated.
fn note(outcomes: &mut BTreeMap<String, Outcome>, key: String, outcome: Outcome) {
    use Outcome::{Indexed, Unchanged, Updated};
    let outcome = match (outcomes.get(&key), &outcome) {
        (Some(Indexed), Unchanged | Updated) | (Some(Updated), Unchanged) => return,
        _ => outcome,
    };
    outcomes.insert(key, outcome);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_that_was_written_does_not_become_unchanged() {
        let after = |rounds: Vec<Outcome>| {
            let mut outcomes = BTreeMap::new();
            for outcome in rounds {
                note(&mut outcomes, "k".to_owned(), outcome);
            }
            outcomes.remove("k").unwrap()
        };
        use Outcome::{Indexed, Removed, Retry, Unchanged, Updated};
        assert_eq!(after(vec![Indexed, Unchanged]), Indexed);
        assert_eq!(after(vec![Indexed, Unchanged, Unchanged]), Indexed);
        assert_eq!(after(vec![Updated, Unchanged]), Updated);
        assert_eq!(after(vec![Indexed, Updated, Unchanged]), Indexed);
        assert_eq!(after(vec![Updated, Indexed]), Indexed);
        assert_eq!(after(vec![Indexed, Removed]), Removed);
        assert_eq!(after(vec![Removed, Unchanged]), Unchanged);
        let retry = Retry("no time".to_owned());
        assert_eq!(after(vec![Indexed, retry.clone()]), retry);
    }
}
