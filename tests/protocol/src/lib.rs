//! A model of how segments are published and removed, for a model checker.
//!
//! Each action is one call of a process to the bucket. Any process may stop between two of its actions for any time, in
//! which the others go on: this is what a frozen virtual machine does, a slow upload, and a clock that is wrong. The age
//! of a segment may be anything, so every segment that is not needed may be doomed at any moment. Only the promise to
//! readers has a time: [`Action::SafeAgePasses`].
//!
//! The actions have the names that `crates/indexing/src/publish.rs` and `garbage_collector.rs` give.

mod model;
mod set;
mod state;
mod steps;

pub use model::{Action, Defect, Protocol};
pub use set::Set;
pub use state::{Left, State};
