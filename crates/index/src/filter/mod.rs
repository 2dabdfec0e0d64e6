//! Which pictures a search is about: conditions on their attributes.
//!
//! A [`Filter`] is read from JSON or from the short form of a query string, and is always in one canonical
//! form: filters that say the same in another order, or by way of another `not`, are equal, hash equally
//! and print equally. What it says is only looked at, with the types that the attributes turn out to have,
//! when it meets an index: [`Snapshot::select`](crate::Snapshot::select).
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
//! A value is compared with values of its own type alone: a text is never equal to a number. A list
//! matches when any of its elements does. What negates, `ne` and `not`, takes whatever the opposite leaves:
//! pictures without the attribute too.

mod canonical;
mod error;
mod json;
mod operand;
mod text;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

pub use error::FilterError;
pub(crate) use operand::{Number, Operand};

/// Conditions of a filter at most.
pub const MOST_CLAUSES: usize = 64;
/// How deep `and`, `or` and `not` may be nested.
pub const MOST_DEPTH: usize = 8;
/// Values at most of which an attribute may have to be one.
pub const MOST_VALUES: usize = 256;

/// Conditions on the attributes of a picture, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter(Node);

/// What a filter is made of. Negation is pushed down to the conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    /// All of them; everything when there are none.
    All(Vec<Node>),
    /// Any of them; nothing when there are none.
    Any(Vec<Node>),
    Is(Condition),
}

/// A condition on one attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Condition {
    pub(crate) attribute: String,
    pub(crate) test: Test,
    pub(crate) negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Test {
    Exists,
    /// Ascending, each once.
    OneOf(Vec<Operand>),
    Range(Range),
}

/// Values between two bounds, of which there is at least one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Range {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bound {
    pub(crate) value: Operand,
    /// Whether the value itself is between.
    pub(crate) inclusive: bool,
}

impl Filter {
    /// Reads a filter from JSON:
    ///
    /// | JSON | matches |
    /// |---|---|
    /// | `{"category": "shoes"}` | equality; also with numbers, `true` and `false` |
    /// | `{"category": ["shoes", "hats"]}` | one of them |
    /// | `{"price": {"gte": 10, "lt": 50}}` | between: `lt`, `lte`, `gt`, `gte`; texts by code point |
    /// | `{"category": {"ne": "shoes"}}` | anything but that, or but those of a list |
    /// | `{"price": {"exists": true}}` | whatever has, or with `false` has not, the attribute |
    /// | `{"and": [..]}`, `{"or": [..]}`, `{"not": {..}}` | as they say; several members are an `and` |
    /// | `{}` | everything |
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and those about its size.
    pub fn from_json(filter: &Value) -> Result<Self, FilterError> {
        let mut clauses = Clauses::default();
        json::read(filter, &mut clauses).map(Self)
    }

    /// Reads a filter from its short form:
    ///
    /// | text | matches |
    /// |---|---|
    /// | `category=shoes` | equality |
    /// | `category=shoes,hats` | one of them |
    /// | `category!=shoes`, `category!=shoes,hats` | anything but that, or but those |
    /// | `price<50`, `price<=50`, `price>50`, `price>=50` | the range |
    /// | `price`, `!price` | whatever has, or has not, the attribute |
    ///
    /// A value is of the type that the attribute turns out to have: `size=42` is the text or the number.
    /// One in double quotes is a text, in which commas and spaces count, and `\"` and `\\` stand for
    /// quote and backslash. A text that begins with `{` is read as JSON.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and those about its size.
    pub fn from_text(filter: &str) -> Result<Self, FilterError> {
        Self::from_texts([filter])
    }

    /// Reads several short forms, all of which must match.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], and those about the size of all together.
    pub fn from_texts<'a>(filters: impl IntoIterator<Item = &'a str>) -> Result<Self, FilterError> {
        let mut clauses = Clauses::default();
        let all = filters
            .into_iter()
            .map(|filter| text::read(filter, &mut clauses));
        Ok(Self(Node::all(all.collect::<Result<_, _>>()?)))
    }

    /// The attributes that it asks for, ascending, each once.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let mut names = BTreeSet::new();
        self.0
            .for_each(&mut |condition| _ = names.insert(condition.attribute.as_str()));
        names.into_iter()
    }

    /// Whether it matches everything.
    pub fn is_everything(&self) -> bool {
        matches!(&self.0, Node::All(all) if all.is_empty())
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0
    }
}

impl Node {
    pub(crate) fn for_each<'a>(&'a self, act: &mut impl FnMut(&'a Condition)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.for_each(act)),
            Self::Is(condition) => act(condition),
        }
    }
}

/// How many conditions were read.
#[derive(Debug, Default)]
struct Clauses(usize);

impl Clauses {
    fn one_more(&mut self) -> Result<(), FilterError> {
        self.0 += 1;
        match self.0 > MOST_CLAUSES {
            true => Err(FilterError::TooManyClauses { most: MOST_CLAUSES }),
            false => Ok(()),
        }
    }
}

/// The canonical form: JSON in which equal filters are equal texts. Words of the short form, whose type is
/// not known yet, stand apart from texts.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_json().fmt(f)
    }
}

#[cfg(test)]
mod tests;
