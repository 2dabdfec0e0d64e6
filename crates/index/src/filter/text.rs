//! Parsing filters from their short form.

use super::error::{FilterError, shortened};
use super::expr::{Bound, Expr, Range, Test};
use super::json;
use super::limits::{Clauses, check_values};
use super::operand::Operand;

/// Operators; longer ones come before their prefixes.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::Not),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Is),
    ("=", Operator::Is),
    ("<", Operator::Below),
    (">", Operator::Above),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    Not,
    Below,
    AtMost,
    Above,
    AtLeast,
}

pub(super) fn read(filter: &str, clauses: &mut Clauses) -> Result<Expr, FilterError> {
    let filter = filter.trim();
    if filter.starts_with('{') {
        let parsed = serde_json::from_str(filter)
            .map_err(|error| malformed(filter, "JSON", error.to_string()))?;
        return json::read(&parsed, clauses);
    }
    clauses.add()?;
    let Some((name, operator, values)) = parts(filter) else {
        return match filter.strip_prefix('!') {
            Some(name) => Ok(Expr::is(attribute(filter, name)?, Test::Exists).negated()),
            None => Ok(Expr::is(attribute(filter, filter)?, Test::Exists)),
        };
    };
    if let Some(name) = name.strip_prefix('!') {
        let expected = format!("`{}!=`, or `not` in JSON", shortened(name));
        return Err(malformed(
            filter,
            &expected,
            "`!` before a comparison".to_owned(),
        ));
    }
    let name = attribute(filter, name)?;
    let values = operands(filter, name, values)?;
    Ok(match operator {
        Operator::Is => Expr::is(name, Test::one_of(values)),
        Operator::Not => Expr::is(name, Test::one_of(values)).negated(),
        _ => Expr::is(name, Test::Range(range(filter, operator, values)?)),
    })
}

/// Splits a short form at its first operator.
fn parts(filter: &str) -> Option<(&str, Operator, &str)> {
    filter.char_indices().find_map(|(position, _)| {
        let (name, rest) = filter.split_at(position);
        let mut operators = OPERATORS.iter();
        operators.find_map(|&(sign, operator)| Some((name, operator, rest.strip_prefix(sign)?)))
    })
}

fn attribute<'a>(filter: &str, name: &'a str) -> Result<&'a str, FilterError> {
    match name.trim() {
        "" => Err(malformed(filter, "an attribute's name", "none".to_owned())),
        name => Ok(name),
    }
}

fn range(filter: &str, operator: Operator, values: Vec<Operand>) -> Result<Range, FilterError> {
    let count = values.len();
    let mut values = values.into_iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(malformed(filter, "one value", format!("{count} values")));
    };
    let bound = |inclusive| Some(Bound { value, inclusive });
    let (low, high) = match operator {
        Operator::Above => (bound(false), None),
        Operator::AtLeast => (bound(true), None),
        Operator::AtMost => (None, bound(true)),
        Operator::Below | Operator::Is | Operator::Not => (None, bound(false)),
    };
    Ok(Range { low, high })
}

/// Parses values separated by commas; a comma in quotes is part of a value.
fn operands(filter: &str, name: &str, values: &str) -> Result<Vec<Operand>, FilterError> {
    let mut found = Vec::new();
    let mut rest = values;
    loop {
        let (value, rest_after) = operand(filter, rest.trim_start())?;
        found.push(value);
        match rest_after {
            None => break,
            Some(rest_after) => rest = rest_after,
        }
    }
    check_values(name, found.len())?;
    Ok(found)
}

/// Parses the value at the start of a text; also returns what follows the comma.
fn operand<'a>(filter: &str, text: &'a str) -> Result<(Operand, Option<&'a str>), FilterError> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = unquoted(quoted).ok_or_else(|| {
            malformed(filter, "a quote at the end of the value", "none".to_owned())
        })?;
        return match rest.trim_start() {
            "" => Ok((Operand::Text(value), None)),
            rest => match rest.strip_prefix(',') {
                Some(rest_after) => Ok((Operand::Text(value), Some(rest_after))),
                None => {
                    let found = format!("{:?}", shortened(rest));
                    Err(malformed(filter, "a comma behind the quote", found))
                }
            },
        };
    }
    let (value, rest_after) = match text.split_once(',') {
        Some((value, rest_after)) => (value, Some(rest_after)),
        None => (text, None),
    };
    match value.trim_end() {
        "" => Err(malformed(
            filter,
            "a value, or \"\" for the empty text",
            "none".to_owned(),
        )),
        value => Ok((Operand::Word(value.to_owned()), rest_after)),
    }
}

/// Splits a text at its closing quote, and removes escapes.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
}

fn malformed(filter: &str, expected: &str, found: String) -> FilterError {
    FilterError::Malformed {
        at: format!("`{}`", shortened(filter)),
        expected: expected.to_owned(),
        found,
    }
}
