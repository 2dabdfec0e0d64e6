//! Attributes by column, for filters and counts.
//!
//! A segment stores the attributes of its rows as a dictionary of distinct JSON objects, its *entries*, and
//! the number of an entry for every row. Here each entry is parsed once, into a [`Column`] for every
//! attribute: distinct values in order, and the code of its value, or codes of its values, for every entry.
//! A condition on an attribute then becomes a range or a set of codes, and the rows that match it are looked up
//! by entry. That takes no additional stored data. It happens on first use, because the start of a function does not
//! need it.
//!
//! Values of several types may stand in one attribute. They are kept apart: each is equal only to values of
//! its own type, and in order booleans come first, then numbers, then texts. The elements of a list are separate values
//! of the row. `null`, objects and lists in lists are no values.

mod column;
mod column_builder;
mod entry_parser;
mod fast_entry_parser;
mod interner;
mod schema;
mod sorting;
mod table;
mod value_types;
mod values;

pub(crate) use column::Column;
pub use schema::AttributeInfo;
pub(crate) use schema::Schema;
pub(crate) use table::AttributeTable;
pub use value_types::ValueTypes;
pub(crate) use values::Value;

#[cfg(test)]
mod tests;
