//! Types of columns: read from what a column shows as a whole.

mod census;
mod currency;
mod date;
mod identifiers;
mod marks;
mod number;
mod reading;
mod report;

pub(crate) use census::Census;
pub(crate) use reading::{Cell, ColumnReading, Role};
pub(crate) use report::Report;
pub use report::{ColumnReport, ColumnType, DoubtfulCells};
