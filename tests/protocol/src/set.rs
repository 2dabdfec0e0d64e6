//! A set of small numbers.

/// A set of segments or edits, each a number below 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(u16);

impl Set {
    /// Returns the set of one number.
    pub fn of(number: u8) -> Self {
        Self(1 << number)
    }

    /// True if the number is in the set.
    pub fn has(self, number: u8) -> bool {
        self.0 & 1 << number != 0
    }

    /// Returns the numbers of both sets.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the numbers that `other` does not have.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if `other` has every number.
    pub fn is_in(self, other: Self) -> bool {
        self.without(other).is_empty()
    }

    /// True if there is no number.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the numbers, ascending.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..16).filter(move |number| self.has(*number))
    }
}
