//! One batch of events, from the keys that they name to what became of each.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use lookalike_core::model::ImageRecord;
use lookalike_core::ports::Measurement;
use lookalike_core::time::Deadline;
use tracing::info;

use crate::batch::BatchChange;
use crate::indexer::Indexer;
use crate::observe::{Looking, Observation, Observed, Recorded};
use crate::proposal::Change;
use crate::publish::Publication;
use crate::report::{BatchReport, IndexingError, Outcome};
use crate::targets::{IndexTarget, IndexTargets};

/// The number of times that a key is done again within one batch because it changed meanwhile.
const MAX_ROUNDS: u32 = 5;
/// Keys that are looked at again at once.
const PARALLEL_CHECKS: usize = 16;

impl Indexer {
    /// Brings the index in line with what is at `keys` now, and every other index that the manifest
    /// has with it. Keys may repeat, and may name what is gone. Bad images fail alone.
    ///
    /// The manifest is read after the events arrived and before their images are looked at. So an
    /// index that a batch does not know of was added after the batch's images were put or removed,
    /// and the process that added it, by listing the bucket afterwards, sees them as they are.
    ///
    /// What is answered and recorded speaks of the index that is searched; but a key that another
    /// index could not be told of, for a reason that may pass, is to be delivered again.
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

    /// The same, without trying the image whose record is `hopeless` again.
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
        for _ in 0..MAX_ROUNDS {
            let IndexTargets {
                targets,
                retry_reason,
            } = self.targets().await?;
            let looking = Looking {
                targets: &targets,
                written: &written,
                hopeless,
                deadline,
            };
            let mut observed = self.observe_all(&pending, &looking).await;
            self.apply_attributes(&mut observed, &targets, deadline)
                .await;
            let publication = self.publish_batch(&observed, &targets, deadline).await?;
            report.conflicts += publication.conflicts;
            report.generation = publication.generation;
            let unrecorded = self
                .record_all(&observed, &targets[0].encoder, &mut written)
                .await;
            pending = self.changed_since(&observed, deadline).await;
            pending.extend(self.attributes_changed_since(&observed, deadline).await);
            for (key, observed) in observed {
                let again = unrecorded.get(&key).map(String::as_str);
                let again = again
                    .or(observed.standby_retry_reason())
                    .or(retry_reason.as_deref())
                    .map(str::to_owned);
                let outcome = match again {
                    Some(reason) => Outcome::Retry(reason),
                    None => outcome_of(observed.served),
                };
                note(&mut outcomes, key, outcome);
            }
            if pending.is_empty() {
                break;
            }
        }
        for key in pending {
            let reason = "the image keeps changing while it is indexed".to_owned();
            outcomes.insert(key, Outcome::Retry(reason));
        }
        report.outcomes = outcomes.into_iter().collect();
        self.measure_batch(&report);
        Ok(report)
    }

    async fn publish_batch(
        &self,
        observed: &[(String, Observed)],
        targets: &[IndexTarget],
        deadline: Deadline,
    ) -> Result<Publication, IndexingError> {
        let changes = targets.iter().enumerate();
        let changes: Vec<(&IndexTarget, BatchChange)> = changes
            .map(|(place, target)| (target, change_of(observed, place)))
            .collect();
        if !targets[0].is_published && changes[0].1.has_upserts() {
            // The first manifest is about to name this encoder, and its readers must find it.
            self.ports.encoders.store_configured().await?;
        }
        let mut changes: Vec<Change<'_>> = changes
            .into_iter()
            .enumerate()
            .map(|(place, (target, mut change))| {
                let encoder = &target.encoder;
                let change = Change::new(encoder, move |current, reuse| {
                    change.propose(current, encoder, reuse)
                });
                // A side index may be given up while the batch is at work.
                match place {
                    0 => change,
                    _ => change.if_there(),
                }
            })
            .collect();
        self.publisher.publish_all(deadline, &mut changes).await
    }

    /// The keys that no longer show what was just written down about them: another writer may have
    /// published or recorded an older version after a newer one. The last writer is also the last to look, so
    /// the last word on every key is true.
    async fn changed_since(
        &self,
        observed: &[(String, Observed)],
        deadline: Deadline,
    ) -> BTreeSet<String> {
        let written = observed
            .iter()
            .filter(|(_, observed)| !matches!(observed.served, Observation::Unavailable(_)));
        let checks: Vec<_> = written
            .map(|(key, observed)| async move {
                if deadline.remaining().is_zero() {
                    return Some(key.clone());
                }
                let holds = match self.ports.images.head(key).await {
                    // Every index was told of the same version.
                    Ok(head) => observed.served.holds(key, head.as_ref()),
                    // Not knowing is as good as changed.
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

/// Returns the change for the index of that number.
fn change_of(observed: &[(String, Observed)], target: usize) -> BatchChange {
    let mut upserts = Vec::new();
    let mut removals = Vec::new();
    for (key, observed) in observed {
        match observed.of(target) {
            Observation::Image { row, .. } | Observation::AttributesUpdated { row, .. } => {
                upserts.push((**row).clone());
            }
            // What was there before is not what the bucket shows now.
            Observation::Gone | Observation::Bad { .. } => removals.push(key.clone()),
            Observation::Unchanged { .. } | Observation::Unavailable(_) => {}
        }
    }
    BatchChange::new(upserts, removals)
}

fn outcome_of(observation: Observation) -> Outcome {
    match observation {
        Observation::Unchanged { .. } => Outcome::Unchanged,
        Observation::AttributesUpdated { .. } => Outcome::Updated,
        Observation::Image { .. } => Outcome::Indexed,
        Observation::Bad { failure, .. } => Outcome::Failed(failure),
        Observation::Gone => Outcome::Removed,
        Observation::Unavailable(reason) => Outcome::Retry(reason),
    }
}

/// The last round counts; but what an earlier round of this batch wrote was not unchanged, and what it
/// embedded was more than updated.
fn note(outcomes: &mut BTreeMap<String, Outcome>, key: String, outcome: Outcome) {
    use Outcome::{Indexed, Unchanged, Updated};
    let said = match (outcomes.get(&key), &outcome) {
        (Some(Indexed), Unchanged | Updated) | (Some(Updated), Unchanged) => return,
        _ => outcome,
    };
    outcomes.insert(key, said);
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
