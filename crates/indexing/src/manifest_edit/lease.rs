//! The lease in the manifest: the right to rebuild, for one writer at a time, until it ends.

use std::time::Duration;

use lookalike_index::{Changed, CompactionPolicy, Lease, Step};

use super::applied::{Applied, Refusal, Successor};
use crate::current::Current;

/// Gives the lease to `owner`, unless another writer holds it or has rebuilt in the meantime.
pub(super) fn take(
    owner: &str,
    duration: Duration,
    if_due: Option<CompactionPolicy>,
    current: &Current,
    now: u64,
) -> Applied {
    // The rows of the base are being copied, or are in a vector base.
    if current.manifest.vector_base.is_some() {
        return Applied::Refused(Refusal::RebuildNotDue);
    }
    match &current.manifest.lease {
        Some(lease) if lease.owner == owner => return Applied::Nothing,
        Some(lease) if lease.until > now => return Applied::Refused(Refusal::LeaseHeld),
        _ => {}
    }
    if if_due.is_some_and(|policy| !policy.rebuild_due(&current.view)) {
        return Applied::Refused(Refusal::RebuildNotDue);
    }
    let mut manifest = current.manifest.clone();
    manifest.lease = Some(Lease {
        owner: owner.to_owned(),
        until: now.saturating_add(duration.as_millis() as u64),
    });
    let changed = Changed::step(Step::RebuildBegun);
    Applied::Next(Successor::without_segments(manifest, changed))
}

/// Takes the lease away from `owner`; `None` if another writer has it, or no writer.
pub(super) fn release(owner: &str, current: &Current) -> Option<Successor> {
    if !is_held_by(owner, current) {
        return None;
    }
    let mut manifest = current.manifest.clone();
    manifest.lease = None;
    let changed = Changed::step(Step::RebuildGivenUp);
    Some(Successor::without_segments(manifest, changed))
}

/// True if `owner` has the lease, even if it ran out: then no other writer has taken it.
pub(super) fn is_held_by(owner: &str, current: &Current) -> bool {
    let lease = current.manifest.lease.as_ref();
    lease.is_some_and(|lease| lease.owner == owner)
}
