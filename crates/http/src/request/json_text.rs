//! Reading JSON, with problems that say what was expected and repeat no value: that may be an image.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::problem::{Problem, ProblemKind};

/// Maximum number of characters of the JSON reader's message that a problem repeats: it names members, and those of a
/// caller may be long.
const MAX_SHOWN: usize = 400;

/// Maximum number of members of an object: far more than there are options, and few enough for what is refused to be
/// refused cheaply.
const MAX_MEMBERS: usize = 64;

/// The members of a JSON object as they were written, each name once.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) BTreeMap<String, &'a RawValue>);

/// Reads JSON. The problem says where the text stops being JSON, or which member is unknown or given twice.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => {
            let reason = error.to_string();
            let names_a_member = ["unknown field", "duplicate field"]
                .iter()
                .any(|begin| reason.starts_with(begin));
            match names_a_member {
                true => invalid(reason.chars().take(MAX_SHOWN).collect()),
                false => invalid(format!("expected {expected}")),
            }
        }
        Category::Syntax | Category::Eof | Category::Io => invalid(format!(
            "the body stops being JSON at line {} column {}; expected {expected}",
            error.line(),
            error.column()
        )),
    })
}

pub(super) fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidJson, detail)
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        object.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, _>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            if members.len() == MAX_MEMBERS {
                return Err(A::Error::custom(format!(
                    "unknown field: an object has at most {MAX_MEMBERS}"
                )));
            }
            members.insert(name, value);
        }
        Ok(Members(members))
    }
}
