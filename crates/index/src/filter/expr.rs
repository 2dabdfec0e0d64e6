//! Expressions of filters.

use super::operand::Operand;

/// An expression of a filter. Negation is pushed down to the conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Expr {
    /// All of them must match; matches everything if there are none.
    All(Vec<Expr>),
    /// Any of them must match; matches nothing if there are none.
    Any(Vec<Expr>),
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
    /// Values, ascending, each once.
    OneOf(Vec<Operand>),
    Range(Range),
}

/// Values between two bounds, at least one of which is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Range {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bound {
    pub(crate) value: Operand,
    /// True if the bound itself is in the range.
    pub(crate) inclusive: bool,
}

impl Expr {
    /// Visits every condition.
    pub(crate) fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a Condition)) {
        match self {
            Self::All(exprs) | Self::Any(exprs) => {
                exprs.iter().for_each(|expr| expr.for_each(visit))
            }
            Self::Is(condition) => visit(condition),
        }
    }
}
