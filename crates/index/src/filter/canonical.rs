//! The canonical form of filters, equal for filters that mean the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::expr::{Bound, Condition, Expr, Range, Test};
use super::operand::Operand;

impl Expr {
    /// Matches everything.
    const EVERYTHING: Self = Self::All(Vec::new());
    /// Matches nothing.
    const NOTHING: Self = Self::Any(Vec::new());

    /// Joins expressions in canonical form, all of which must match.
    pub(super) fn all(exprs: Vec<Expr>) -> Self {
        let mut flat = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match expr {
                Self::All(inner) => flat.extend(inner),
                Self::Any(inner) if inner.is_empty() => return Self::NOTHING,
                other => flat.push(other),
            }
        }
        // "None of these" and "none of those" is "none of both".
        let flat = joined(flat, true);
        only(flat).unwrap_or_else(Self::All)
    }

    /// Joins expressions in canonical form, any of which must match.
    pub(super) fn any(exprs: Vec<Expr>) -> Self {
        let mut flat = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match expr {
                Self::Any(inner) => flat.extend(inner),
                Self::All(inner) if inner.is_empty() => return Self::EVERYTHING,
                other => flat.push(other),
            }
        }
        // "One of these" or "one of those" is "one of both".
        let flat = joined(flat, false);
        only(flat).unwrap_or_else(Self::Any)
    }

    /// Returns the expression that matches everything that this one does not.
    pub(super) fn negated(self) -> Self {
        let each = |exprs: Vec<Expr>| exprs.into_iter().map(Expr::negated).collect();
        match self {
            Self::All(exprs) => Self::any(each(exprs)),
            Self::Any(exprs) => Self::all(each(exprs)),
            Self::Is(condition) => Self::Is(Condition {
                negated: !condition.negated,
                ..condition
            }),
        }
    }

    pub(super) fn is(attribute: &str, test: Test) -> Self {
        Self::Is(Condition {
            attribute: attribute.to_owned(),
            test,
            negated: false,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let each = |exprs: &[Expr]| -> Value { exprs.iter().map(Expr::to_json).collect() };
        match self {
            Self::All(exprs) => json!({"and": each(exprs)}),
            Self::Any(exprs) => json!({"or": each(exprs)}),
            Self::Is(condition) => {
                let is = json!({&condition.attribute: condition.test.to_json()});
                if condition.negated {
                    json!({"not": is})
                } else {
                    is
                }
            }
        }
    }
}

impl Test {
    /// Accepts any of these values.
    pub(super) fn one_of(mut values: Vec<Operand>) -> Self {
        values.sort_unstable();
        values.dedup();
        Self::OneOf(values)
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Exists => json!({"exists": true}),
            Self::OneOf(values) => values.iter().map(Operand::to_json).collect(),
            Self::Range(range) => range.to_json(),
        }
    }
}

impl Range {
    fn to_json(&self) -> Value {
        let mut bounds = serde_json::Map::new();
        let mut put = |bound: &Option<Bound>, exclusive: &str, inclusive: &str| {
            if let Some(bound) = bound {
                let name = if bound.inclusive {
                    inclusive
                } else {
                    exclusive
                };
                bounds.insert(name.to_owned(), bound.value.to_json());
            }
        };
        put(&self.low, "gt", "gte");
        put(&self.high, "lt", "lte");
        bounds.into()
    }
}

/// Sorts expressions, each once, and joins conditions on the values of one attribute, `negated` or not, into one.
fn joined(exprs: Vec<Expr>, negated: bool) -> Vec<Expr> {
    let mut values: BTreeMap<String, Vec<Operand>> = BTreeMap::new();
    let mut joined = Vec::with_capacity(exprs.len());
    for expr in exprs {
        match expr {
            Expr::Is(Condition {
                attribute,
                test: Test::OneOf(more),
                negated: is_negated,
            }) if is_negated == negated => values.entry(attribute).or_default().extend(more),
            other => joined.push(other),
        }
    }
    joined.extend(values.into_iter().map(|(attribute, values)| {
        Expr::Is(Condition {
            attribute,
            test: Test::one_of(values),
            negated,
        })
    }));
    joined.sort_unstable();
    joined.dedup();
    joined
}

/// Returns the expression if it is the only one, otherwise all of them.
fn only(mut exprs: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    match exprs.pop() {
        Some(expr) if exprs.is_empty() => Ok(expr),
        last => {
            exprs.extend(last);
            Err(exprs)
        }
    }
}
