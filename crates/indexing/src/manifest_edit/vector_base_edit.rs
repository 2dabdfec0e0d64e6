//! Edits of the vector base of an index.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lookalike_index::{
    BaseName, Changed, Lease, LiveRows, Manifest, SegmentContent, SegmentEntry, SegmentId,
    SegmentMeta, Step, VectorBaseEntry, WrittenDeltas,
};

use super::applied::{Applied, Refusal, Successor};
use super::deltas::Deltas;
use super::lease;
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::vector_base_error::VectorBaseError;

/// A change of the vector base of an index.
#[derive(Debug, Clone)]
pub(crate) enum VectorBaseEdit {
    /// Adds a vector base that is filled from the base segment.
    Begin(Box<VectorBaseEntry>),
    /// Puts the vector base in the place of the base segment that it was filled from.
    Serve {
        name: BaseName,
        filled_from: SegmentId,
    },
    /// Drops the vector base of this name. If it served, the base segment that it replaced, which is `base`, takes its
    /// place again.
    GiveUp {
        name: BaseName,
        base: Option<Arc<SegmentMeta>>,
    },
    /// Gives up the base segment that the vector base replaced.
    Finish { name: BaseName },
    /// Takes the lease, so that nothing is drained.
    Lease {
        name: BaseName,
        owner: String,
        duration: Duration,
    },
    /// Takes the lease and the next writer number, to write these deltas, the oldest of the index.
    BeginDrain {
        name: BaseName,
        owner: String,
        duration: Duration,
        deltas: Vec<SegmentId>,
        /// Fields of which a row to be written has a list.
        lists: BTreeSet<usize>,
    },
    /// Notes that these deltas were written, and ends the lease of `owner`.
    NoteWritten {
        name: BaseName,
        owner: String,
        deltas: Vec<SegmentId>,
    },
    /// Notes that rows with lists in these fields are about to be written.
    NoteLists {
        name: BaseName,
        lists: BTreeSet<usize>,
    },
    /// Corrects the number of images: so many were counted when the manifest of `generation` named `named`.
    Recount {
        name: BaseName,
        generation: u64,
        named: u64,
        counted: u64,
    },
    /// Drops these deltas, which were written.
    DropWritten {
        name: BaseName,
        deltas: Vec<SegmentId>,
    },
}

impl VectorBaseEdit {
    pub(super) fn apply(
        &self,
        current: &Current,
        encoder: &EncoderIdentity,
        now: u64,
        deltas: &mut Deltas,
    ) -> Result<Applied, IndexingError> {
        let manifest = &current.manifest;
        let next = match self {
            Self::Begin(entry) => begin(entry, manifest, now),
            Self::Serve { name, filled_from } => serve(name, *filled_from, current),
            Self::GiveUp { name, base } => {
                return give_up(name, base.as_ref(), current, encoder, deltas);
            }
            Self::Finish { name } => finish(name, manifest),
            Self::Lease {
                name,
                owner,
                duration,
            } => take_lease(name, (owner, *duration), manifest, now),
            Self::BeginDrain {
                name,
                owner,
                duration,
                deltas,
                lists,
            } => begin_drain(name, (owner, *duration), deltas, lists, manifest, now),
            Self::NoteWritten {
                name,
                owner,
                deltas,
            } => note_written(name, owner, deltas, current, now),
            Self::NoteLists { name, lists } => note_lists(name, lists, manifest),
            Self::Recount {
                name,
                generation,
                named,
                counted,
            } => recount(name, *generation, (*named, *counted), manifest),
            Self::DropWritten { name, deltas } => Ok(drop_written(name, deltas, manifest)),
        };
        Ok(match next {
            Ok(Some((manifest, step))) => {
                let changed = Changed::step(step);
                Applied::Next(Successor::without_segments(manifest, changed))
            }
            Ok(None) => Applied::Nothing,
            Err(refusal) => Applied::Refused(refusal),
        })
    }
}

/// The manifest that follows and its step; `None` if the manifest is so already.
type Edited = Result<Option<(Manifest, Step)>, Refusal>;

impl From<VectorBaseError> for Refusal {
    fn from(error: VectorBaseError) -> Self {
        Self::VectorBase(error)
    }
}

fn begin(entry: &VectorBaseEntry, manifest: &Manifest, now: u64) -> Edited {
    match &manifest.vector_base {
        Some(known) if known.name == entry.name => return Ok(None),
        Some(_) => return Err(VectorBaseError::Exists.into()),
        None => {}
    }
    if manifest.base_segment().is_none() {
        return Err(VectorBaseError::NoBaseSegment.into());
    }
    if manifest
        .lease
        .as_ref()
        .is_some_and(|lease| lease.until > now)
    {
        return Err(Refusal::LeaseHeld);
    }
    let vector_base = Some(entry.clone());
    let next = Manifest {
        vector_base,
        // One that ran out may be of a process that sleeps, whose base must not come beside this one.
        lease: None,
        ..manifest.clone()
    };
    Ok(Some((next, Step::VectorBaseBegun)))
}

fn serve(name: &BaseName, filled_from: SegmentId, current: &Current) -> Edited {
    let mut next = current.manifest.clone();
    let base = next.base_segment().cloned();
    let entry = own(&mut next, name)?;
    if entry.is_serving {
        return Ok(None);
    }
    let Some(base) = base.filter(|base| base.id == filled_from) else {
        return Err(VectorBaseError::BaseSegmentChanged.into());
    };
    entry.is_serving = true;
    entry.images = current.view.images();
    entry.match_thresholds = base.match_thresholds;
    entry.replaced = Some(base);
    next.segments.retain(|segment| segment.id != filled_from);
    Ok(Some((next, Step::VectorBaseSwitched)))
}

/// Takes the base segment back. Deltas that were published meanwhile mark none of its rows, since they found theirs in
/// the vector base; so one more delta does.
fn give_up(
    name: &BaseName,
    base: Option<&Arc<SegmentMeta>>,
    current: &Current,
    encoder: &EncoderIdentity,
    deltas: &mut Deltas,
) -> Result<Applied, IndexingError> {
    let mut manifest = current.manifest.clone();
    let Some(entry) = manifest.vector_base.take_if(|entry| entry.name == *name) else {
        return Ok(Applied::Nothing);
    };
    let mut segments = Vec::new();
    if entry.is_serving {
        let known = entry
            .replaced
            .filter(|e| base.is_some_and(|base| base.id() == e.id));
        let (Some(replaced), Some(base)) = (known, base) else {
            return Ok(Applied::Refused(VectorBaseError::Finished.into()));
        };
        let deltas_of = current.view.segments().iter();
        let keys: Vec<&str> = deltas_of
            .flat_map(|delta| {
                let rows = (0..delta.rows()).map(|row| delta.key(row));
                rows.chain(delta.tombstones())
            })
            .collect();
        let base_alone = LiveRows::new(vec![Arc::clone(base)]);
        let content = SegmentContent {
            deleted: base_alone.deleted_by(keys.into_iter()),
            ..SegmentContent::default()
        };
        manifest.segments.insert(0, replaced);
        if !content.is_empty() {
            let marks = deltas.delta(content, encoder)?;
            manifest.segments.push(marks.entry.clone());
            segments.push(marks);
        }
    }
    Ok(Applied::Next(Successor {
        segments,
        manifest,
        changed: Changed::step(Step::VectorBaseGivenUp),
    }))
}

fn finish(name: &BaseName, manifest: &Manifest) -> Edited {
    let mut next = manifest.clone();
    let entry = own(&mut next, name)?;
    if !entry.is_serving {
        return Err(VectorBaseError::NotServing.into());
    }
    let finished = entry.replaced.take();
    Ok(finished.map(|_| (next, Step::VectorBaseFinished)))
}

fn take_lease(
    name: &BaseName,
    (owner, duration): (&str, Duration),
    manifest: &Manifest,
    now: u64,
) -> Edited {
    if has_lease(owner, manifest, now)? {
        return Ok(None);
    }
    let mut next = manifest.clone();
    own(&mut next, name)?;
    next.lease = Some(lease_of(owner, duration, now));
    Ok(Some((next, Step::RebuildBegun)))
}

/// True if `owner` has the lease already. Refuses if another process has it.
fn has_lease(owner: &str, manifest: &Manifest, now: u64) -> Result<bool, Refusal> {
    match &manifest.lease {
        Some(lease) if lease.owner == owner => Ok(true),
        Some(lease) if lease.until > now => Err(Refusal::LeaseHeld),
        _ => Ok(false),
    }
}

fn lease_of(owner: &str, duration: Duration, now: u64) -> Lease {
    Lease {
        owner: owner.to_owned(),
        until: now.saturating_add(duration.as_millis() as u64),
    }
}

fn begin_drain(
    name: &BaseName,
    (owner, duration): (&str, Duration),
    deltas: &[SegmentId],
    lists: &BTreeSet<usize>,
    manifest: &Manifest,
    now: u64,
) -> Edited {
    if has_lease(owner, manifest, now)? {
        return Ok(None);
    }
    let mut next = manifest.clone();
    let are_oldest = starts_with(&next.segments, deltas);
    let serving = own(&mut next, name)
        .ok()
        .filter(|entry| entry.is_serving && entry.replaced.is_none());
    let Some(entry) = serving.filter(|entry| entry.written.is_none() && are_oldest) else {
        return Err(Refusal::RebuildNotDue);
    };
    entry.writer += 1;
    entry.lists.extend(lists);
    next.lease = Some(lease_of(owner, duration, now));
    Ok(Some((next, Step::Drained)))
}

fn note_written(
    name: &BaseName,
    owner: &str,
    deltas: &[SegmentId],
    current: &Current,
    now: u64,
) -> Edited {
    let mut next = current.manifest.clone();
    let are_oldest = starts_with(&next.segments, deltas);
    let entry = own(&mut next, name)?;
    if !lease::is_held_by(owner, current) {
        let are_noted = entry.written.as_ref().is_some_and(|w| w.segments == deltas);
        return match are_noted {
            true => Ok(None),
            false => Err(Refusal::LeaseHeld),
        };
    }
    if !are_oldest {
        return Err(Refusal::RebuildNotDue);
    }
    entry.written = Some(WrittenDeltas {
        segments: deltas.to_vec(),
        at: now,
    });
    next.lease = None;
    Ok(Some((next, Step::Drained)))
}

fn note_lists(name: &BaseName, lists: &BTreeSet<usize>, manifest: &Manifest) -> Edited {
    let mut next = manifest.clone();
    let entry = own(&mut next, name)?;
    if lists.is_subset(&entry.lists) {
        return Ok(None);
    }
    entry.lists.extend(lists);
    Ok(Some((next, Step::VectorBaseFilled)))
}

/// What was published since the count stays counted.
fn recount(
    name: &BaseName,
    generation: u64,
    (named, counted): (u64, u64),
    manifest: &Manifest,
) -> Edited {
    let mut next = manifest.clone();
    let entry = own(&mut next, name)?;
    // Corrected since the count began, perhaps by this very write.
    if named == counted
        || entry
            .counted
            .is_some_and(|corrected| corrected > generation)
    {
        return Ok(None);
    }
    entry.images = (entry.images + counted).saturating_sub(named);
    entry.counted = Some(manifest.generation + 1);
    Ok(Some((next, Step::VectorBaseFilled)))
}

fn drop_written(
    name: &BaseName,
    deltas: &[SegmentId],
    manifest: &Manifest,
) -> Option<(Manifest, Step)> {
    let mut next = manifest.clone();
    let are_oldest = starts_with(&next.segments, deltas);
    let entry = own(&mut next, name).ok()?;
    let written = entry
        .written
        .take_if(|written| written.segments == deltas)?;
    if are_oldest {
        next.segments
            .retain(|entry| !written.segments.contains(&entry.id));
    }
    Some((next, Step::Drained))
}

fn starts_with(segments: &[SegmentEntry], deltas: &[SegmentId]) -> bool {
    let ids = segments.iter().map(|entry| &entry.id);
    deltas.len() <= segments.len() && ids.take(deltas.len()).eq(deltas)
}

fn own<'a>(
    manifest: &'a mut Manifest,
    name: &BaseName,
) -> Result<&'a mut VectorBaseEntry, Refusal> {
    let entry = manifest.vector_base.as_mut();
    let own = entry.filter(|entry| entry.name == *name);
    own.ok_or_else(|| VectorBaseError::Missing.into())
}
