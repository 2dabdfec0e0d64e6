//! Draining: the rows of old deltas are written to the vector base, and the deltas dropped once searches show them. It
//! takes the place of rebuilding a base.
//!
//! Each step can be repeated, can die anywhere, and can run twice at once:
//!
//! 1. An edit takes the lease and the next writer number. An entry of the vector base that a process with a higher number
//!    wrote is never replaced, so a process that slept cannot bring an older row back, nor one that was removed: a removal
//!    leaves its number behind.
//! 2. The live rows of the oldest deltas are written, and their tombstones. Searches are as right as before, since the
//!    rows of deltas cover those of the base.
//! 3. An edit notes which deltas were written.
//! 4. Later, once a sample of the rows is found by searches, an edit drops the deltas.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::ports::Measurement;
use lookalike_core::time::Deadline;
use lookalike_core::vector_base::{BaseAddress, MAX_FOUND, SlotQuery};
use lookalike_index::{LiveRows, Row, RowAddress, Segment, SegmentId, Term, WrittenDeltas};
use tracing::{info, warn};

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{IndexEdit, ManifestEdit, Refusal, VectorBaseEdit};
use crate::report::MaintenanceReport;

/// Rows of deltas that one run drains, unless the oldest delta alone has more.
const MAX_ROWS: u64 = 20_000;
/// Rows that are written with one call.
const CHUNK: usize = 500;
/// Rows that are written in a second, at the least.
const MIN_ROWS_PER_SECOND: u64 = 500;
/// Time for which a delta whose rows were written is kept at the least: an engine shows writes within some seconds.
const SETTLING: Duration = Duration::from_secs(4 * 60);
/// The same of deltas without a live row, of which no search tells whether the engine shows them.
const SETTLING_UNSEEN: Duration = Duration::from_secs(30 * 60);
/// Number of rows that searches are asked for before their delta is dropped.
const SAMPLE: usize = 16;
/// Least score of a row for its own vector.
const OWN_SCORE: f32 = 0.999;

/// What is written to a vector base.
#[derive(Debug, Default)]
struct Content {
    rows: Vec<Row>,
    removed: Vec<String>,
}

/// The right to write to a vector base, and what with it.
struct Drain<'a> {
    encoder: &'a EncoderIdentity,
    base: BaseAddress,
    deltas: Vec<SegmentId>,
    owner: String,
}

impl Indexer {
    /// Goes on with draining the deltas of an index that serves from a vector base, if that is due; with `at_once`, due
    /// or not.
    pub(crate) async fn drain(
        &self,
        encoder: &EncoderIdentity,
        current: &Arc<Current>,
        at_once: bool,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let (Some(base), Some(entry)) = (
            BaseAddress::of_serving(&current.manifest),
            current.manifest.serving_base(),
        ) else {
            return Ok(());
        };
        if let Some(written) = &entry.written {
            return self
                .drop_written(encoder, &base, current, written, deadline)
                .await;
        }
        if !at_once && !self.is_drain_due(current) {
            return Ok(());
        }
        let deltas = self.drainable(current, deadline, report).await?;
        if deltas.is_empty() {
            return Ok(());
        }
        let drain = Drain {
            encoder,
            base,
            deltas,
            owner: self.ports.host.new_segment_id().to_string(),
        };
        self.write_deltas(&drain, current, deadline, report).await
    }

    /// True if deltas should be written to the vector base, or dropped.
    pub(crate) fn is_drain_due(&self, current: &Current) -> bool {
        let Some(entry) = current.manifest.serving_base() else {
            return false;
        };
        let is_leased = (current.manifest.lease.as_ref())
            .is_some_and(|lease| lease.until > self.ports.host.now());
        let is_begin_due = || {
            let oldest = current.manifest.segments.first();
            let is_old = oldest
                .is_some_and(|entry| self.ports.host.age_of(entry.id) >= self.settings.safe_age);
            let is_final = entry.replaced.is_none();
            is_final && is_old && self.settings.policy.rebuild_due(&current.view)
        };
        let is_due = match &entry.written {
            Some(written) => self.age_of(written) >= SETTLING,
            None => is_begin_due(),
        };
        is_due && !is_leased
    }

    /// Returns the number of the oldest deltas that merging must leave as they are: they were written to the vector base,
    /// or are next.
    pub(crate) fn deltas_to_drain(&self, current: &Current) -> usize {
        let entry = current.manifest.serving_base();
        let written = entry.and_then(|entry| entry.written.as_ref());
        match written {
            Some(written) => written.segments.len(),
            None if self.is_drain_due(current) => old_deltas(current, MAX_ROWS).len(),
            None => 0,
        }
    }

    fn age_of(&self, written: &WrittenDeltas) -> Duration {
        Duration::from_millis(self.ports.host.now().saturating_sub(written.at))
    }

    /// Returns the oldest deltas that may be written to the vector base, at most so many as there is time for. Every
    /// generation whose pages can be continued, or that can be gone back to, has them too: so it never finds rows of a
    /// later one in the vector base.
    async fn drainable(
        &self,
        current: &Current,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<Vec<SegmentId>, IndexingError> {
        let manifest = &current.manifest;
        let entry = manifest.serving_base();
        if entry.is_none_or(|entry| entry.replaced.is_some()) {
            return Ok(Vec::new());
        }
        let left = deadline
            .before(2 * self.settings.publish_reserve)
            .remaining();
        let rows = MIN_ROWS_PER_SECOND.saturating_mul(left.as_secs());
        let mut deltas = old_deltas(current, MAX_ROWS.min(rows));
        let first = manifest.segments.first();
        if first.is_some_and(|first| u64::from(first.rows) > rows) {
            let reason = "the oldest delta has more rows than can be written to the vector base in this time: run \
                          `lookalike index rebuild`";
            report.postponed = Some(reason.to_owned());
            return Ok(Vec::new());
        }
        if deltas.is_empty() {
            return Ok(deltas);
        }
        for earlier in self.promised_manifests(manifest).await? {
            let earlier = earlier.index_of(manifest.fingerprint);
            let known = earlier.iter().flat_map(|index| &index.segments);
            let known = known
                .zip(&deltas)
                .take_while(|(entry, id)| entry.id == **id);
            deltas.truncate(known.count());
        }
        Ok(deltas)
    }

    async fn write_deltas(
        &self,
        drain: &Drain<'_>,
        current: &Current,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let encoder = drain.encoder;
        let entries = &current.manifest.segments[..drain.deltas.len()];
        let segments = self
            .publisher
            .reader
            .whole(entries, encoder.fingerprint)
            .await?;
        let begin = VectorBaseEdit::BeginDrain {
            name: drain.base.name.clone(),
            owner: drain.owner.clone(),
            duration: deadline.remaining(),
            deltas: drain.deltas.clone(),
            lists: lists_of(&drain.base, &segments),
        };
        if self.edit_base(encoder, begin, deadline).await?.is_some() {
            report.postponed = Some("another invocation is at work on the base".to_owned());
            return Ok(());
        }
        let drained = self.write_leased(drain, segments, deadline).await;
        match drained {
            Ok(Some(rows)) => {
                report.drained_rows = Some(report.drained_rows.unwrap_or(0) + rows);
                info!(rows, "rows of deltas were written to the vector base");
                let drained = Measurement::count("RowsDrained", rows as f64);
                self.ports.metrics.emit(&[drained]);
                Ok(())
            }
            Ok(None) => {
                let reason =
                    "deltas were not drained: another process was faster, or no time was left";
                info!(reason);
                report.postponed = Some(reason.to_owned());
                self.release_lease(encoder, drain.owner.clone(), deadline)
                    .await;
                Ok(())
            }
            Err(error) => {
                self.release_lease(encoder, drain.owner.clone(), deadline)
                    .await;
                Err(error)
            }
        }
    }

    /// Writes rows and removals under the lease, and notes that. Returns their number; `None` if another process has taken
    /// the lease, or changed what is to be written, or if no time is left.
    async fn write_leased(
        &self,
        drain: &Drain<'_>,
        segments: Vec<Segment>,
        deadline: Deadline,
    ) -> Result<Option<u64>, IndexingError> {
        // As it is now: an index that went back meanwhile may have other live rows.
        let current = self.publisher.reader.read(drain.encoder).await?;
        let manifest = &current.manifest;
        let is_held = (manifest.lease.as_ref()).is_some_and(|lease| lease.owner == drain.owner);
        let entry = manifest
            .serving_base()
            .filter(|entry| entry.name == drain.base.name);
        let Some(entry) = entry.filter(|_| is_held) else {
            return Ok(None);
        };
        let view = Arc::clone(&current.view);
        let content = tokio::task::spawn_blocking(move || Content::of(&view, &segments)).await?;
        let (engine, number) = (&self.ports.vector_base_writer, entry.writer);
        let is_late = || deadline.remaining() <= self.settings.publish_reserve;
        let mut written = 0;
        for rows in content.rows.chunks(CHUNK) {
            if is_late() {
                return Ok(None);
            }
            written += engine.put(&drain.base, rows, number).await?;
        }
        for keys in content.removed.chunks(CHUNK) {
            if is_late() {
                return Ok(None);
            }
            written += engine.remove(&drain.base, keys, number).await?;
        }
        if written != (content.rows.len() + content.removed.len()) as u64 {
            return Ok(None);
        }
        let note = VectorBaseEdit::NoteWritten {
            name: drain.base.name.clone(),
            owner: drain.owner.clone(),
            deltas: drain.deltas.clone(),
        };
        let refused = self.edit_base(drain.encoder, note, deadline).await?;
        Ok(refused.is_none().then_some(written))
    }

    /// Drops deltas that were written, once searches of the vector base show their rows.
    async fn drop_written(
        &self,
        encoder: &EncoderIdentity,
        base: &BaseAddress,
        current: &Current,
        written: &WrittenDeltas,
        deadline: Deadline,
    ) -> Result<(), IndexingError> {
        let age = self.age_of(written);
        let deltas = written.segments.clone();
        if age >= SETTLING && self.are_shown(base, current, &deltas, age).await? {
            let name = base.name.clone();
            let edit = VectorBaseEdit::DropWritten { name, deltas };
            self.edit_base(encoder, edit, deadline).await?;
        }
        Ok(())
    }

    /// True if searches of the vector base show the rows of these deltas, as far as a sample tells. `age` is the time since
    /// they were written.
    async fn are_shown(
        &self,
        base: &BaseAddress,
        current: &Current,
        deltas: &[SegmentId],
        age: Duration,
    ) -> Result<bool, IndexingError> {
        let view = &current.view;
        let is_of_these = |at: &RowAddress| deltas.contains(&view.segments()[at.segment].id());
        let live: Vec<RowAddress> = view.addresses().filter(is_of_these).collect();
        if live.is_empty() {
            return Ok(age >= SETTLING_UNSEEN);
        }
        let step = live.len().div_ceil(SAMPLE).max(1);
        let keys = live.iter().step_by(step);
        let keys: Vec<String> = keys
            .map(|at| view.meta(*at).key(at.row).to_owned())
            .collect();
        let states = self.ports.vector_base.get(base, &keys).await?;
        let rows: Vec<Row> = states.into_values().filter_map(|state| state.row).collect();
        let products: Vec<String> = rows.iter().map(|row| row.product_id.clone()).collect();
        let of_products = self.ports.vector_base.of_products(base, &products).await?;
        let mut shown = 0;
        for row in &rows {
            let query = SlotQuery {
                slot: base.layout.slot_of(&row.product_id),
                vector: &row.embedding.to_f32(),
                terms: &base.layout.terms_of(&row.attributes),
                top: MAX_FOUND,
            };
            let found = self.ports.vector_base.search(base, query).await?;
            // More images than it returns may be the same.
            let is_hidden = found.floor.is_some_and(|floor| floor >= OWN_SCORE);
            let is_found = is_hidden || found.rows.contains(row);
            shown += usize::from(is_found && of_products.contains(row));
        }
        // A search is approximate.
        let are_shown = rows.len() == keys.len() && shown * 4 >= rows.len() * 3;
        if !are_shown {
            let (sample, found) = (keys.len(), rows.len());
            warn!(
                sample,
                found, shown, "searches of the vector base do not show all rows yet"
            );
        }
        Ok(are_shown)
    }

    /// Publishes an edit of the vector base of an index. Returns the reason if it was refused.
    pub(super) async fn edit_base(
        &self,
        encoder: &EncoderIdentity,
        edit: VectorBaseEdit,
        deadline: Deadline,
    ) -> Result<Option<Refusal>, IndexingError> {
        let edits = [ManifestEdit::index(encoder, IndexEdit::VectorBase(edit))];
        Ok(self.publisher.commit(deadline, &edits).await?.refusal)
    }
}

impl Content {
    /// Returns what the oldest segments of an index change in its base.
    fn of(view: &LiveRows, segments: &[Segment]) -> Self {
        let live = view.addresses().filter(|at| at.segment < segments.len());
        let rows = live.map(|at| segments[at.segment].row(at.row)).collect();
        let tombstones = segments
            .iter()
            .flat_map(|segment| segment.meta().tombstones());
        // A row of a newer delta is written with that.
        let removed = tombstones.filter(|key| view.locate(key).is_none());
        let mut removed: Vec<String> = removed.map(str::to_owned).collect();
        removed.sort_unstable();
        removed.dedup();
        Self { rows, removed }
    }
}

/// Returns the oldest deltas with so many rows at most, or the oldest alone.
fn old_deltas(current: &Current, rows: u64) -> Vec<SegmentId> {
    let mut before = 0;
    let deltas = current.manifest.segments.iter().take_while(|entry| {
        let is_first = before == 0;
        before += u64::from(entry.rows).max(1);
        is_first || before <= rows
    });
    deltas.map(|entry| entry.id).collect()
}

/// Returns the fields of which a row of these segments has a list.
fn lists_of(base: &BaseAddress, segments: &[Segment]) -> BTreeSet<usize> {
    let attributes = segments.iter().flat_map(|segment| {
        let meta = segment.meta();
        (0..meta.rows()).map(|row| meta.attributes(row))
    });
    let terms = attributes.flat_map(|attributes| base.layout.terms_of(&attributes));
    terms.filter(Term::is_list).map(|term| term.field).collect()
}
