//! Changes of the manifest, as data.
//!
//! An edit holds everything that it takes to apply it to any manifest, so after a lost race it is applied again to the
//! newer one. [`apply`] is synchronous and reads nothing: [`Publisher::commit`](crate::publish::Publisher::commit) reads
//! the manifest and the indexes before, and writes what comes out.

mod applied;
mod batch;
mod compaction;
mod deltas;
mod index_edit;
mod lease;
mod standby_edit;
mod vector_base_edit;

use std::sync::Arc;

use lookalike_index::{Changed, Fingerprint};

pub(crate) use applied::{Applied, Refusal, Successor};
pub(crate) use batch::Batch;
pub(crate) use deltas::{Deltas, encode_delta};
pub(crate) use index_edit::IndexEdit;
pub(crate) use standby_edit::{StandbyEdit, is_building};
pub(crate) use vector_base_edit::VectorBaseEdit;

use crate::current::{Current, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::new_segment::NewSegment;
use crate::vector_base_error::VectorBaseError;

/// A change of the manifest.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a commit has a few of these, and moves them once"
)]
pub(crate) enum ManifestEdit {
    /// Changes the index of an encoder. A commit has at most one such edit for each index.
    Index {
        encoder: EncoderIdentity,
        edit: IndexEdit,
        /// True if the edit is dropped when the manifest does not have that index any more; otherwise this fails the
        /// commit.
        may_be_gone: bool,
    },
    /// Changes which indexes there are.
    Standby(StandbyEdit),
}

impl ManifestEdit {
    /// Makes an edit of an index that must exist.
    pub(crate) fn index(encoder: &EncoderIdentity, edit: IndexEdit) -> Self {
        Self::Index {
            encoder: encoder.clone(),
            edit,
            may_be_gone: false,
        }
    }

    /// Returns the encoder of the index that the edit changes.
    pub(crate) fn encoder(&self) -> Option<&EncoderIdentity> {
        match self {
            Self::Index { encoder, .. } => Some(encoder),
            Self::Standby(_) => None,
        }
    }

    /// Returns the image keys whose rows the edit changes.
    pub(crate) fn keys(&self) -> Vec<String> {
        match self {
            Self::Index {
                edit: IndexEdit::WriteBatch(batch),
                ..
            } => batch.keys().cloned().collect(),
            Self::Index { .. } | Self::Standby(_) => Vec::new(),
        }
    }

    /// Returns the segment that was made before the edit is applied, if there is one, and its encoder.
    pub(crate) fn segment(&self) -> Option<(&NewSegment, Fingerprint)> {
        match self {
            Self::Index { edit, encoder, .. } => Some((edit.segment()?, encoder.fingerprint)),
            Self::Standby(_) => None,
        }
    }

    /// Puts another segment in the place of the one that [`segment`](Self::segment) returns.
    pub(crate) fn set_segment(&mut self, new: NewSegment) {
        if let Self::Index { edit, .. } = self {
            edit.set_segment(new);
        }
    }

    fn apply(
        &self,
        published: &Published,
        indexes: &[Arc<Current>],
        now: u64,
        deltas: &mut Deltas,
    ) -> Result<Applied, IndexingError> {
        let (encoder, edit, may_be_gone) = match self {
            Self::Standby(edit) => return Ok(edit.apply(published)),
            Self::Index {
                encoder,
                edit,
                may_be_gone,
            } => (encoder, edit, *may_be_gone),
        };
        let has_standby =
            (published.manifest.as_ref()).is_some_and(|m| !m.standby_indexes.is_empty());
        if let IndexEdit::VectorBase(VectorBaseEdit::Begin(_)) = edit
            && has_standby
        {
            return Ok(Applied::Refused(VectorBaseError::StandbyIndexes.into()));
        }
        match indexes.iter().find(|index| index.is_of(encoder)) {
            Some(current) if published.manifest.is_some() || !may_be_gone => {
                edit.apply(current, encoder, now, deltas)
            }
            _ if may_be_gone => Ok(Applied::Nothing),
            _ => Err(published.lacks(encoder).into()),
        }
    }
}

/// Applies all edits to a copy of the published manifest.
///
/// `indexes` are the edited indexes as that manifest has them; one that it does not have is left out. `now` is in
/// milliseconds since 1970. Deltas are taken from `deltas`, or encoded and kept there. If one edit is refused, none is
/// applied.
///
/// # Errors
/// [`IndexingError`] if an index is gone that must exist, or if a delta cannot be encoded.
pub(crate) fn apply(
    edits: &[ManifestEdit],
    published: &Published,
    indexes: &[Arc<Current>],
    now: u64,
    deltas: &mut Deltas,
) -> Result<Applied, IndexingError> {
    let mut segments = Vec::new();
    let mut next = published.manifest.clone();
    let mut changed: Option<Changed> = None;
    for edit in edits {
        let successor = match edit.apply(published, indexes, now, deltas)? {
            Applied::Next(successor) => successor,
            Applied::Nothing => continue,
            Applied::Refused(refusal) => return Ok(Applied::Refused(refusal)),
        };
        segments.extend(successor.segments);
        let standby = edit
            .encoder()
            .and_then(|encoder| published.role_of(encoder));
        // The history is about the searched index; about another one only if the searched one does not change.
        if standby.is_none() || changed.is_none() {
            changed = Some(Changed {
                standby: standby.or(successor.changed.standby),
                ..successor.changed
            });
        }
        next = Some(match (edit, next) {
            (ManifestEdit::Index { .. }, Some(whole)) => {
                whole.with_index(successor.manifest).unwrap_or(whole)
            }
            (ManifestEdit::Index { .. }, None) | (ManifestEdit::Standby(_), _) => {
                successor.manifest
            }
        });
    }
    Ok(match next.zip(changed) {
        None => Applied::Nothing,
        Some((manifest, changed)) => Applied::Next(Successor {
            segments,
            manifest,
            changed,
        }),
    })
}

#[cfg(test)]
mod tests;
