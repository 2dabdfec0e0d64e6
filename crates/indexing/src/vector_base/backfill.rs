//! Backfill: images that the index does not have are embedded and written straight into the vector base, without a delta
//! and without a new generation. Any number of processes do so at once, and each needs memory for its own images alone.
//!
//! Only keys without a row are written, with the lowest writer number, and everything else is left to the indexer:
//!
//! - A row that came meanwhile is in a delta, which covers what is written here, or was drained under a higher number.
//! - An object that was removed meanwhile has a tombstone in a delta, or drained: the indexer writes tombstones even of
//!   keys that it does not find (see [`Batch`](crate::manifest_edit::Batch)).
//! - A product that changed meanwhile is seen by the second look, once searches for its rows show what was written; the
//!   event of a later change finds the row.
//!
//! So a process may die or sleep anywhere, and a key may be named twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lookalike_core::keys::product_id_of;
use lookalike_core::ports::Measurement;
use lookalike_core::time::Deadline;
use lookalike_core::vector_base::{BaseAddress, KeyState};
use lookalike_index::{Manifest, Row, Term};
use tracing::{info, warn};

use super::migration::FILLING;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::VectorBaseEdit;
use crate::observation::{Observation, Observed, Recorded};
use crate::observe::Looking;
use crate::report::BackfillReport;
use crate::targets::{IndexTarget, Usable};

/// Pause before rows are written again to an engine that is busy; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

impl Indexer {
    /// Embeds the images at `keys` that the index does not have, and writes their rows into its vector base. Keys may
    /// repeat, and may name objects that are gone.
    ///
    /// # Errors
    /// [`IndexingError`] when nothing of it could be done, or the engine failed: all keys should be named again, which
    /// does nothing twice. If the index has no vector base that can take rows, all keys are left to the indexer.
    pub async fn backfill(
        &self,
        keys: &[String],
        deadline: Deadline,
    ) -> Result<BackfillReport, IndexingError> {
        let keys: BTreeSet<String> = keys.iter().cloned().collect();
        let usable = self.targets(&keys).await?;
        let Some(base) = open_base(&usable) else {
            return Ok(BackfillReport {
                left: keys.into_iter().collect(),
                ..BackfillReport::default()
            });
        };
        let targets = &usable.indexes;
        let target = &targets[0];
        // What was written is looked at again after that time.
        let deadline_of_looks = deadline.before(self.settings.engine_lag);
        let looking = Looking {
            targets,
            written: &Recorded::new(),
            hopeless: None,
            deadline: deadline_of_looks,
        };
        let mut observed = self.observe_all(&keys, &looking).await;
        self.apply_attributes(&mut observed, targets, deadline)
            .await;
        let mut report = BackfillReport::default();
        let (observed, left) = sorted_out(observed, target, &mut report);
        report.left = left;
        let rows: Vec<Row> = rows_of(&observed).cloned().collect();
        self.note_lists(&target.encoder, &base, &rows, deadline)
            .await?;
        let refused = self.write_new(&base, &rows, deadline).await?;
        report.written = rows.len() - refused.len();
        report.left.extend(refused);
        let mut recorded = Recorded::new();
        let unrecorded = self
            .record_all(&observed, &target.encoder, &mut recorded)
            .await;
        report.retry.extend(unrecorded);
        if !rows.is_empty() {
            // Until then, the event of a changed product may not find these rows.
            tokio::time::sleep(self.settings.engine_lag).await;
        }
        let mut changed = self.changed_since(&observed, deadline).await;
        changed.extend(self.attributes_changed_since(&observed, deadline).await);
        self.forget_moved(&changed, &recorded).await?;
        if !self.is_open(&base).await? {
            // The index has another base, which may lack these rows.
            changed.extend(rows.into_iter().map(|row| row.key));
        }
        report.left.extend(changed);
        report.left.sort_unstable();
        report.left.dedup();
        self.measure_backfill(&report);
        Ok(report)
    }

    /// Notes which fields these rows have lists in, so that searches ask for lists before there are any.
    async fn note_lists(
        &self,
        encoder: &EncoderIdentity,
        base: &BaseAddress,
        rows: &[Row],
        deadline: Deadline,
    ) -> Result<(), IndexingError> {
        let terms = rows
            .iter()
            .flat_map(|row| base.layout.terms_of(&row.attributes));
        let lists: BTreeSet<usize> = terms.filter(Term::is_list).map(|term| term.field).collect();
        if lists.is_empty() {
            return Ok(());
        }
        let name = base.name.clone();
        let edit = VectorBaseEdit::NoteLists { name, lists };
        // Refused if the vector base was given up, which is looked at in the end.
        self.edit_base(encoder, edit, deadline).await.map(|_| ())
    }

    /// Writes rows of keys that had none. Returns the keys of those that did not take effect: the vector base has newer
    /// rows of them, or removals.
    async fn write_new(
        &self,
        base: &BaseAddress,
        rows: &[Row],
        deadline: Deadline,
    ) -> Result<Vec<String>, IndexingError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let engine = &self.ports.vector_base_writer;
        let mut pause = FIRST_PAUSE;
        let written = loop {
            match engine.put(base, rows, FILLING).await {
                Err(error) if error.kind.is_retryable() && deadline.remaining() > 2 * pause => {
                    warn!(%error, "the vector base takes no rows, trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                written => break written?,
            }
        };
        if written == rows.len() as u64 {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        let states: BTreeMap<String, KeyState> = self.ports.vector_base.get(base, &keys).await?;
        let is_written = |row: &&Row| {
            let state = states.get(&row.key);
            state.is_some_and(|state| state.row.as_ref() == Some(*row))
        };
        let refused = rows.iter().filter(|row| !is_written(row));
        Ok(refused.map(|row| row.key.clone()).collect())
    }

    /// True if rows may still be written to this vector base.
    async fn is_open(&self, base: &BaseAddress) -> Result<bool, IndexingError> {
        let published = self.publisher.reader.published().await?;
        let manifest = published.manifest.as_ref();
        let open = manifest.and_then(open_base_of);
        Ok(open.is_some_and(|open| open.name == base.name))
    }

    /// Removes records of images that show other products by now, or are gone: the indexer does not know of them.
    async fn forget_moved(
        &self,
        changed: &BTreeSet<String>,
        recorded: &Recorded,
    ) -> Result<(), IndexingError> {
        for key in changed {
            let head = self.ports.images.head(key).await?;
            let shown = head.map(|head| product_id_of(key, &head.metadata));
            let products = recorded.get(key).into_iter().flatten();
            for product in products.filter(|product| shown.as_ref() != Some(product)) {
                self.ports.records.remove(product, key).await?;
            }
        }
        Ok(())
    }

    fn measure_backfill(&self, report: &BackfillReport) {
        let BackfillReport {
            written,
            unchanged,
            failed,
            left,
            retry,
        } = report;
        let (left, retry) = (left.len(), retry.len());
        info!(written, unchanged, failed, left, retry, "backfill");
        self.ports.metrics.emit(&[
            Measurement::count("RowsBackfilled", *written as f64),
            Measurement::count("ImagesFailed", *failed as f64),
        ]);
    }
}

/// Returns the vector base of the index if rows may be written to it: until its base segment is given up, the index may
/// go back to that, and then lacks them.
fn open_base(usable: &Usable<IndexTarget>) -> Option<BaseAddress> {
    open_base_of(&usable.indexes.first()?.current.manifest)
}

fn open_base_of(manifest: &Manifest) -> Option<BaseAddress> {
    let entry = manifest.serving_base()?;
    match entry.replaced {
        Some(_) => None,
        None => BaseAddress::of_serving(manifest),
    }
}

/// Splits the images into those that are done here and the keys that are left to the indexer.
fn sorted_out(
    observed: Vec<(String, Observed)>,
    target: &IndexTarget,
    report: &mut BackfillReport,
) -> (Vec<(String, Observed)>, Vec<String>) {
    let tombstones = target.current.view.tombstones();
    let mut left = Vec::new();
    let mut own = Vec::new();
    for (key, observed) in observed {
        match observed.served() {
            Observation::Unchanged { .. } => report.unchanged += 1,
            Observation::Unavailable(reason) => {
                report.retry.push((key, reason.clone()));
                continue;
            }
            // A removal may be drained later, under a higher number than what would be written here.
            Observation::Image { .. } if tombstones.contains(&*key) => {
                left.push(key);
                continue;
            }
            _ if target.has(&key) => {
                left.push(key);
                continue;
            }
            Observation::Bad { .. } => report.failed += 1,
            Observation::Image { .. }
            | Observation::AttributesUpdated { .. }
            | Observation::Gone => {}
        }
        own.push((key, observed));
    }
    (own, left)
}

fn rows_of(observed: &[(String, Observed)]) -> impl Iterator<Item = &Row> {
    observed
        .iter()
        .filter_map(|(_, observed)| match observed.served() {
            Observation::Image { row, .. } => Some(&**row),
            _ => None,
        })
}
