//! One form for filters that say the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Bound, Condition, Node, Operand, Range, Test};

impl Node {
    /// Everything.
    const EVERYTHING: Self = Self::All(Vec::new());
    /// Nothing.
    const NOTHING: Self = Self::Any(Vec::new());

    /// All of them, each in canonical form.
    pub(super) fn all(nodes: Vec<Node>) -> Self {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Self::All(inner) => flat.extend(inner),
                Self::Any(inner) if inner.is_empty() => return Self::NOTHING,
                other => flat.push(other),
            }
        }
        // None of these and none of those is none of both.
        let flat = joined(flat, true);
        only(flat).unwrap_or_else(Self::All)
    }

    /// Any of them, each in canonical form.
    pub(super) fn any(nodes: Vec<Node>) -> Self {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Self::Any(inner) => flat.extend(inner),
                Self::All(inner) if inner.is_empty() => return Self::EVERYTHING,
                other => flat.push(other),
            }
        }
        // One of these or one of those is one of both.
        let flat = joined(flat, false);
        only(flat).unwrap_or_else(Self::Any)
    }

    /// Whatever this leaves.
    pub(super) fn negated(self) -> Self {
        let each = |nodes: Vec<Node>| nodes.into_iter().map(Node::negated).collect();
        match self {
            Self::All(nodes) => Self::any(each(nodes)),
            Self::Any(nodes) => Self::all(each(nodes)),
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
        let each = |nodes: &[Node]| -> Value { nodes.iter().map(Node::to_json).collect() };
        match self {
            Self::All(nodes) => json!({"and": each(nodes)}),
            Self::Any(nodes) => json!({"or": each(nodes)}),
            Self::Is(condition) => {
                let is = json!({&condition.attribute: condition.test.to_json()});
                match condition.negated {
                    true => json!({"not": is}),
                    false => is,
                }
            }
        }
    }
}

impl Test {
    /// One of these values.
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

/// In order, each once, and conditions on the values of one attribute, `negated` or not, as one.
fn joined(nodes: Vec<Node>, negated: bool) -> Vec<Node> {
    let mut values: BTreeMap<String, Vec<Operand>> = BTreeMap::new();
    let mut joined = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Is(Condition {
                attribute,
                test: Test::OneOf(more),
                negated: is_negated,
            }) if is_negated == negated => values.entry(attribute).or_default().extend(more),
            other => joined.push(other),
        }
    }
    joined.extend(values.into_iter().map(|(attribute, values)| {
        Node::Is(Condition {
            attribute,
            test: Test::one_of(values),
            negated,
        })
    }));
    joined.sort_unstable();
    joined.dedup();
    joined
}

/// The only one of several, else all of them.
fn only(mut nodes: Vec<Node>) -> Result<Node, Vec<Node>> {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => Ok(node),
        last => {
            nodes.extend(last);
            Err(nodes)
        }
    }
}
