//! What should follow a manifest: a change of one index as if it were alone, or of all of them.

use async_trait::async_trait;
use lookalike_index::{Changed, IndexError, Manifest, Role};

use crate::current::{Current, IndexReader, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::new_segment::NewSegment;
use crate::report::IndexingError;

/// What should follow the current manifest, of one index as if it were alone, or of all. Its generation
/// is set when it is published.
#[derive(Debug, Clone)]
pub(crate) struct Proposal {
    pub(crate) segments: Vec<NewSegment>,
    pub(crate) manifest: Manifest,
    /// Its entry in the history.
    pub(crate) changed: Changed,
}

impl Proposal {
    /// A change of the manifest that writes no segment.
    pub(crate) fn of_manifest(manifest: Manifest, changed: Changed) -> Self {
        Self {
            segments: Vec::new(),
            manifest,
            changed,
        }
    }
}

/// Proposes what should follow the current state of one index, or nothing.
type Proposing<'a> =
    Box<dyn FnMut(&Current, Reuse) -> Result<Option<Proposal>, IndexingError> + Send + 'a>;

/// A change of one index.
pub(crate) struct Change<'a> {
    encoder: &'a EncoderIdentity,
    propose: Proposing<'a>,
    /// True if the index may be gone by now, and the change with it.
    may_be_gone: bool,
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        encoder: &'a EncoderIdentity,
        propose: impl FnMut(&Current, Reuse) -> Result<Option<Proposal>, IndexingError> + Send + 'a,
    ) -> Self {
        Self {
            encoder,
            propose: Box::new(propose),
            may_be_gone: false,
        }
    }

    /// Makes the change apply only if its index is still there.
    pub(crate) fn if_there(mut self) -> Self {
        self.may_be_gone = true;
        self
    }
}

/// Proposes what should follow the whole manifest, or nothing.
#[async_trait]
pub(crate) trait Proposer: Send {
    async fn propose(
        &mut self,
        published: &Published,
        reuse: Reuse,
    ) -> Result<Option<Proposal>, IndexingError>;
}

/// Proposes a manifest without writing segments or waiting for anything.
pub(crate) struct Rewriting<F>(pub(crate) F);

#[async_trait]
impl<F: FnMut(&Published) -> Option<Proposal> + Send> Proposer for Rewriting<F> {
    async fn propose(
        &mut self,
        published: &Published,
        _: Reuse,
    ) -> Result<Option<Proposal>, IndexingError> {
        Ok((self.0)(published))
    }
}

/// The proposals of several changes, as one manifest.
pub(crate) struct Together<'c, 'a> {
    pub(crate) reader: &'c IndexReader,
    pub(crate) changes: &'c mut [Change<'a>],
}

#[async_trait]
impl Proposer for Together<'_, '_> {
    async fn propose(
        &mut self,
        published: &Published,
        reuse: Reuse,
    ) -> Result<Option<Proposal>, IndexingError> {
        let mut segments = Vec::new();
        let mut next = published.manifest.clone();
        let mut changed: Option<Changed> = None;
        for change in self.changes.iter_mut() {
            if change.may_be_gone && published.manifest.is_none() {
                continue;
            }
            let current = match self.reader.index(published, change.encoder).await {
                Err(IndexingError::Index(IndexError::Fingerprint { .. })) if change.may_be_gone => {
                    continue;
                }
                current => current?,
            };
            let Some(proposal) = (change.propose)(&current, reuse)? else {
                continue;
            };
            let side = side_of(published, change.encoder);
            // The searched index is what the history is about; another one only where that says nothing.
            if side.is_none() || changed.is_none() {
                changed = Some(Changed {
                    standby: side,
                    ..proposal.changed
                });
            }
            segments.extend(proposal.segments);
            next = match next {
                None => Some(proposal.manifest),
                Some(whole) => whole.with_index(proposal.manifest).or(Some(whole)),
            };
        }
        let proposed = next.zip(changed);
        Ok(proposed.map(|(manifest, changed)| Proposal {
            segments,
            manifest,
            changed,
        }))
    }
}

/// Returns the role of that encoder's index, when another one is searched.
fn side_of(published: &Published, encoder: &EncoderIdentity) -> Option<Role> {
    let mut sides = published.manifest.as_ref()?.standby_indexes.iter();
    let side = sides.find(|side| side.fingerprint == encoder.fingerprint)?;
    Some(side.role)
}

/// True if a segment that was proposed before may be proposed again. Once its manifest may have been
/// written, it may have been part of the index and replaced: others marked its rows, or removed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    Allowed,
    Forbidden,
}
