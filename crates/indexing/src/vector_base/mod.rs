//! Indexes with a vector base: what a batch touches, draining deltas into the base, filling it with images that the
//! index lacks, and changing to one and back.

mod backfill;
mod count;
mod drain;
mod layout;
mod migration;
mod overlay;
mod parts;
mod recall;
mod to_segments;

pub use self::migration::{BaseComparison, BaseMigration, RECALL_FLOOR, VectorBaseState};
pub(crate) use self::overlay::Touched;
