//! Joining deltas and rebuilding the base, after the batch and while there is time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lookalike_index::{
    EncodedSegment, Lease, SegmentContent, SegmentEntry, SegmentId, SegmentKind, SegmentMeta,
    merge_deltas, rebuild_base, superseded_since,
};
use tracing::{info, warn};

use super::batch::delta;
use super::current::{Current, EncoderIdentity};
use super::publish::{NewSegment, Proposal};
use super::{Indexer, IndexingError, MaintenanceReport};
use crate::ports::{Measurement, Unit};
use crate::time::{Deadline, new_segment_id, now_milliseconds};

/// Rows per second that a rebuild surely manages on a function's two cores, fetching and storing
/// included; measured rates are two to ten times that.
const REBUILD_ROWS_PER_SECOND: u64 = 2500;
/// Time that a rebuild needs whatever its size.
const REBUILD_OVERHEAD: Duration = Duration::from_secs(10);

impl Indexer {
    /// Joins small deltas, rebuilds the base when that is due and surely done before the deadline,
    /// and removes what is no longer needed.
    ///
    /// # Errors
    /// [`IndexingError`]; the index is as good as before.
    pub async fn maintain(&self, deadline: Deadline) -> Result<MaintenanceReport, IndexingError> {
        let encoder = self.encoder().await?;
        let mut report = MaintenanceReport::default();
        let current = self.publisher.reader.read(encoder).await?;
        if self.settings.policy.rebuild_due(&current.view) {
            self.rebuild_in_time(encoder, current, deadline, &mut report)
                .await?;
        } else {
            self.merge(encoder, current, deadline, &mut report).await?;
        }
        if report.rebuilt_rows.is_some() || report.merged_deltas > 0 {
            report.collected = self.collect_garbage().await?;
        }
        Ok(report)
    }

    /// Rebuilds the base whether or not that is due, unless somebody else is at it.
    ///
    /// # Errors
    /// [`IndexingError`]; the index is as good as before.
    pub async fn rebuild(&self, deadline: Deadline) -> Result<MaintenanceReport, IndexingError> {
        let encoder = self.encoder().await?;
        let mut report = MaintenanceReport::default();
        let current = self.publisher.reader.read(encoder).await?;
        self.rebuild_in_time(encoder, current, deadline, &mut report)
            .await?;
        Ok(report)
    }

    async fn merge(
        &self,
        encoder: &EncoderIdentity,
        current: Current,
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
        let content = merge_deltas(&current.view, range.clone(), &deltas);
        let joined = delta(&content, encoder)?;
        let replaced: Vec<SegmentId> = entries.iter().map(|entry| entry.id).collect();
        let mut replacement = Replacement::new(joined, replaced, encoder)?;
        let publication = self
            .publisher
            .publish(encoder, deadline, |current| {
                replacement.propose_merge(current, encoder)
            })
            .await?;
        if publication.published {
            report.merged_deltas = deltas.len();
        }
        Ok(())
    }

    async fn rebuild_in_time(
        &self,
        encoder: &EncoderIdentity,
        current: Current,
        deadline: Deadline,
        report: &mut MaintenanceReport,
    ) -> Result<(), IndexingError> {
        let estimate = rebuild_estimate(current.view.images());
        if deadline.remaining() < estimate {
            let reason = format!(
                "rebuilding {} rows may take {} s, {} s are left",
                current.view.images(),
                estimate.as_secs(),
                deadline.remaining().as_secs()
            );
            info!(reason, "rebuild postponed");
            report.postponed = Some(reason);
            return Ok(());
        }
        let owner = new_segment_id().to_string();
        if !self.take_lease(encoder, &owner, estimate, deadline).await? {
            report.postponed = Some("another invocation is rebuilding".to_owned());
            return Ok(());
        }
        let begun = Instant::now();
        let result = self.rebuild_leased(encoder, &owner, deadline).await;
        if result.is_err() {
            self.drop_lease(encoder, &owner, deadline).await;
        }
        report.rebuilt_rows = result?;
        report.rebuild_time = begun.elapsed();
        info!(
            rows = report.rebuilt_rows,
            time_ms = report.rebuild_time.as_millis(),
            "base rebuilt"
        );
        self.ports.metrics.emit(&[Measurement {
            name: "RebuildTime",
            unit: Unit::Milliseconds,
            value: report.rebuild_time.as_secs_f64() * 1000.0,
        }]);
        Ok(())
    }

    /// Rebuilds under a lease; the publication that installs the base ends the lease.
    async fn rebuild_leased(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        deadline: Deadline,
    ) -> Result<Option<u64>, IndexingError> {
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
            let graph = policy.graph_for(content.rows.len());
            base(&content, &identity, graph)
        };
        let joined = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| IndexingError::Worker(error.to_string()))??;
        let rows = u64::from(joined.entry.rows);
        let mut replacement = Replacement::new(joined, replaced, encoder)?;
        let publication = self
            .publisher
            .publish(encoder, deadline, |current| {
                replacement.propose_base(current, owner, encoder)
            })
            .await?;
        Ok(publication.published.then_some(rows))
    }

    async fn take_lease(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        estimate: Duration,
        deadline: Deadline,
    ) -> Result<bool, IndexingError> {
        let mut taken = false;
        self.publisher
            .publish(encoder, deadline, |current| {
                let now = now_milliseconds();
                let held = current.manifest.lease.as_ref();
                taken = held.is_some_and(|lease| lease.owner == owner);
                if held.is_some_and(|lease| lease.until > now) {
                    return Ok(None);
                }
                let mut manifest = current.manifest.clone();
                manifest.lease = Some(Lease {
                    owner: owner.to_owned(),
                    until: now + 2 * estimate.as_millis() as u64,
                });
                taken = true;
                Ok(Some(Proposal {
                    segments: Vec::new(),
                    manifest,
                }))
            })
            .await?;
        Ok(taken)
    }

    /// Gives a lease back after a failure. Where that fails too, the lease ends by itself.
    async fn drop_lease(&self, encoder: &EncoderIdentity, owner: &str, deadline: Deadline) {
        let dropped = self
            .publisher
            .publish(encoder, deadline, |current| {
                let lease = current.manifest.lease.as_ref();
                if lease.is_none_or(|lease| lease.owner != owner) {
                    return Ok(None);
                }
                let mut manifest = current.manifest.clone();
                manifest.lease = None;
                Ok(Some(Proposal {
                    segments: Vec::new(),
                    manifest,
                }))
            })
            .await;
        if let Err(error) = dropped {
            warn!(%error, "the lease could not be given back");
        }
    }
}

/// Time that rebuilding so many rows surely takes no longer than.
fn rebuild_estimate(rows: u64) -> Duration {
    REBUILD_OVERHEAD + Duration::from_secs(rows / REBUILD_ROWS_PER_SECOND)
}

fn base(
    content: &SegmentContent,
    encoder: &EncoderIdentity,
    graph: Option<lookalike_index::GraphParameters>,
) -> Result<NewSegment, IndexingError> {
    let id = new_segment_id();
    let EncodedSegment { bytes, meta_bytes } =
        content.encode_base(id, encoder.fingerprint, encoder.dimensions, graph)?;
    Ok(NewSegment {
        entry: SegmentEntry {
            id,
            kind: SegmentKind::Base,
            rows: content.rows.len() as u32,
            bytes: bytes.len() as u64,
            meta_bytes,
        },
        bytes: Bytes::from(bytes),
    })
}

/// A segment that takes the place of others.
struct Replacement {
    joined: NewSegment,
    meta: SegmentMeta,
    replaced: Vec<SegmentId>,
    /// The rows of `joined` that were superseded while it was made, and the delta that says so.
    correction: Option<(Vec<u32>, NewSegment)>,
}

impl Replacement {
    fn new(
        joined: NewSegment,
        replaced: Vec<SegmentId>,
        encoder: &EncoderIdentity,
    ) -> Result<Self, IndexingError> {
        let meta = SegmentMeta::open(&joined.bytes, joined.entry.id, encoder.fingerprint)?;
        Ok(Self {
            joined,
            meta,
            replaced,
            correction: None,
        })
    }

    /// Puts the joined delta where the replaced ones are. `None` when one of them is not there any
    /// more: somebody else joined them first.
    fn propose_merge(
        &mut self,
        current: &Current,
        encoder: &EncoderIdentity,
    ) -> Result<Option<Proposal>, IndexingError> {
        let segments = &current.manifest.segments;
        let first = segments
            .iter()
            .position(|e| Some(&e.id) == self.replaced.first());
        let Some(first) = first else { return Ok(None) };
        let end = first + self.replaced.len();
        let there = segments
            .get(first..end)
            .is_some_and(|run| run.iter().map(|entry| &entry.id).eq(self.replaced.iter()));
        if !there {
            return Ok(None);
        }
        let newer = current.view.segments()[end..].to_vec();
        let correction = self.correct(&newer, encoder)?;
        let mut manifest = current.manifest.clone();
        manifest
            .segments
            .splice(first..end, [self.joined.entry.clone()]);
        Ok(Some(self.proposal(manifest, correction)))
    }

    /// Puts the new base in front of what came since. `None` when the lease went to somebody else.
    fn propose_base(
        &mut self,
        current: &Current,
        owner: &str,
        encoder: &EncoderIdentity,
    ) -> Result<Option<Proposal>, IndexingError> {
        let lease = current.manifest.lease.as_ref();
        if lease.is_none_or(|lease| lease.owner != owner) {
            return Ok(None);
        }
        let stays = |id: &SegmentId| !self.replaced.contains(id);
        let newer: Vec<Arc<SegmentMeta>> = current
            .view
            .segments()
            .iter()
            .filter(|segment| stays(&segment.id()))
            .cloned()
            .collect();
        let mut manifest = current.manifest.clone();
        manifest.lease = None;
        manifest.segments.retain(|entry| stays(&entry.id));
        manifest.segments.insert(0, self.joined.entry.clone());
        let correction = self.correct(&newer, encoder)?;
        Ok(Some(self.proposal(manifest, correction)))
    }

    /// A delta that marks the rows of `joined` that newer segments supersede; none without such rows.
    fn correct(
        &mut self,
        newer: &[Arc<SegmentMeta>],
        encoder: &EncoderIdentity,
    ) -> Result<Option<NewSegment>, IndexingError> {
        let rows = superseded_since(&self.meta, newer);
        if rows.is_empty() {
            return Ok(None);
        }
        if let Some((same, segment)) = &self.correction
            && *same == rows
        {
            return Ok(Some(segment.clone()));
        }
        let content = SegmentContent {
            superseded: [(self.joined.entry.id, rows.clone())].into(),
            ..SegmentContent::default()
        };
        let segment = delta(&content, encoder)?;
        self.correction = Some((rows, segment.clone()));
        Ok(Some(segment))
    }

    fn proposal(
        &self,
        mut manifest: lookalike_index::Manifest,
        correction: Option<NewSegment>,
    ) -> Proposal {
        manifest
            .segments
            .extend(correction.iter().map(|segment| segment.entry.clone()));
        let segments = std::iter::once(self.joined.clone()).chain(correction);
        Proposal {
            segments: segments.collect(),
            manifest,
        }
    }
}
