//! The types of the values of an attribute.

use std::fmt;

/// The types of the values of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ValueTypes {
    /// True if some are texts.
    pub texts: bool,
    /// True if some are numbers.
    pub numbers: bool,
    /// True if some are booleans.
    pub booleans: bool,
    /// True if some are in lists.
    pub lists: bool,
}

impl ValueTypes {
    /// True if there are no values.
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

/// Prints `text`, `number`, `boolean` or `list of texts`; several types as `number or text`;
/// `nothing` if there are none.
impl fmt::Display for ValueTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        if self.lists {
            f.write_str("list of ")?;
        }
        let plural = if self.lists { "s" } else { "" };
        for (position, name) in self.names().enumerate() {
            let between = if position > 0 { " or " } else { "" };
            write!(f, "{between}{name}{plural}")?;
        }
        Ok(())
    }
}
