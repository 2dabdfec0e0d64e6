//! Attributes by column, to filter and to count by.
//!
//! A segment stores the attributes of its rows as a dictionary of distinct JSON objects, its *entries*, and
//! the number of an entry for every row. Here each entry is parsed once, into a [`Column`] for every
//! attribute: distinct values in order, and the code of its value, or codes of its values, for every entry.
//! Whatever is asked of an attribute then becomes a range or a set of codes, and what rows match is looked up
//! by entry. That takes no new stored form, and is done when it is first asked for: the start of a function
//! has no need of it.
//!
//! Values of several types may stand in one attribute. They are kept apart: each is equal only to values of
//! its own type, and in order booleans come first, then numbers, then texts. Elements of a list are values
//! of the row, each for itself. `null`, objects and lists in lists are no values.

mod column;
mod growing;
mod reading;
mod scanning;
mod schema;
mod table;
mod values;

use std::fmt;

pub(crate) use column::Column;
pub(crate) use schema::Schema;
pub(crate) use table::Table;
pub(crate) use values::Value;

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ValueTypes {
    /// Some are texts.
    pub texts: bool,
    /// Some are numbers.
    pub numbers: bool,
    /// Some are true or false.
    pub booleans: bool,
    /// Some stand in lists.
    pub lists: bool,
}

impl ValueTypes {
    /// Whether there are no values.
    pub fn is_empty(self) -> bool {
        !(self.texts || self.numbers || self.booleans)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            texts: self.texts || other.texts,
            numbers: self.numbers || other.numbers,
            booleans: self.booleans || other.booleans,
            lists: self.lists || other.lists,
        }
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let names = [
            (self.booleans, "boolean"),
            (self.numbers, "number"),
            (self.texts, "text"),
        ];
        names
            .into_iter()
            .filter_map(|(is, name)| is.then_some(name))
    }
}

/// `text`, `number`, `boolean`, `list of texts`; for values of several types `number or text`; `nothing` for
/// none.
impl fmt::Display for ValueTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        if self.lists {
            f.write_str("list of ")?;
        }
        let plural = if self.lists { "s" } else { "" };
        for (place, name) in self.names().enumerate() {
            let between = if place > 0 { " or " } else { "" };
            write!(f, "{between}{name}{plural}")?;
        }
        Ok(())
    }
}

/// An attribute that pictures have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeInfo {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub types: ValueTypes,
    /// Products of which a picture has it.
    pub products: u64,
}

#[cfg(test)]
mod tests;
