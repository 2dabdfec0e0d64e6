//! Errors of filters. Each names what was expected and what was found.

use std::borrow::Cow;

use crate::columns::ValueTypes;

/// An error of a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The filter has a syntax error.
    #[error("the filter is malformed at {at}: expected {expected}, found {found}")]
    Malformed {
        /// Position: the JSON members that lead there, or the short form itself.
        at: String,
        /// The expected part.
        expected: String,
        /// The part found instead.
        found: String,
    },
    /// The filter names an attribute that no image has and that is not declared.
    #[error("attribute {attribute:?} is unknown: {}", known(declared))]
    UnknownAttribute {
        /// The attribute.
        attribute: String,
        /// The declared attributes.
        declared: Vec<String>,
    },
    /// The filter compares an attribute with a value of a type that the attribute never has.
    #[error("attribute {attribute:?} holds {holds}: it cannot be compared with {given}")]
    Type {
        /// The attribute.
        attribute: String,
        /// The types of the attribute's values.
        holds: ValueTypes,
        /// The value in the filter, in words.
        given: String,
    },
    /// The filter compares an attribute without numbers with a range of numbers.
    #[error(
        "attribute {attribute:?} holds {holds}: it cannot be compared with a range up to or from the number {number}; \
         import the attribute as a number (`lookalike import --types {attribute}=number`), or put the value in double \
         quotes to compare texts by code point"
    )]
    NumberRange {
        /// The attribute.
        attribute: String,
        /// The types of the attribute's values.
        holds: ValueTypes,
        /// The number in the filter.
        number: String,
    },
    /// The filter has too many conditions.
    #[error(
        "the filter has more than {max} conditions: join those on one attribute into a list of values"
    )]
    TooManyClauses {
        /// The maximum.
        max: usize,
    },
    /// The filter is nested too deeply.
    #[error("the filter is nested more than {max} deep")]
    TooDeep {
        /// The maximum depth.
        max: usize,
    },
    /// The filter compares an attribute with too many values.
    #[error("attribute {attribute:?} is compared with {found} values, more than {max}")]
    TooManyValues {
        /// The attribute.
        attribute: String,
        /// The maximum.
        max: usize,
        /// The actual number.
        found: usize,
    },
}

fn known(declared: &[String]) -> String {
    match declared {
        [] => "no attribute is declared as filterable".to_owned(),
        some => format!("filterable are {}", some.join(", ")),
    }
}

/// Shortens a text so that it fits into a message.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const MAX: usize = 60;
    match text.char_indices().nth(MAX) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
