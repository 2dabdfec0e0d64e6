//! A vector base: the rows of an index's base in an engine outside of this process, for catalogs that do not fit into
//! the memory of one function.
//!
//! The engine finds rows near a vector and knows nothing but equality of short texts. This module decides, without any
//! I/O, in which slot of the engine a row is, which [`Term`]s stand for its attributes, and which conjunctions of terms
//! cover a [`Filter`](crate::Filter). What the engine returns is joined with the deltas as one more
//! [`Segment`](crate::Segment), so that scores, filters and groups are those of any other search.

mod cover;
mod entry;
mod found;
mod layout;

pub use cover::{Cover, MAX_CONJUNCTIONS};
pub use entry::{BadBaseName, BaseName, VectorBaseEntry, WrittenDeltas};
pub use layout::{BANDS, Field, MAX_FIELDS, MAX_SLOTS, Term, VectorBaseLayout};
