//! Filters: conditions on the attributes of images.
//!
//! A [`Filter`] is parsed from JSON or from the short form of a query string, and is always in one
//! canonical form: filters that mean the same in another order, or with another `not`, are equal,
//! hash equally and print equally. Attributes and their types are checked when the filter is
//! applied to an index, by [`Snapshot::select`](crate::Snapshot::select).
//!
//! ```
//! use lookalike_index::Filter;
//! use serde_json::json;
//!
//! let filter = Filter::from_json(&json!({"category": ["shoes", "hats"], "price": {"lt": 50}}))?;
//! let other = json!({"and": [{"price": {"lt": 50}}, {"or": [{"category": "hats"}, {"category": "shoes"}]}]});
//! assert_eq!(filter, Filter::from_json(&other)?);
//! assert!(Filter::from_texts(["category=shoes,hats", "price<50"])?.attributes().eq(["category", "price"]));
//! # Ok::<(), lookalike_index::FilterError>(())
//! ```
//!
//! A value is compared only with values of its own type: a text is never equal to a number. A list
//! matches if any of its elements does. Negations, `ne` and `not`, match everything that the opposite does not,
//! including images without the attribute.

mod canonical;
mod error;
mod expr;
mod json;
mod limits;
mod operand;
mod text;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

pub use error::FilterError;
pub(crate) use expr::{Condition, Expr, Range, Test};
use limits::Clauses;
pub use limits::{MAX_CLAUSES, MAX_DEPTH, MAX_VALUES};
pub(crate) use operand::{Number, Operand};

/// Conditions on the attributes of an image, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter(Expr);

impl Filter {
    /// Parses a filter from JSON:
    ///
    /// | JSON | matches |
    /// |---|---|
    /// | `{"category": "shoes"}` | equality; also with numbers, `true` and `false` |
    /// | `{"category": ["shoes", "hats"]}` | one of them |
    /// | `{"price": {"gte": 10, "lt": 50}}` | between: `lt`, `lte`, `gt`, `gte`; texts by code point |
    /// | `{"category": {"ne": "shoes"}}` | anything else, also than those of a list |
    /// | `{"price": {"exists": true}}` | images with, or for `false` without, the attribute |
    /// | `{"and": [..]}`, `{"or": [..]}`, `{"not": {..}}` | as they say; several members are an `and` |
    /// | `{}` | everything |
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and the errors about its size.
    pub fn from_json(filter: &Value) -> Result<Self, FilterError> {
        let mut clauses = Clauses::default();
        json::read(filter, &mut clauses).map(Self)
    }

    /// Parses a filter from its short form:
    ///
    /// | text | matches |
    /// |---|---|
    /// | `category=shoes` | equality |
    /// | `category=shoes,hats` | one of them |
    /// | `category!=shoes`, `category!=shoes,hats` | anything else |
    /// | `price<50`, `price<=50`, `price>50`, `price>=50` | the range |
    /// | `price`, `!price` | images with, or without, the attribute |
    ///
    /// A value has the type that the attribute has in the index: `size=42` is the text or the number.
    /// One in double quotes is a text, in which commas and spaces count, and `\"` and `\\` stand for
    /// quote and backslash. A text that begins with `{` is parsed as JSON.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and the errors about its size.
    pub fn from_text(filter: &str) -> Result<Self, FilterError> {
        Self::from_texts([filter])
    }

    /// Parses several short forms, all of which must match.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and the errors about the size of all together.
    pub fn from_texts<'a>(filters: impl IntoIterator<Item = &'a str>) -> Result<Self, FilterError> {
        let mut clauses = Clauses::default();
        let all = filters
            .into_iter()
            .map(|filter| text::read(filter, &mut clauses));
        Ok(Self(Expr::all(all.collect::<Result<_, _>>()?)))
    }

    /// Returns the attributes that the filter names, ascending, each once.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let mut names = BTreeSet::new();
        self.0
            .for_each(&mut |condition| _ = names.insert(condition.attribute.as_str()));
        names.into_iter()
    }

    /// True if the filter matches everything.
    pub fn is_everything(&self) -> bool {
        matches!(&self.0, Expr::All(all) if all.is_empty())
    }

    pub(crate) fn expr(&self) -> &Expr {
        &self.0
    }
}

/// Prints the canonical form: JSON that is the same text for equal filters. Words of the short
/// form, whose type is not known yet, are marked.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_json().fmt(f)
    }
}

#[cfg(test)]
mod tests;
