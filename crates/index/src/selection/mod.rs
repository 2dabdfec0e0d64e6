//! Selections: the rows of a snapshot that match a filter.

mod recent;
mod rows;
mod select;

pub(crate) use recent::RecentSelections;
pub(crate) use rows::SelectedRows;
pub use rows::Selection;
