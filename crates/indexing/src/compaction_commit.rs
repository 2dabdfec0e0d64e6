//! A segment that takes the place of others, while the index goes on changing.

use lookalike_index::{Changed, Manifest, SegmentContent, SegmentId, deleted_meanwhile};

use crate::batch::delta;
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::new_segment::NewSegment;
use crate::proposal::Proposal;
use crate::report::IndexingError;

/// A segment that takes the place of others. Once published, it is never proposed again: what it
/// replaced does not come back.
pub(crate) struct Replacement {
    joined: NewSegment,
    replaced: Vec<SegmentId>,
    /// The rows that were deleted while `joined` was made, and the delta that marks them.
    correction: Option<(SegmentContent, NewSegment)>,
}

impl Replacement {
    pub(crate) fn new(joined: NewSegment, replaced: Vec<SegmentId>) -> Self {
        Self {
            joined,
            replaced,
            correction: None,
        }
    }

    /// Puts the joined delta where the replaced ones are. `None` when one of them is not there any
    /// more: somebody else joined them first.
    pub(crate) fn propose_merge(
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
        let correction = self.correct(current, encoder)?;
        let mut manifest = current.manifest.clone();
        manifest
            .segments
            .splice(first..end, [self.joined.entry.clone()]);
        let changed = Changed {
            merged: self.replaced.len() as u64,
            ..Changed::default()
        };
        Ok(Some(self.proposal(manifest, correction, changed)))
    }

    /// Puts the new base in front of what came since. `None` when the lease went to somebody else.
    pub(crate) fn propose_base(
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
        let mut manifest = current.manifest.clone();
        manifest.lease = None;
        manifest.segments.retain(|entry| stays(&entry.id));
        manifest.segments.insert(0, self.joined.entry.clone());
        let correction = self.correct(current, encoder)?;
        let changed = Changed {
            rebuilt: u64::from(self.joined.entry.rows),
            ..Changed::default()
        };
        Ok(Some(self.proposal(manifest, correction, changed)))
    }

    /// A delta that marks the rows of `joined` that were deleted while it was made, and says which
    /// of them are gone; none without such rows.
    fn correct(
        &mut self,
        current: &Current,
        encoder: &EncoderIdentity,
    ) -> Result<Option<NewSegment>, IndexingError> {
        let rows = deleted_meanwhile(&self.joined.meta, &current.view, &self.replaced);
        if rows.is_empty() {
            return Ok(None);
        }
        // The tombstone of a key may be in a segment that is replaced too.
        let tombstones = rows
            .iter()
            .map(|row| self.joined.meta.key(*row))
            .filter(|key| current.view.locate(key).is_none())
            .map(str::to_owned)
            .collect();
        let content = SegmentContent {
            tombstones,
            deleted: [(self.joined.entry.id, rows)].into(),
            ..SegmentContent::default()
        };
        if let Some((same, segment)) = &self.correction
            && *same == content
        {
            return Ok(Some(segment.clone()));
        }
        let segment = delta(&content, encoder)?;
        self.correction = Some((content, segment.clone()));
        Ok(Some(segment))
    }

    fn proposal(
        &self,
        mut manifest: Manifest,
        correction: Option<NewSegment>,
        changed: Changed,
    ) -> Proposal {
        manifest
            .segments
            .extend(correction.iter().map(|segment| segment.entry.clone()));
        let segments = std::iter::once(self.joined.clone()).chain(correction);
        Proposal {
            segments: segments.collect(),
            manifest,
            changed,
        }
    }
}
