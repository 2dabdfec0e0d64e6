//! What can be wrong with a filter. Every kind names what was expected and what was found.

use std::borrow::Cow;

use crate::attributes::ValueTypes;

/// A filter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It is not written as filters are.
    #[error("the filter is malformed at {at}: expected {expected}, found {found}")]
    Malformed {
        /// Where: the members that lead there, or the short form itself.
        at: String,
        /// What could stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// It asks for an attribute that nothing has and nobody declared.
    #[error("attribute {attribute:?} is unknown: {}", known(declared))]
    UnknownAttribute {
        /// The attribute.
        attribute: String,
        /// Those that are declared.
        declared: Vec<String>,
    },
    /// It compares an attribute with a value of a type that the attribute never has.
    #[error("attribute {attribute:?} holds {holds}: it cannot be compared with {given}")]
    Type {
        /// The attribute.
        attribute: String,
        /// What its values are.
        holds: ValueTypes,
        /// What it was compared with, in words.
        given: String,
    },
    /// It has too many conditions.
    #[error(
        "the filter has more than {most} conditions: join those on one attribute into a list of values"
    )]
    TooManyClauses {
        /// Most that it may have.
        most: usize,
    },
    /// It is nested too deep.
    #[error("the filter is nested more than {most} deep")]
    TooDeep {
        /// How deep it may be.
        most: usize,
    },
    /// An attribute may have to be one of too many values.
    #[error("attribute {attribute:?} is compared with {found} values, more than {most}")]
    TooManyValues {
        /// The attribute.
        attribute: String,
        /// Most values that it may be compared with at a time.
        most: usize,
        /// How many there are.
        found: usize,
    },
}

fn known(declared: &[String]) -> String {
    match declared {
        [] => "no attribute is declared as filterable".to_owned(),
        some => format!("filterable are {}", some.join(", ")),
    }
}

/// A text as far as it fits into a message.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
