//! Readers of the options' values. An error says what the value must be; [`Values`](super::values::Values) puts name and
//! value in front.

use std::fmt::{self, Display};

use lookalike_core::{Crop, CropUnit, Match};
use lookalike_search::{GroupBy, Images, MAX_FACETS, MAX_FIELDS, MAX_K};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::schema;

/// Maximum length of the name of a metadata member or an attribute in bytes.
const MAX_NAME_BYTES: usize = 1024;

pub(super) fn k<'de, D: Deserializer<'de>>(value: D) -> Result<Option<usize>, D::Error> {
    let k = usize::deserialize(value).ok();
    need(
        k.filter(|k| (1..=MAX_K).contains(k)),
        format_args!("a whole number from 1 to {MAX_K}"),
    )
}

pub(super) fn min_score<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f32>, D::Error> {
    number(value, -1.0, 1.0)
}

pub(super) fn diversity<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f32>, D::Error> {
    number(value, 0.0, 1.0)
}

pub(super) fn min_match<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Match>, D::Error> {
    choice(value, Match::ALL.map(|class| (class.name(), class)))
}

pub(super) fn group_by<'de, D: Deserializer<'de>>(value: D) -> Result<Option<GroupBy>, D::Error> {
    choice(
        value,
        [("product", GroupBy::Product), ("image", GroupBy::Image)],
    )
}

pub(super) fn images<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Images>, D::Error> {
    choice(value, [("best", Images::Best), ("all", Images::All)])
}

pub(super) fn flag<'de, D: Deserializer<'de>>(value: D) -> Result<Option<bool>, D::Error> {
    need(bool::deserialize(value).ok(), "true or false")
}

pub(super) fn fields<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<String>>, D::Error> {
    names(value, MAX_FIELDS)
}

pub(super) fn facets<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<String>>, D::Error> {
    names(value, MAX_FACETS)
}

pub(super) fn cursor<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(value).ok();
    need(
        text.filter(|text| !text.is_empty()),
        "the next_cursor of the page before",
    )
}

pub(super) fn min_generation<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    need(
        u64::deserialize(value).ok(),
        "a whole number from 0 on, as index.generation is",
    )
}

/// Reads a box: `x,y,w,h`, or in JSON an object.
pub(super) fn crop<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Crop>, D::Error> {
    let crop = match schema::Crop::deserialize(value).ok() {
        Some(schema::Crop::Text(text)) => text.parse().ok(),
        Some(schema::Crop::Box(schema::CropBox { x, y, w, h, unit })) => {
            let unit = match unit {
                schema::CropUnit::Pixels => CropUnit::Pixels,
                schema::CropUnit::Shares => CropUnit::Shares,
            };
            Crop::new([x, y, w, h], unit).ok()
        }
        None => None,
    };
    need(
        crop,
        "x,y,w,h in pixels such as 10,20,300,400, or in shares such as 0.1,0.2,0.5,0.5 or 10%,20%,50%,50%; in JSON it \
         may also be an object of the numbers \"x\", \"y\", \"w\" and \"h\" and of \"unit\", which is \"px\" or \"share\"",
    )
}

/// Reads a filter as it was written; the index knows what it means.
pub(super) fn filter<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    let filter = value.deserialize_map(FilterVisitor).ok();
    need(filter, "an object such as {\"category\": \"shoes\"}")
}

/// Accepts an object, or the short forms of the query string.
struct FilterVisitor;

impl<'de> Visitor<'de> for FilterVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a filter")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, short_forms: A) -> Result<Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(short_forms))
    }
}

fn number<'de, D: Deserializer<'de>>(
    value: D,
    min: f64,
    max: f64,
) -> Result<Option<f32>, D::Error> {
    // Rounded to 32 bits, a number that is slightly too large would be the maximum.
    let number = f64::deserialize(value).ok();
    let number = number.filter(|number| (min..=max).contains(number));
    need(
        number.map(|number| number as f32),
        format_args!("a number from {min} to {max}"),
    )
}

fn choice<'de, D: Deserializer<'de>, T: Copy, const N: usize>(
    value: D,
    choices: [(&str, T); N],
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(value).ok();
    let mut known = choices.iter();
    let chosen = known.find(|(name, _)| text.as_deref() == Some(name));
    need(
        chosen.map(|(_, choice)| *choice),
        choices.map(|(name, _)| name).join(" or "),
    )
}

/// Reads a list of names, which may be empty.
fn names<'de, D: Deserializer<'de>>(value: D, max: usize) -> Result<Option<Vec<String>>, D::Error> {
    let names = Vec::<String>::deserialize(value).ok();
    let is_name = |name: &String| (1..=MAX_NAME_BYTES).contains(&name.len());
    need(
        names.filter(|names| names.len() <= max && names.iter().all(is_name)),
        format_args!("at most {max} names of 1 to {MAX_NAME_BYTES} bytes"),
    )
}

/// Returns the value, or the error that it must be something else.
fn need<T, E: Error>(value: Option<T>, must_be: impl Display) -> Result<Option<T>, E> {
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(E::custom(must_be)),
    }
}
