//! Replacing segments by one that was made of them, while the index went on changing.

use std::collections::HashSet;
use std::ops::Range;

use lookalike_index::{
    BaseName, Changed, Manifest, SegmentContent, SegmentId, Step, deleted_meanwhile,
};

use super::applied::Successor;
use super::deltas::Deltas;
use super::lease;
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::new_segment::NewSegment;

/// Puts `merged` in the place of `replaced`. `None` if these are not there any more, because another writer merged them
/// first or the base was rebuilt; or if the index went back to a generation in which rows are live that were not when
/// `merged` was made.
pub(super) fn merge(
    merged: &NewSegment,
    replaced: &[SegmentId],
    current: &Current,
    encoder: &EncoderIdentity,
    deltas: &mut Deltas,
) -> Result<Option<Successor>, IndexingError> {
    let mut manifest = current.manifest.clone();
    let segments = &mut manifest.segments;
    let first = segments
        .iter()
        .position(|e| Some(&e.id) == replaced.first());
    let Some(first) = first else { return Ok(None) };
    let end = first + replaced.len();
    let run = segments.get(first..end).into_iter().flatten();
    if !run.map(|entry| &entry.id).eq(replaced) {
        return Ok(None);
    }
    if lacks_live_rows(merged, first..end, current) {
        return Ok(None);
    }
    segments.splice(first..end, [merged.entry.clone()]);
    let changed = Changed {
        merged: replaced.len() as u64,
        ..Changed::default()
    };
    let correction = correction(merged, replaced, current, encoder, deltas)?;
    Ok(Some(successor(manifest, merged, correction, changed)))
}

/// True if rows of these segments are live that `merged` does not have.
fn lacks_live_rows(merged: &NewSegment, replaced: Range<usize>, current: &Current) -> bool {
    let keys: HashSet<&str> = (0..merged.entry.rows)
        .map(|row| merged.meta.key(row))
        .collect();
    let live = current.view.addresses();
    live.filter(|at| replaced.contains(&at.segment))
        .any(|at| !keys.contains(current.view.meta(at).key(at.row)))
}

/// Puts `base` in front of the segments that were added since. `None` if `owner` lost the lease to another writer.
pub(super) fn replace_base(
    base: &NewSegment,
    replaced: &[SegmentId],
    owner: &str,
    current: &Current,
    encoder: &EncoderIdentity,
    deltas: &mut Deltas,
) -> Result<Option<Successor>, IndexingError> {
    if !lease::is_held_by(owner, current) || current.manifest.vector_base.is_some() {
        return Ok(None);
    }
    let mut manifest = current.manifest.clone();
    manifest.lease = None;
    let segments = &mut manifest.segments;
    segments.retain(|entry| !replaced.contains(&entry.id));
    segments.insert(0, base.entry.clone());
    let changed = Changed {
        rebuilt: u64::from(base.entry.rows),
        ..Changed::default()
    };
    let correction = correction(base, replaced, current, encoder, deltas)?;
    Ok(Some(successor(manifest, base, correction, changed)))
}

/// Puts `base`, which has the rows of a vector base and of the deltas `replaced`, in their place. `None` if `owner` lost
/// the lease, or the index has another vector base.
pub(super) fn replace_vector_base(
    (base, name): (&NewSegment, &BaseName),
    replaced: &[SegmentId],
    owner: &str,
    current: &Current,
    encoder: &EncoderIdentity,
    deltas: &mut Deltas,
) -> Result<Option<Successor>, IndexingError> {
    let is_serving = current
        .manifest
        .serving_base()
        .is_some_and(|entry| entry.name == *name);
    if !lease::is_held_by(owner, current) || !is_serving {
        return Ok(None);
    }
    let mut manifest = current.manifest.clone();
    manifest.lease = None;
    manifest.vector_base = None;
    let segments = &mut manifest.segments;
    segments.retain(|entry| !replaced.contains(&entry.id));
    segments.insert(0, base.entry.clone());
    let rows = superseded(base, replaced, current);
    let correction = match rows.is_empty() {
        true => None,
        false => {
            let content = SegmentContent {
                deleted: [(base.entry.id, rows)].into(),
                ..SegmentContent::default()
            };
            Some(deltas.delta(content, encoder)?)
        }
    };
    let changed = Changed {
        rebuilt: u64::from(base.entry.rows),
        step: Some(Step::VectorBaseGivenUp),
        ..Changed::default()
    };
    Ok(Some(successor(manifest, base, correction, changed)))
}

/// Returns the rows of `base` whose keys have newer rows or tombstones in deltas that it does not replace. Those of a
/// vector base were superseded by key alone, so no delta marks them.
fn superseded(base: &NewSegment, replaced: &[SegmentId], current: &Current) -> Vec<u32> {
    let is_newer = |id: SegmentId| !replaced.contains(&id);
    let newer = current
        .view
        .segments()
        .iter()
        .filter(|segment| is_newer(segment.id()));
    let tombstones: HashSet<&str> = newer.flat_map(|segment| segment.tombstones()).collect();
    let is_superseded = |row: &u32| {
        let key = base.meta.key(*row);
        match current.view.locate(key) {
            Some(at) => is_newer(current.view.meta(at).id()),
            None => tombstones.contains(key),
        }
    };
    (0..base.entry.rows).filter(is_superseded).collect()
}

/// Returns a delta that marks the rows of `joined` that were deleted while it was made, and says which of them are
/// gone; `None` if there are no such rows.
fn correction(
    joined: &NewSegment,
    replaced: &[SegmentId],
    current: &Current,
    encoder: &EncoderIdentity,
    deltas: &mut Deltas,
) -> Result<Option<NewSegment>, IndexingError> {
    let rows = deleted_meanwhile(&joined.meta, &current.view, replaced);
    if rows.is_empty() {
        return Ok(None);
    }
    // The tombstone of a key may be in a segment that is replaced too.
    let tombstones = rows
        .iter()
        .map(|row| joined.meta.key(*row))
        .filter(|key| current.view.locate(key).is_none())
        .map(str::to_owned)
        .collect();
    let content = SegmentContent {
        tombstones,
        deleted: [(joined.entry.id, rows)].into(),
        ..SegmentContent::default()
    };
    deltas.delta(content, encoder).map(Some)
}

fn successor(
    mut manifest: Manifest,
    joined: &NewSegment,
    correction: Option<NewSegment>,
    changed: Changed,
) -> Successor {
    let entries = correction.iter().map(|segment| segment.entry.clone());
    manifest.segments.extend(entries);
    Successor {
        segments: std::iter::once(joined.clone()).chain(correction).collect(),
        manifest,
        changed,
    }
}
