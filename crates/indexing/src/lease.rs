//! The right to rebuild: one at a time, until it ends.

use std::time::Duration;

use lookalike_core::time::{Deadline, now_milliseconds};
use lookalike_index::{Changed, Lease, Step};
use tracing::warn;

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::indexer::Indexer;
use crate::proposal::Proposal;
use crate::report::IndexingError;

/// A lease lasts so many times as long as the rebuild is estimated to take.
pub(crate) const LEASE_FACTOR: u32 = 2;

/// When to rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    IfDue,
    Anyway,
}

/// The answer to asking for the lease.
pub(crate) enum Leasing {
    Taken,
    HeldByAnother,
    Needless,
}

impl Indexer {
    /// Takes the lease, unless somebody else holds it or has rebuilt in the meantime.
    pub(crate) async fn take_lease(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        need: Need,
        estimate: Duration,
        deadline: Deadline,
    ) -> Result<Leasing, IndexingError> {
        let mut leasing = Leasing::HeldByAnother;
        let policy = self.settings.policy;
        self.publisher
            .publish(encoder, deadline, |current, _| {
                let now = now_milliseconds();
                let held = current.manifest.lease.as_ref();
                leasing = match held {
                    Some(lease) if lease.owner == owner => Leasing::Taken,
                    Some(lease) if lease.until > now => Leasing::HeldByAnother,
                    // Somebody else may just have done it.
                    _ if need == Need::IfDue && !policy.rebuild_due(&current.view) => {
                        Leasing::Needless
                    }
                    _ => {
                        leasing = Leasing::Taken;
                        return Ok(Some(with_lease(current, owner, now, estimate)));
                    }
                };
                Ok(None)
            })
            .await?;
        Ok(leasing)
    }

    /// Gives a lease back after a failure. Where that fails too, the lease ends by itself.
    pub(crate) async fn drop_lease(
        &self,
        encoder: &EncoderIdentity,
        owner: &str,
        deadline: Deadline,
    ) {
        let dropped = self
            .publisher
            .publish(encoder, deadline, |current, _| {
                let lease = current.manifest.lease.as_ref();
                if lease.is_none_or(|lease| lease.owner != owner) {
                    return Ok(None);
                }
                let mut manifest = current.manifest.clone();
                manifest.lease = None;
                let changed = Changed::step(Step::RebuildGivenUp);
                Ok(Some(Proposal::of_manifest(manifest, changed)))
            })
            .await;
        if let Err(error) = dropped {
            warn!(%error, "the lease could not be given back");
        }
    }
}

fn with_lease(current: &Current, owner: &str, now: u64, estimate: Duration) -> Proposal {
    let mut manifest = current.manifest.clone();
    manifest.lease = Some(Lease {
        owner: owner.to_owned(),
        until: now.saturating_add((LEASE_FACTOR * estimate).as_millis() as u64),
    });
    Proposal::of_manifest(manifest, Changed::step(Step::RebuildBegun))
}
