//! Values that attributes are compared with.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::{Value, json};

use super::error::shortened;

/// A finite number; 0 and -0 are the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(f64);

impl Number {
    pub(crate) fn new(number: f64) -> Option<Self> {
        // Adding 0 makes -0 positive.
        number.is_finite().then_some(Self(number + 0.0))
    }

    pub(crate) fn get(self) -> f64 {
        self.0
    }

    /// Converts to JSON; whole numbers have no fraction.
    pub(crate) fn to_json(self) -> Value {
        /// Up to here an `f64` holds every whole number.
        const EXACT: f64 = (1_u64 << 53) as f64;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            json!(self.0 as i64)
        } else {
            json!(self.0)
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operand {
    Boolean(bool),
    Number(Number),
    Text(String),
    /// A word of the short form, of any type that it can be parsed as.
    Word(String),
}

impl Operand {
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            Self::Word(word) => word.parse().ok(),
            Self::Number(_) | Self::Text(_) => None,
        }
    }

    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Word(word) => word.parse().ok().and_then(Number::new),
            Self::Boolean(_) | Self::Text(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Word(text) => Some(text),
            Self::Boolean(_) | Self::Number(_) => None,
        }
    }

    /// Returns the text that a range begins or ends at. A word that is a number is none: between texts, 50 comes after
    /// 2,499, which is never what `price<50` asks for. In double quotes it is a text.
    pub(crate) fn text_bound(&self) -> Option<&str> {
        match self {
            Self::Word(_) if self.number().is_some() => None,
            _ => self.text(),
        }
    }

    /// Converts to the canonical form.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Boolean(boolean) => json!(boolean),
            Self::Number(number) => number.to_json(),
            Self::Text(text) => json!(text),
            Self::Word(word) => json!({"word": word}),
        }
    }
}

/// Prints the operand for the author of the filter.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Number(number) => write!(f, "the number {}", number.to_json()),
            Self::Text(text) => write!(f, "the text {:?}", shortened(text)),
            Self::Word(word) => write!(f, "{:?}", shortened(word)),
        }
    }
}
