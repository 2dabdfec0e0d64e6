//! The named values of a request: the parameters of its query string, the members of its JSON, or both together.

use std::collections::BTreeMap;

use axum::extract::Query;
use http::Uri;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::{Fields, Value};
use super::ignored::Ignored;
use super::json_text::{Members, invalid, parse};
use crate::problem::{Problem, ProblemKind, shown};

/// Maximum number of characters of an unknown member's name that a problem repeats.
const MAX_SHOWN_NAME: usize = 80;

/// Named values, and the names that were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Values<'a> {
    /// Stands before the names in problems.
    prefix: String,
    values: BTreeMap<String, Value<'a>>,
    known: Vec<&'static str>,
    /// Names that only JSON may have.
    known_members: Vec<&'static str>,
}

impl<'a> Values<'a> {
    /// Reads a query string. `filter` may be repeated, and the names of `fields` and `facets` may stand in several
    /// parameters.
    pub(super) fn of_query(uri: &Uri) -> Result<Self, Problem> {
        let mut query = Self::default();
        for (name, text) in pairs(uri)? {
            match (name.as_str(), query.values.get_mut(&name)) {
                ("filter", Some(Value::Texts(filters))) => filters.push(text),
                ("fields" | "facets", Some(Value::Text(names))) => *names += &format!(",{text}"),
                (_, Some(_)) => return Err(refused(format!("{name} is given more than once"))),
                ("filter", None) => {
                    query.values.insert(name, Value::Texts(vec![text]));
                }
                (_, None) => {
                    query.values.insert(name, Value::Text(text));
                }
            }
        }
        Ok(query)
    }

    /// Reads a JSON object; `expected` describes it in problems.
    pub(super) fn of_json(body: &'a [u8], expected: &str) -> Result<Self, Problem> {
        let Members(members) = parse(body, expected)?;
        // Typed clients send null for what they leave out.
        let given = members.into_iter().filter(|(_, json)| json.get() != "null");
        let values = given.map(|(name, json)| (name, Value::Json(json)));
        Ok(Self {
            values: values.collect(),
            ..Self::default()
        })
    }

    /// Puts a text before the names in problems.
    pub(super) fn named(self, prefix: String) -> Self {
        Self { prefix, ..self }
    }

    /// Joins query string and body. An option in both has the value of the body, which is nearer to the query; that of
    /// the query string is ignored.
    pub(super) fn and(mut self, body: Values<'a>, ignored: &mut Ignored) -> Self {
        for (name, value) in body.values {
            if self.values.insert(name.clone(), value).is_some() {
                ignored.add(format!("{name} in the query string"));
            }
        }
        self.known_members.extend(body.known_members);
        self
    }

    /// Reads a struct from the values that have the names of its fields.
    pub(super) fn take<'v, T: Deserialize<'v>>(&'v mut self) -> Result<T, Problem> {
        Fields::new(&self.prefix, &self.values, &mut self.known).read()
    }

    /// Returns a member of JSON as it was written.
    pub(super) fn take_json(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.known_members.push(name);
        match self.values.get(name) {
            Some(Value::Json(json)) => Some(*json),
            _ => None,
        }
    }

    /// Refuses values that nothing asked for: a misspelled `minscore` without effect would look like an answer.
    pub(super) fn finish(self) -> Result<(), Problem> {
        for (name, value) in &self.values {
            let name = name.as_str();
            let is_json = matches!(value, Value::Json(_));
            if self.known.contains(&name) || is_json && self.known_members.contains(&name) {
                continue;
            }
            return Err(match is_json {
                true => self.unknown_member(name),
                false => unknown_parameter(name, &listed(&self.known)),
            });
        }
        Ok(())
    }

    fn unknown_member(&self, name: &str) -> Problem {
        let known = self.known_members.iter().chain(&self.known);
        let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        let name: String = name.chars().take(MAX_SHOWN_NAME).collect();
        invalid(format!(
            "unknown field `{name}`, expected one of {}",
            known.join(", ")
        ))
    }
}

/// Returns the names and values of a query string.
pub(super) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| refused(error.body_text()))
}

/// Returns the problem of a query parameter that the route does not have.
pub(super) fn unknown_parameter(name: &str, known: &str) -> Problem {
    Problem::new(
        ProblemKind::UnknownParameter,
        format!("there is no parameter {}; known here: {known}", shown(name)),
    )
}

pub(super) fn refused(detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidParameter, detail)
}

/// Joins names as in `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}
