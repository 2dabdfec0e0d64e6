//! What decides about the calls of a process.

use async_trait::async_trait;
use lookalike_core::error::{StoreError, StoreErrorKind};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Done,
    /// It fails before it is carried out.
    Refused(StoreErrorKind),
    /// It is carried out, and the answer is lost; of a call that only reads, the same as unavailable.
    Unanswered,
    /// It seems to fail, and is carried out when [`land`](super::MemoryCloud::land) says so: a packet that was on its way
    /// for long. A call that only reads never lands.
    Late,
}

/// Is asked about every call of a process. It may take its time: so long is the process frozen, or the network slow.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Returns what becomes of a call with this name, such as `get image`. `about` tells apart those that a process makes
    /// at once, in an order that the machine decides: it is the image key, or empty.
    async fn pass(&self, call: &'static str, about: &str) -> Fate;
}

pub(super) fn refused(call: &'static str, kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind, call, "injected fault")
}

pub(super) fn unanswered(call: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, call, "no answer came")
}
