//! Lets serde read a struct from named values, so that its fields are the only list of them.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::raw::Raw;
use crate::problem::{Problem, ProblemKind};

/// One value.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// From the query string, decoded.
    Text(String),
    /// From the query string, of a parameter that may be repeated.
    Texts(Vec<String>),
    /// From JSON.
    Json(&'a RawValue),
}

/// Named values, of which a struct takes those with the names of its fields.
pub(super) struct Fields<'v, 'a> {
    prefix: &'v str,
    values: &'v BTreeMap<String, Value<'a>>,
    known: &'v mut Vec<&'static str>,
}

impl<'v, 'a> Fields<'v, 'a> {
    /// The names of the fields are added to `known`; problems call a value `prefix` and its name.
    pub(super) fn new(
        prefix: &'v str,
        values: &'v BTreeMap<String, Value<'a>>,
        known: &'v mut Vec<&'static str>,
    ) -> Self {
        Self {
            prefix,
            values,
            known,
        }
    }

    pub(super) fn read<T: Deserialize<'v>>(self) -> Result<T, Problem> {
        T::deserialize(self).map_err(|Refused(problem)| problem)
    }
}

impl<'de> Deserializer<'de> for Fields<'de, '_> {
    type Error = Refused;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.known.extend(names);
        let given = |name: &&'static str| Some((*name, self.values.get(*name)?));
        visitor.visit_map(FieldValues {
            prefix: self.prefix,
            values: names.iter().rev().filter_map(given).collect(),
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused(Problem::internal()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The values of one struct, the next one last.
struct FieldValues<'v, 'a> {
    prefix: &'v str,
    values: Vec<(&'static str, &'v Value<'a>)>,
}

impl<'v> MapAccess<'v> for FieldValues<'v, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'v>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some(&(name, _)) = self.values.last() else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Refused> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'v>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let (name, value) = self
            .values
            .pop()
            .ok_or_else(|| Refused(Problem::internal()))?;
        let raw = match value {
            Value::Text(text) => Raw::Text(text),
            Value::Texts(texts) => Raw::Texts(texts),
            Value::Json(json) => Raw::Json(json),
        };
        seed.deserialize(raw).map_err(|must_be| {
            let problem = raw.refused(&format!("{}{name}", self.prefix), &must_be.0);
            Refused(match name {
                "crop" => problem.of(ProblemKind::InvalidCrop),
                _ => problem,
            })
        })
    }
}

/// A value was refused with this problem.
#[derive(Debug)]
pub(super) struct Refused(Problem);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: Display>(message: T) -> Self {
        Self(Problem::internal().caused_by(std::io::Error::other(message.to_string())))
    }
}
