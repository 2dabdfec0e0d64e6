//! The result of applying edits to a manifest.

use lookalike_index::{Changed, Manifest};

use crate::migration_error::MigrationError;
use crate::new_segment::NewSegment;
use crate::vector_base_error::VectorBaseError;

/// The result of applying edits.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a commit has a few of these, and moves them once"
)]
pub(crate) enum Applied {
    /// The manifest already is as the edits would make it, or they no longer concern it.
    Nothing,
    /// An edit must not be applied to this manifest.
    Refused(Refusal),
    /// The manifest changes.
    Next(Successor),
}

/// The manifest that follows: of one index as if it were alone, or of all. Its generation is set when it is published.
#[derive(Debug)]
pub(crate) struct Successor {
    /// Segments that must be stored before the manifest, which names them.
    pub(crate) segments: Vec<NewSegment>,
    pub(crate) manifest: Manifest,
    /// Its entry in the history.
    pub(crate) changed: Changed,
}

/// The reason why an edit must not be applied to a manifest.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Another writer holds the lease.
    LeaseHeld,
    /// The base needs no rebuild: another writer may just have rebuilt it.
    RebuildNotDue,
    /// The indexes were compared in another generation.
    ComparisonOutdated,
    /// There is an index that the edits were not made for.
    IndexAdded,
    /// The change of the base has no such step from here.
    VectorBase(VectorBaseError),
    /// The encoder migration has no such step from here.
    Migration(MigrationError),
}

impl Successor {
    /// A change of the manifest that writes no segment.
    pub(crate) fn without_segments(manifest: Manifest, changed: Changed) -> Self {
        Self {
            segments: Vec::new(),
            manifest,
            changed,
        }
    }
}

impl From<Option<Successor>> for Applied {
    fn from(successor: Option<Successor>) -> Self {
        successor.map_or(Self::Nothing, Self::Next)
    }
}
