//! Rebuilding the base under a lease, so that one writer at a time does it.

use std::time::Duration;

use lookalike_core::ports::{Measurement, Unit};
use lookalike_core::time::Deadline;
use lookalike_index::{
    CompactionPolicy, GraphLeftOut, MatchThresholds, Recall, Segment, SegmentContent, SegmentEntry,
    SegmentId, Snapshot, rebuild_base,
};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{IndexEdit, ManifestEdit, Refusal};
use crate::new_segment::NewSegment;
use crate::rebuild_cost::RebuildCost;
use crate::report::MaintenanceReport;
use crate::time_budget::TimeBudget;

/// A lease lasts so many times as long as the rebuild is estimated to take.
const LEASE_FACTOR: u32 = 2;

impl Indexer {
    /// Rebuilds the base of every index, due or not, unless another writer is at it. If the base is in an engine, writes
    /// old deltas to it, or drops those that were written.
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
            match &current.manifest.vector_base {
                None => {
                    self.rebuild_in_time(encoder, &current, None, deadline, &mut report)
                        .await?;
                }
                Some(entry) if entry.is_serving && entry.replaced.is_some() => {
                    let reason = "the index can still go back to its base segment: rows of deltas are moved to the vector base \
                                  after `lookalike reindex --engine dynamodb --finish`";
                    report.postponed = Some(reason.to_owned());
                }
                Some(entry) if entry.is_serving => {
                    self.drain(encoder, &current, true, deadline, &mut report)
                        .await?;
                }
                Some(_) => {
                    let reason = "rows of the base are being copied to a vector base: `lookalike reindex --engine dynamodb` \
                                  goes on with that, and with --cancel gives it up";
                    report.postponed = Some(reason.to_owned());
                }
            }
        }
        Ok(report)
    }

    /// Rebuilds the base of one index if there is time and memory for it; with `if_due`, only if that policy still says
    /// so once the lease is taken.
    pub(crate) async fn rebuild_in_time(
        &self,
        encoder: &EncoderIdentity,
        current: &Current,
        if_due: Option<CompactionPolicy>,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let cost = RebuildCost::of(current, &self.settings);
        if let Some(obstacle) = cost.obstacle(self.settings.memory, deadline) {
            let rows = current.view.images();
            self.report_postponed(format!("rebuilding {rows} rows {obstacle}"), report);
            return Ok(());
        }
        let owner = self.ports.host.new_segment_id().to_string();
        let leased = LEASE_FACTOR * cost.time;
        let take = IndexEdit::TakeLease {
            owner: owner.clone(),
            duration: leased,
            if_due,
        };
        let edits = [ManifestEdit::index(encoder, take)];
        match self.publisher.commit(deadline, &edits).await?.refusal {
            None => {}
            Some(Refusal::RebuildNotDue) => return Ok(()),
            Some(_) => {
                report.postponed = Some("another invocation is rebuilding".to_owned());
                return Ok(());
            }
        }
        let begun = Instant::now();
        // The base must be made by then, to be published in time.
        let until = deadline.min(Deadline::at(begun).later(leased));
        let time_budget = TimeBudget::until(until.before(self.settings.publish_reserve));
        let rebuilt = self
            .rebuild_leased(encoder, &owner, deadline, time_budget)
            .await;
        if rebuilt.is_err() {
            self.release_lease(encoder, owner, deadline).await;
        }
        match rebuilt? {
            None => {
                let reason = "the rebuild took too long, another one took over";
                report.postponed = Some(reason.to_owned());
            }
            Some((base, left_out)) => {
                self.report_rebuilt(encoder, &base, begun.elapsed(), report);
                self.report_graph(encoder, &base, left_out, report);
            }
        }
        Ok(())
    }

    /// Rebuilds under a lease; the publication that installs the base ends the lease. `None` when the
    /// lease ran out and another writer took it.
    async fn rebuild_leased(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        deadline: Deadline,
        time_budget: TimeBudget,
    ) -> Result<Option<(SegmentEntry, Option<GraphLeftOut>)>, IndexingError> {
        let (current, segments) = self.publisher.reader.read_whole(encoder).await?;
        let replaced: Vec<SegmentId> = current.view.segments().iter().map(|s| s.id()).collect();
        let (policy, identity) = (self.settings.policy, encoder.clone());
        let id = self.ports.host.new_segment_id();
        let build = move || {
            let content = rebuild_base(&current.view, &segments);
            encode_base(&content, id, &identity, &policy, time_budget)
        };
        let (base, left_out) = tokio::task::spawn_blocking(build).await??;
        let entry = base.entry.clone();
        let edit = IndexEdit::ReplaceBase {
            base,
            replaced,
            owner: owner.to_owned(),
            vector_base: None,
        };
        let edits = [ManifestEdit::index(encoder, edit)];
        let commit = self.publisher.commit(deadline, &edits).await?;
        Ok(commit.published.then_some((entry, left_out)))
    }

    /// Gives a lease back after a failure. If that fails too, the lease ends by itself.
    pub(crate) async fn release_lease(
        &self,
        encoder: &EncoderIdentity,
        owner: String,
        deadline: Deadline,
    ) {
        let edits = [ManifestEdit::index(
            encoder,
            IndexEdit::ReleaseLease { owner },
        )];
        if let Err(error) = self.publisher.commit(deadline, &edits).await {
            warn!(%error, "the lease could not be given back");
        }
    }

    fn report_postponed(&self, reason: String, report: &mut MaintenanceReport) {
        info!(
            reason,
            "rebuild postponed: if that goes on, run `lookalike index rebuild`"
        );
        let postponed = Measurement::count("RebuildPostponed", 1.0);
        self.ports.metrics.emit(&[postponed]);
        report.postponed = Some(reason);
    }

    fn report_rebuilt(
        &self,
        encoder: &EncoderIdentity,
        base: &SegmentEntry,
        took: Duration,
        report: &mut MaintenanceReport,
    ) {
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
    }

    /// Reports the recall of a published base's graph, and warns if the base has no graph although it should: it is
    /// searched exactly, which is right but slower.
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

/// Encodes a base with its graph, and measures its match thresholds.
pub(crate) fn encode_base(
    content: &SegmentContent,
    id: SegmentId,
    encoder: &EncoderIdentity,
    policy: &CompactionPolicy,
    mut time_budget: TimeBudget,
) -> Result<(NewSegment, Option<GraphLeftOut>), IndexingError> {
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
