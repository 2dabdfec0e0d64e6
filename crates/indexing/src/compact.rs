//! Joining deltas and rebuilding the base, after the batch and while there is time.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use lookalike_core::ports::{Measurement, Unit};
use lookalike_core::time::{Deadline, new_segment_id};
use lookalike_index::{
    CompactionPolicy, GraphLeftOut, MatchThresholds, Recall, Segment, SegmentContent, SegmentEntry,
    SegmentId, Snapshot, merge_deltas, rebuild_base, rebuild_bytes,
};
use tokio::task::JoinError;
use tracing::{info, warn};

use crate::batch::delta;
use crate::compaction_commit::Replacement;
use crate::current::{Current, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::indexer::Indexer;
use crate::lease::{LEASE_FACTOR, Leasing, Need};
use crate::new_segment::NewSegment;
use crate::report::{IndexingError, MaintenanceReport};
use crate::time_budget::TimeBudget;

/// Rows times candidates per row (efConstruction) that a rebuild surely manages in a second on a function's
/// two cores, fetching and storing included: 2,500 rows at 100. Measured rates are two to ten times that.
const REBUILD_WORK_PER_SECOND: u64 = 250_000;
/// Candidates per row that the rest of the work, as of a base without a graph, surely takes no longer than.
const MIN_WORK: usize = 20;
/// Time that a rebuild needs whatever its size.
const REBUILD_OVERHEAD: Duration = Duration::from_secs(10);
/// Allowance for what the process has taken before a rebuild, the encoder above all.
const REBUILD_MEMORY: u64 = 300 << 20;

impl Indexer {
    /// Joins small deltas, rebuilds the base when that is due and surely done before the deadline,
    /// and removes what is no longer needed; of every index that there is, the searched one first.
    ///
    /// # Errors
    /// [`IndexingError`]; the index is as good as before.
    pub async fn maintain(&self, deadline: Deadline) -> Result<MaintenanceReport, IndexingError> {
        let mut report = MaintenanceReport::default();
        let published = self.publisher.reader.published().await?;
        let encoders = published.encoders();
        for (place, encoder) in encoders.iter().enumerate() {
            let current = self.read_again(&published, encoder).await;
            let maintained = match current {
                Ok(current) => {
                    self.maintain_index(encoder, &current, deadline, &mut report)
                        .await
                }
                Err(error) => Err(error),
            };
            match maintained {
                // A side index that is damaged, or was just given up, must not stop the others.
                Err(error) if place > 0 => {
                    warn!(encoder = encoder.name, %error, "a side index was not looked after");
                }
                maintained => maintained?,
            }
        }
        let needed = encoders.iter().map(|encoder| encoder.fingerprint);
        self.ports.encoders.keep_configured(needed).await;
        let replaced_some = report.rebuilt_rows.is_some() || report.merged_deltas > 0;
        if replaced_some && self.is_time_to_collect() {
            report.collected = self.collect_garbage().await?;
        }
        Ok(report)
    }

    /// The index as `published` has it, or as it is by now where that was replaced.
    async fn read_again(
        &self,
        published: &Published,
        encoder: &EncoderIdentity,
    ) -> Result<Arc<Current>, IndexingError> {
        let reader = &self.publisher.reader;
        match reader.index(published, encoder).await {
            Err(error) if error.is_missing_segment() => reader.read(encoder).await,
            current => current,
        }
    }

    async fn maintain_index(
        &self,
        encoder: &EncoderIdentity,
        current: &Arc<Current>,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let rebuilt = report.rebuilt_rows;
        if self.settings.policy.rebuild_due(&current.view) {
            self.rebuild_in_time(encoder, current, Need::IfDue, deadline, report)
                .await?;
        }
        // Deltas are joined also while a rebuild is put off or another invocation is at it: the
        // number of segments stays small however long that takes.
        if report.rebuilt_rows == rebuilt && deadline.remaining() > self.settings.publish_reserve {
            self.merge(encoder, current, deadline, report).await?;
        }
        Ok(())
    }

    /// Listing every segment after every merge would cost more the more is uploaded; what there is to
    /// remove is as old as the safe age anyway.
    fn is_time_to_collect(&self) -> bool {
        let mut collected = self
            .collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = collected.is_none_or(|at| at.elapsed() >= self.settings.safe_age / 4);
        if due {
            *collected = Some(Instant::now());
        }
        due
    }

    /// Rebuilds the base whether or not that is due, unless somebody else is at it; of every index.
    ///
    /// # Errors
    /// [`IndexingError`]; the index is as good as before.
    pub async fn rebuild(&self, deadline: Deadline) -> Result<MaintenanceReport, IndexingError> {
        let mut report = MaintenanceReport::default();
        let mut encoders = self.publisher.reader.published().await?.encoders();
        if encoders.is_empty() {
            encoders.push(self.configured().await?);
        }
        for encoder in &encoders {
            let current = self.publisher.reader.read(encoder).await?;
            self.rebuild_in_time(encoder, &current, Need::Anyway, deadline, &mut report)
                .await?;
        }
        Ok(report)
    }

    async fn merge(
        &self,
        encoder: &EncoderIdentity,
        current: &Arc<Current>,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let Some(range) = self.settings.policy.merge_due(&current.manifest.segments) else {
            return Ok(());
        };
        let entries = &current.manifest.segments[range.clone()];
        let deltas = self
            .publisher
            .reader
            .whole(entries, encoder.fingerprint)
            .await?;
        let replaced: Vec<SegmentId> = entries.iter().map(|entry| entry.id).collect();
        let merged = deltas.len();
        let (view, identity) = (Arc::clone(current), encoder.clone());
        let join = move || delta(&merge_deltas(&view.view, range, &deltas), &identity);
        let joined = tokio::task::spawn_blocking(join).await.map_err(died)??;
        let mut replacement = Replacement::new(joined, replaced);
        let publication = self
            .publisher
            .publish(encoder, deadline, |current, _| {
                replacement.propose_merge(current, encoder)
            })
            .await?;
        if publication.published {
            report.merged_deltas += merged;
        }
        Ok(())
    }

    async fn rebuild_in_time(
        &self,
        encoder: &EncoderIdentity,
        current: &Current,
        need: Need,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let rows = current.view.images();
        let estimate = rebuild_estimate(&self.settings.policy, rows);
        let memory = rebuild_memory(&current.manifest.segments);
        if let Some(obstacle) = self.obstacle(estimate, memory, deadline) {
            let reason = format!("rebuilding {rows} rows {obstacle}");
            info!(
                reason,
                "rebuild postponed: if that goes on, run `lookalike index rebuild`"
            );
            let postponed = Measurement::count("RebuildPostponed", 1.0);
            self.ports.metrics.emit(&[postponed]);
            report.postponed = Some(reason);
            return Ok(());
        }
        let owner = new_segment_id().to_string();
        match self
            .take_lease(encoder, &owner, need, estimate, deadline)
            .await?
        {
            Leasing::Taken => {}
            Leasing::Needless => return Ok(()),
            Leasing::HeldByAnother => {
                report.postponed = Some("another invocation is rebuilding".to_owned());
                return Ok(());
            }
        }
        let begun = Instant::now();
        let time_budget = TimeBudget::until(self.last_moment(begun, estimate, deadline));
        let result = self
            .rebuild_leased(encoder, &owner, deadline, time_budget)
            .await;
        if result.is_err() {
            self.drop_lease(encoder, &owner, deadline).await;
        }
        let Some((base, left_out)) = result? else {
            report.postponed = Some("the rebuild took too long, another one took over".to_owned());
            return Ok(());
        };
        let took = begun.elapsed();
        let rows = u64::from(base.rows);
        *report.rebuilt_rows.get_or_insert_default() += rows;
        report.rebuild_time += took;
        info!(
            encoder = encoder.name,
            rows,
            time_ms = took.as_millis(),
            "base rebuilt"
        );
        let took = Measurement::milliseconds("RebuildTime", took.as_secs_f64() * 1000.0);
        self.ports.metrics.emit(&[took]);
        self.report_graph(encoder, &base, left_out, report);
        Ok(())
    }

    /// When a rebuild that takes the lease now must have its base, to publish it in time.
    fn last_moment(&self, begun: Instant, estimate: Duration, deadline: Deadline) -> Deadline {
        let leased = Deadline::at(begun).later(LEASE_FACTOR * estimate);
        deadline.min(leased).before(self.settings.publish_reserve)
    }

    /// What this process lacks for a rebuild that takes so long and so many bytes.
    fn obstacle(&self, time: Duration, memory: u64, deadline: Deadline) -> Option<String> {
        let left = deadline.remaining();
        if left < time {
            let (time, left) = (time.as_secs(), left.as_secs());
            return Some(format!("may take {time} s, {left} s are left"));
        }
        let limit = self.settings.memory.filter(|limit| *limit < memory)?;
        let (memory, limit) = (memory >> 20, limit >> 20);
        Some(format!("may take {memory} MB of memory, there are {limit}"))
    }

    /// Rebuilds under a lease; the publication that installs the base ends the lease. `None` when the
    /// lease ran out and somebody else took it.
    async fn rebuild_leased(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        deadline: Deadline,
        time_budget: TimeBudget,
    ) -> Result<Option<(SegmentEntry, Option<GraphLeftOut>)>, IndexingError> {
        let current = self.publisher.reader.read(encoder).await?;
        let replaced: Vec<SegmentId> = current.view.segments().iter().map(|s| s.id()).collect();
        let segments = self
            .publisher
            .reader
            .whole(&current.manifest.segments, encoder.fingerprint)
            .await?;
        let (policy, identity) = (self.settings.policy, encoder.clone());
        let build = move || {
            let content = rebuild_base(&current.view, &segments);
            base(&content, &identity, &policy, time_budget)
        };
        let (joined, left_out) = tokio::task::spawn_blocking(build).await.map_err(died)??;
        let entry = joined.entry.clone();
        let mut replacement = Replacement::new(joined, replaced);
        let publication = self
            .publisher
            .publish(encoder, deadline, |current, _| {
                replacement.propose_base(current, owner, encoder)
            })
            .await?;
        Ok(publication.published.then_some((entry, left_out)))
    }

    /// Says what the graph of a published base finds, and loudly so when it was to have one and has none:
    /// such a base is searched exactly, which is right but slower.
    fn report_graph(
        &self,
        encoder: &EncoderIdentity,
        base: &SegmentEntry,
        left_out: Option<GraphLeftOut>,
        report: &mut MaintenanceReport,
    ) {
        let (encoder, rows) = (&encoder.name, base.rows);
        let measurement = match (base.recall.map(Recall::share), left_out) {
            (_, Some(left_out)) => {
                let (wanted, best) = (left_out.wanted, left_out.best.share());
                let reason = match left_out.cut_short {
                    true => "no time was left to build a graph with more work",
                    false => "no graph that was built finds enough",
                };
                warn!(
                    encoder,
                    rows, wanted, best, reason, "no graph: every image is looked at"
                );
                report.without_graph = Some(format!(
                    "{reason}: {wanted:.4} of the best was wanted, {best:.4} was found"
                ));
                Measurement::count("GraphLeftOut", 1.0)
            }
            (Some(recall), None) => {
                info!(encoder, rows, recall, "graph measured");
                Measurement {
                    name: "GraphRecall",
                    unit: Unit::Percent,
                    value: 100.0 * recall,
                }
            }
            (None, None) => return,
        };
        self.ports.metrics.emit(&[measurement]);
    }
}

/// Time that rebuilding so many rows surely takes no longer than, when the first graph is good enough.
fn rebuild_estimate(policy: &CompactionPolicy, rows: u64) -> Duration {
    let graph = policy.graph_for(usize::try_from(rows).unwrap_or(usize::MAX));
    let per_row = graph.map_or(MIN_WORK, |graph| graph.ef_construction.max(MIN_WORK));
    let seconds = rows.saturating_mul(per_row as u64) / REBUILD_WORK_PER_SECOND;
    REBUILD_OVERHEAD + Duration::from_secs(seconds)
}

/// Bytes that a process needs to rebuild these segments; all of them are read, what is dead in them too.
fn rebuild_memory(segments: &[SegmentEntry]) -> u64 {
    REBUILD_MEMORY.saturating_add(rebuild_bytes(segments))
}

fn base(
    content: &SegmentContent,
    encoder: &EncoderIdentity,
    policy: &CompactionPolicy,
    mut time_budget: TimeBudget,
) -> Result<(NewSegment, Option<GraphLeftOut>), IndexingError> {
    let id = new_segment_id();
    let graph = policy.graph_for(content.rows.len());
    time_budget.begin();
    let encoded = content.encode_base_while(
        id,
        encoder.fingerprint,
        encoder.dimensions,
        graph,
        &mut || time_budget.is_enough_for_more(),
    )?;
    let left_out = encoded.left_out;
    let mut base = NewSegment::new(id, encoded, encoder)?;
    let segment = Segment::open(&base.bytes, id, encoder.fingerprint)?;
    let alone = Snapshot::new(vec![segment], encoder.dimensions)?;
    base.entry.match_thresholds = MatchThresholds::measure(&alone)?;
    Ok((base, left_out))
}

fn died(error: JoinError) -> IndexingError {
    IndexingError::Worker(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_grows_with_rows_and_with_work_per_row() {
        let policy = CompactionPolicy::default();
        let estimate = |policy: &CompactionPolicy, rows| rebuild_estimate(policy, rows).as_secs();
        assert_eq!(estimate(&policy, 0), 10);
        assert_eq!(estimate(&policy, 100_000), 10 + 40);
        // More rows take more work each.
        assert_eq!(estimate(&policy, 450_000), 10 + 282);
        let mut thorough = policy;
        thorough.graph.ef_construction *= 4;
        assert_eq!(estimate(&thorough, 100_000), 10 + 4 * 40);
        assert!(rebuild_estimate(&policy, u64::MAX) > Duration::from_secs(1 << 40));
    }
}
