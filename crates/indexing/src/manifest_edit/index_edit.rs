//! Changes of one index.

use std::time::Duration;

use lookalike_index::{BaseName, CompactionPolicy, SegmentId};

use super::applied::Applied;
use super::batch::Batch;
use super::deltas::Deltas;
use super::vector_base_edit::VectorBaseEdit;
use super::{compaction, lease};
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::new_segment::NewSegment;

/// A change of one index.
#[derive(Debug, Clone)]
pub(crate) enum IndexEdit {
    /// Adds a delta with the part of a batch that the index does not have yet.
    WriteBatch(Batch),
    /// Puts `merged`, which has the rows of neighboring deltas, in their place.
    MergeDeltas {
        merged: NewSegment,
        replaced: Vec<SegmentId>,
    },
    /// Puts `base` in front of all segments that it does not replace, and ends the lease of `owner`.
    ReplaceBase {
        base: NewSegment,
        replaced: Vec<SegmentId>,
        owner: String,
        /// The vector base that it takes the place of.
        vector_base: Option<BaseName>,
    },
    /// Takes the lease.
    TakeLease {
        owner: String,
        duration: Duration,
        /// Takes it only if this policy says that the base needs a rebuild.
        if_due: Option<CompactionPolicy>,
    },
    /// Gives the lease of `owner` back.
    ReleaseLease { owner: String },
    /// Changes the vector base.
    VectorBase(VectorBaseEdit),
}

impl IndexEdit {
    pub(super) fn segment(&self) -> Option<&NewSegment> {
        match self {
            Self::MergeDeltas { merged: new, .. } | Self::ReplaceBase { base: new, .. } => {
                Some(new)
            }
            Self::WriteBatch(_)
            | Self::TakeLease { .. }
            | Self::ReleaseLease { .. }
            | Self::VectorBase(_) => None,
        }
    }

    pub(super) fn set_segment(&mut self, segment: NewSegment) {
        match self {
            Self::MergeDeltas { merged: old, .. } | Self::ReplaceBase { base: old, .. } => {
                *old = segment;
            }
            Self::WriteBatch(_)
            | Self::TakeLease { .. }
            | Self::ReleaseLease { .. }
            | Self::VectorBase(_) => {}
        }
    }

    pub(super) fn apply(
        &self,
        current: &Current,
        encoder: &EncoderIdentity,
        now: u64,
        deltas: &mut Deltas,
    ) -> Result<Applied, IndexingError> {
        Ok(match self {
            Self::WriteBatch(batch) => batch.apply(current, encoder, deltas)?.into(),
            Self::MergeDeltas { merged, replaced } => {
                compaction::merge(merged, replaced, current, encoder, deltas)?.into()
            }
            Self::ReplaceBase {
                base,
                replaced,
                owner,
                vector_base: None,
            } => compaction::replace_base(base, replaced, owner, current, encoder, deltas)?.into(),
            Self::ReplaceBase {
                base,
                replaced,
                owner,
                vector_base: Some(name),
            } => compaction::replace_vector_base(
                (base, name),
                replaced,
                owner,
                current,
                encoder,
                deltas,
            )?
            .into(),
            Self::TakeLease {
                owner,
                duration,
                if_due,
            } => lease::take(owner, *duration, *if_due, current, now),
            Self::ReleaseLease { owner } => lease::release(owner, current).into(),
            Self::VectorBase(edit) => edit.apply(current, encoder, now, deltas)?,
        })
    }
}
