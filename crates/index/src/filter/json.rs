//! Parsing filters from JSON.

use serde_json::{Map, Value};

use super::error::{FilterError, shortened};
use super::expr::{Bound, Expr, Range, Test};
use super::limits::{Clauses, MAX_DEPTH, check_values};
use super::operand::{Number, Operand};

const OPERATORS: &str = "`lt`, `lte`, `gt`, `gte`, `ne` or `exists`";
const SCALAR: &str = "a text, a number, true or false";

pub(super) fn read(filter: &Value, clauses: &mut Clauses) -> Result<Expr, FilterError> {
    let mut reader = JsonReader {
        clauses,
        path: Vec::new(),
        depth: 0,
    };
    reader.filter(filter)
}

struct JsonReader<'a> {
    clauses: &'a mut Clauses,
    /// The members that lead to the value that is being parsed.
    path: Vec<String>,
    /// Number of filters around it.
    depth: usize,
}

impl JsonReader<'_> {
    fn filter(&mut self, filter: &Value) -> Result<Expr, FilterError> {
        let Value::Object(members) = filter else {
            return Err(self.malformed("an object of conditions", filter));
        };
        if self.depth == MAX_DEPTH {
            return Err(FilterError::TooDeep { max: MAX_DEPTH });
        }
        self.depth += 1;
        let all = members.iter().map(|(name, value)| {
            self.inside(name, |reader| match name.as_str() {
                "and" => reader.several(value).map(Expr::all),
                "or" => reader.several(value).map(Expr::any),
                "not" => reader.filter(value).map(Expr::negated),
                attribute => reader.attribute(attribute, value),
            })
        });
        let all = all.collect::<Result<_, _>>().map(Expr::all);
        self.depth -= 1;
        all
    }

    fn several(&mut self, filters: &Value) -> Result<Vec<Expr>, FilterError> {
        match filters {
            Value::Array(filters) if !filters.is_empty() => {
                let filters = filters.iter().enumerate();
                let each = filters.map(|(position, filter)| {
                    self.inside(&position.to_string(), |reader| reader.filter(filter))
                });
                each.collect()
            }
            other => Err(self.malformed("a list of at least one filter", other)),
        }
    }

    fn attribute(&mut self, name: &str, value: &Value) -> Result<Expr, FilterError> {
        match value {
            Value::Object(operators) => self.operators(name, operators),
            value => {
                self.clauses.add()?;
                let values = self.values(name, value)?;
                Ok(Expr::is(name, Test::one_of(values)))
            }
        }
    }

    fn operators(
        &mut self,
        name: &str,
        operators: &Map<String, Value>,
    ) -> Result<Expr, FilterError> {
        if operators.is_empty() {
            return Err(self.malformed_as(OPERATORS, "none".to_owned()));
        }
        let mut all = Vec::new();
        let mut range = Range {
            low: None,
            high: None,
        };
        for (operator, value) in operators {
            self.inside(operator, |reader| {
                let (end, inclusive) = match operator.as_str() {
                    "gt" => (&mut range.low, false),
                    "gte" => (&mut range.low, true),
                    "lt" => (&mut range.high, false),
                    "lte" => (&mut range.high, true),
                    _ => {
                        all.push(reader.operator(name, operator, value)?);
                        return Ok(());
                    }
                };
                let bound = Bound {
                    value: reader.bound(value)?,
                    inclusive,
                };
                match end.replace(bound) {
                    None => Ok(()),
                    Some(_) => Err(reader.malformed_as("one bound on each side", "two".to_owned())),
                }
            })?;
        }
        if let (Some(low), Some(high)) = (&range.low, &range.high)
            && low.value.number().is_some() != high.value.number().is_some()
        {
            let found = format!("{} and {}", low.value, high.value);
            return Err(self.malformed_as("two numbers or two texts", found));
        }
        if range.low.is_some() || range.high.is_some() {
            self.clauses.add()?;
            all.push(Expr::is(name, Test::Range(range)));
        }
        Ok(Expr::all(all))
    }

    /// Parses an operator that is not a bound of a range.
    fn operator(&mut self, name: &str, operator: &str, value: &Value) -> Result<Expr, FilterError> {
        self.clauses.add()?;
        let exists = Expr::is(name, Test::Exists);
        match (operator, value) {
            ("ne", value) => {
                let values = self.values(name, value)?;
                Ok(Expr::is(name, Test::one_of(values)).negated())
            }
            ("exists", Value::Bool(true)) => Ok(exists),
            ("exists", Value::Bool(false)) => Ok(exists.negated()),
            ("exists", other) => Err(self.malformed("true or false", other)),
            (other, _) => {
                let found = format!("`{}`", shortened(other));
                Err(self.malformed_as(OPERATORS, found))
            }
        }
    }

    fn bound(&self, value: &Value) -> Result<Operand, FilterError> {
        match scalar(value) {
            Some(bound) if bound.boolean().is_none() => Ok(bound),
            _ => Err(self.malformed("a number or a text", value)),
        }
    }

    /// Parses one value, or a list of them.
    fn values(&mut self, name: &str, value: &Value) -> Result<Vec<Operand>, FilterError> {
        let Value::Array(values) = value else {
            let found = scalar(value).map(|value| vec![value]);
            return found.ok_or_else(|| match value {
                Value::Null => self.malformed("a value, or {\"exists\": false} for none", value),
                other => self.malformed(&format!("{SCALAR}, or a list of them"), other),
            });
        };
        if values.is_empty() {
            return Err(self.malformed("a list of at least one value", value));
        }
        check_values(name, values.len())?;
        let values = values.iter();
        let each = values.map(|value| scalar(value).ok_or_else(|| self.malformed(SCALAR, value)));
        each.collect()
    }

    /// Parses the inside of a member.
    fn inside<T>(
        &mut self,
        member: &str,
        read: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.path.push(member.to_owned());
        let result = read(self);
        self.path.pop();
        result
    }

    fn malformed(&self, expected: &str, found: &Value) -> FilterError {
        let found = match found {
            Value::Object(members) if !members.is_empty() => "an object".to_owned(),
            Value::Array(values) if !values.is_empty() => "a list".to_owned(),
            other => shortened(&other.to_string()).into_owned(),
        };
        self.malformed_as(expected, found)
    }

    fn malformed_as(&self, expected: &str, found: String) -> FilterError {
        let at = if self.path.is_empty() {
            "its top".to_owned()
        } else {
            format!("`{}`", shortened(&self.path.join(".")))
        };
        FilterError::Malformed {
            at,
            expected: expected.to_owned(),
            found,
        }
    }
}

fn scalar(value: &Value) -> Option<Operand> {
    match value {
        Value::Bool(boolean) => Some(Operand::Boolean(*boolean)),
        Value::Number(number) => number.as_f64().and_then(Number::new).map(Operand::Number),
        Value::String(text) => Some(Operand::Text(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
