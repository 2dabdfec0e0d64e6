//! Keeping the index what the bucket says.
//!
//! [`Indexer::index_keys`] is handed the keys that events name. It reads what is at each key now,
//! embeds it, publishes one delta for the batch and then looks again: what changed meanwhile is done
//! again. So any order, any repetition and any crash end in the same index. [`Indexer::maintain`]
//! keeps the index small and fast, after the batch and only while there is time.

mod batch;
mod collect;
mod compact;
mod current;
mod inspect;
mod observe;
mod publish;
mod records;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use lookalike_index::CompactionPolicy;
use tokio::sync::OnceCell;
use tracing::{info, warn};

pub use inspect::{Difference, VerifyReport};
pub use report::{BatchReport, IndexingError, MaintenanceReport, Outcome};

use crate::embedder::EmbedderCell;
use crate::error::StoreError;
use crate::ports::{
    Failures, ImageRecords, Manifests, Measurement, Metrics, Pictures, SegmentShelf, Segments, Unit,
};
use crate::time::Deadline;
use batch::BatchChange;
use current::{Current, EncoderIdentity};
use observe::Observation;
use publish::{Publication, Publisher};

/// How often a key is done again within one batch because it changed meanwhile.
const MOST_ROUNDS: u32 = 5;

/// What the indexer needs from the world.
#[derive(Clone)]
pub struct IndexPorts {
    /// The encoder.
    pub embedder: EmbedderCell,
    /// The catalog pictures.
    pub pictures: Arc<dyn Pictures>,
    /// The manifest.
    pub manifests: Arc<dyn Manifests>,
    /// The segments.
    pub segments: Arc<dyn Segments>,
    /// The segments again, to list and remove.
    pub shelf: Arc<dyn SegmentShelf>,
    /// Where outcomes are recorded.
    pub records: Arc<dyn ImageRecords>,
    /// Where failures are found again.
    pub failures: Arc<dyn Failures>,
    /// The operator's dashboard.
    pub metrics: Arc<dyn Metrics>,
}

/// How the indexer works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexSettings {
    /// When to compact.
    pub policy: CompactionPolicy,
    /// Pictures read and embedded at once; one per core is best.
    pub parallel: usize,
    /// Time that publishing a batch may need: no picture is begun when less is left.
    pub publish_reserve: Duration,
    /// Age from which a segment that no manifest names is removed. Longer than any invocation.
    pub safe_age: Duration,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self {
            policy: CompactionPolicy::default(),
            parallel: std::thread::available_parallelism().map_or(2, usize::from),
            publish_reserve: Duration::from_secs(5),
            safe_age: Duration::from_secs(3600),
        }
    }
}

/// Keeps the index what the bucket says.
pub struct Indexer {
    ports: IndexPorts,
    settings: IndexSettings,
    publisher: Publisher,
    identity: OnceCell<EncoderIdentity>,
}

impl Indexer {
    /// An indexer; nothing is read before the first batch.
    pub fn new(ports: IndexPorts, settings: IndexSettings) -> Self {
        let publisher = Publisher::new(
            Arc::clone(&ports.manifests),
            Arc::clone(&ports.segments),
            settings.safe_age,
        );
        Self {
            ports,
            settings,
            publisher,
            identity: OnceCell::new(),
        }
    }

    /// Brings the index in line with what is at `keys` now. Keys may repeat, and may name what is
    /// gone. Bad pictures fail alone.
    ///
    /// # Errors
    /// [`IndexingError`] when nothing of the batch could be done; all of it should be tried again.
    pub async fn index_keys(
        &self,
        keys: &[String],
        deadline: Deadline,
    ) -> Result<BatchReport, IndexingError> {
        let encoder = self.encoder().await?;
        let mut pending: BTreeSet<String> = keys.iter().cloned().collect();
        let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
        let mut report = BatchReport::default();
        for _ in 0..MOST_ROUNDS {
            let current = self.publisher.reader.read(encoder).await?;
            let observed = self.observe_all(&pending, &current, deadline).await;
            let publication = self.publish_batch(&observed, encoder, deadline).await?;
            report.conflicts += publication.conflicts;
            report.generation = publication.generation;
            let recorded = self.record_all(&observed).await;
            pending = self.changed_since(&observed, deadline).await;
            for (key, observation) in observed {
                let outcome = match &recorded {
                    Err(error) => Outcome::Retry(error.to_string()),
                    Ok(()) => outcome_of(observation),
                };
                outcomes.insert(key, outcome);
            }
            if pending.is_empty() {
                break;
            }
        }
        for key in pending {
            let reason = "the picture keeps changing while it is indexed".to_owned();
            outcomes.insert(key, Outcome::Retry(reason));
        }
        report.outcomes = outcomes.into_iter().collect();
        self.measure_batch(&report);
        Ok(report)
    }

    /// The encoder's name, fingerprint and dimensions; loads the encoder.
    async fn encoder(&self) -> Result<&EncoderIdentity, IndexingError> {
        self.identity
            .get_or_try_init(|| async {
                let embedder = self.ports.embedder.get().await;
                let embedder = embedder.map_err(IndexingError::Encoder)?;
                Ok(EncoderIdentity {
                    name: embedder.name().to_owned(),
                    fingerprint: embedder.fingerprint(),
                    dimensions: embedder.dimensions(),
                })
            })
            .await
    }

    async fn observe_all(
        &self,
        keys: &BTreeSet<String>,
        current: &Current,
        deadline: Deadline,
    ) -> Vec<(String, Observation)> {
        let begun = Instant::now();
        let observed: Vec<(String, Observation)> = stream::iter(keys.clone())
            .map(|key| async move {
                if deadline.remaining() <= self.settings.publish_reserve {
                    let reason = "no time was left in this invocation".to_owned();
                    return (key, Observation::Unavailable(reason));
                }
                let observation = self.observe(&key, current).await;
                let forgotten = self.forget_other_records(&key, &observation, current).await;
                match forgotten {
                    Ok(()) => (key, observation),
                    Err(error) => (key, Observation::Unavailable(error.to_string())),
                }
            })
            .buffered(self.settings.parallel.max(1))
            .collect()
            .await;
        let embedded = observed
            .iter()
            .filter(|(_, o)| matches!(o, Observation::Picture { .. }))
            .count();
        if embedded > 0 {
            self.ports.metrics.emit(&[Measurement {
                name: "EmbedTime",
                unit: Unit::Milliseconds,
                value: begun.elapsed().as_secs_f64() * 1000.0 / embedded as f64,
            }]);
        }
        observed
    }

    async fn publish_batch(
        &self,
        observed: &[(String, Observation)],
        encoder: &EncoderIdentity,
        deadline: Deadline,
    ) -> Result<Publication, IndexingError> {
        let mut upserts = Vec::new();
        let mut removals = Vec::new();
        for (key, observation) in observed {
            match observation {
                Observation::Picture { row, .. } => upserts.push((**row).clone()),
                // What was there before is not what the bucket shows now.
                Observation::Gone | Observation::Bad { .. } => removals.push(key.clone()),
                Observation::Unchanged { .. } | Observation::Unavailable(_) => {}
            }
        }
        let mut change = BatchChange::new(upserts, removals);
        self.publisher
            .publish(encoder, deadline, |current| {
                change.propose(current, encoder)
            })
            .await
    }

    async fn record_all(&self, observed: &[(String, Observation)]) -> Result<(), StoreError> {
        let records: Vec<_> = observed
            .iter()
            .filter_map(|(key, observation)| self.record_of(key, observation))
            .collect();
        for record in &records {
            if let Some(failure) = &record.failure {
                warn!(
                    key = record.key,
                    code = failure.code,
                    reason = failure.reason,
                    "picture failed"
                );
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        self.ports.records.put_many(&records).await
    }

    /// The keys whose object is no longer the version that was just published: another writer may
    /// have published an older version after a newer one.
    async fn changed_since(
        &self,
        observed: &[(String, Observation)],
        deadline: Deadline,
    ) -> BTreeSet<String> {
        let written = observed.iter().filter(|(_, observation)| {
            !matches!(
                observation,
                Observation::Unchanged { .. } | Observation::Unavailable(_)
            )
        });
        let checks: Vec<_> = written
            .map(|(key, observation)| async move {
                if deadline.remaining().is_zero() {
                    return Some(key.clone());
                }
                match self.ports.pictures.head(key).await {
                    Ok(head) if head.as_ref().map(|h| h.etag.as_str()) == observation.etag() => {
                        None
                    }
                    Ok(_) => Some(key.clone()),
                    // Not knowing is as good as changed.
                    Err(_) => Some(key.clone()),
                }
            })
            .collect();
        stream::iter(checks)
            .buffer_unordered(16)
            .filter_map(|key| async move { key })
            .collect()
            .await
    }

    fn measure_batch(&self, report: &BatchReport) {
        let count = |wanted: fn(&Outcome) -> bool| {
            report.outcomes.iter().filter(|(_, o)| wanted(o)).count() as f64
        };
        let indexed = count(|o| matches!(o, Outcome::Indexed));
        let failed = count(|o| matches!(o, Outcome::Failed(_)));
        let removed = count(|o| matches!(o, Outcome::Removed));
        info!(
            indexed,
            failed,
            removed,
            retry = count(|o| matches!(o, Outcome::Retry(_))),
            generation = report.generation,
            conflicts = report.conflicts,
            "batch done"
        );
        let number = |name, value| Measurement {
            name,
            unit: Unit::Count,
            value,
        };
        self.ports.metrics.emit(&[
            number("ImagesIndexed", indexed),
            number("ImagesFailed", failed),
            number("ImagesRemoved", removed),
            number("PublishConflicts", report.conflicts as f64),
            number("Generation", report.generation as f64),
        ]);
    }
}

fn outcome_of(observation: Observation) -> Outcome {
    match observation {
        Observation::Unchanged { .. } => Outcome::Unchanged,
        Observation::Picture { .. } => Outcome::Indexed,
        Observation::Bad { failure, .. } => Outcome::Failed(failure),
        Observation::Gone => Outcome::Removed,
        Observation::Unavailable(reason) => Outcome::Retry(reason),
    }
}
