//! A single value as the caller wrote it, in the query string or in JSON, and the types it can be read as.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::Deserializer;
use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::problem::{Problem, ProblemKind, shown};

/// Maximum length of a JSON text that a problem repeats, in bytes: every image is longer.
const MAX_SHOWN_BYTES: usize = 40;

/// The largest whole number below 2^53: floating point, which many clients use, cannot tell larger ones apart.
const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From the query string, decoded.
    Text(&'a str),
    /// All values of a parameter that may be repeated.
    Texts(&'a [String]),
    /// From a JSON body.
    Json(&'a RawValue),
}

/// A value cannot be read; the text says what it must be.
#[derive(Debug)]
pub(super) struct Unreadable(pub(super) String);

impl<'a> Raw<'a> {
    /// Reads a number or another value that is written without quotes.
    pub(super) fn plain<T: FromStr>(self) -> Option<T> {
        match self {
            Self::Text(text) => text.parse().ok(),
            // In quotes, a number is text.
            Self::Json(json) => json.get().parse().ok(),
            Self::Texts(_) => None,
        }
    }

    /// Reads a whole number from 0 on. In JSON, 10.0 is one too: JSON has only one kind of number.
    pub(super) fn whole(self) -> Option<u64> {
        let number = self.plain().or_else(|| match self {
            Self::Text(_) | Self::Texts(_) => None,
            Self::Json(_) => {
                let number = self.plain::<f64>()?;
                let is_whole = number.fract() == 0.0 && number >= 0.0;
                is_whole.then_some(number as u64)
            }
        });
        number.filter(|number| *number <= MAX_SAFE_INTEGER)
    }

    /// Reads a text.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_owned()),
            Self::Texts(_) | Self::Json(_) => self.json(),
        }
    }

    /// Reads texts: separated by commas in the query string, a list in JSON.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        match self {
            Self::Text("") => Some(Vec::new()),
            Self::Text(text) => Some(text.split(',').map(str::to_owned).collect()),
            Self::Texts(texts) => Some(texts.to_vec()),
            Self::Json(_) => self.json(),
        }
    }

    /// Reads a value from JSON.
    pub(super) fn json<T: DeserializeOwned>(self) -> Option<T> {
        match self {
            Self::Text(_) | Self::Texts(_) => None,
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
        }
    }

    /// Returns the problem that the value of `name` is not what it `must` be.
    pub(super) fn refused(self, name: &str, must: &str) -> Problem {
        let detail = format!("{name} is {}, but it must be {must}", self.shown());
        Problem::new(ProblemKind::InvalidParameter, detail)
    }

    /// Returns the value as a problem may repeat it; an image in the wrong place is not repeated.
    pub(super) fn shown(self) -> String {
        let json = match self {
            Self::Text(text) => return shown(text),
            Self::Texts(texts) => return shown(&texts.join(", ")),
            Self::Json(json) => json.get(),
        };
        match json.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            _ if json.len() > MAX_SHOWN_BYTES => format!("a value of {} bytes", json.len()),
            _ => json.to_owned(),
        }
    }
}

/// Lets serde read a value as the type that an option has. The errors are never shown: the readers of options say
/// what a value must be.
impl<'de> Deserializer<'de> for Raw<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Self::Text(text) => visitor.visit_str(text),
            Self::Texts(texts) => {
                visitor.visit_seq(SeqDeserializer::new(texts.iter().map(String::as_str)))
            }
            Self::Json(json) => serde_json::Deserializer::from_str(json.get())
                .deserialize_any(visitor)
                .map_err(|error| Unreadable(error.to_string())),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(readable(self.plain())?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_u64(readable(self.whole())?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_f64(readable(self.plain())?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_string(readable(self.text())?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(SeqDeserializer::new(readable(self.texts())?.into_iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let is_map = match self {
            Self::Text(_) => false,
            Self::Texts(_) => true,
            Self::Json(json) => json.get().starts_with('{'),
        };
        readable(is_map.then_some(()))?;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 char str bytes byte_buf option unit unit_struct newtype_struct tuple
        tuple_struct struct enum identifier ignored_any
    }
}

fn readable<T>(value: Option<T>) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable("of another type".to_owned()))
}

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl serde::de::Error for Unreadable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn json_is_repeated_only_where_it_is_short_and_plain() {
        for (json, expected) in [
            ("12", "12"),
            ("\"a\"", "\"a\""),
            ("null", "null"),
            ("{\"a\": 1}", "an object"),
            ("[1]", "a list"),
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(Raw::Json(raw).shown(), expected);
        }
        let long = format!("\"{}\"", "secret".repeat(10));
        let raw: &RawValue = serde_json::from_str(&long).unwrap();
        assert_eq!(Raw::Json(raw).shown(), "a value of 62 bytes");
    }

    #[test]
    fn whole_numbers_of_json_may_have_a_fraction_of_nothing() {
        for (json, expected) in [
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("1.2e1", Some(12)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992.0", None),
            ("12.5", None),
            ("-1.0", None),
            ("1e300", None),
            ("\"12\"", None),
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(Raw::Json(raw).whole(), expected, "{json}");
        }
        assert_eq!(Raw::Text("12.0").whole(), None);
    }

    #[test]
    fn quoted_numbers_are_none() {
        let raw: &RawValue = serde_json::from_str("\"12\"").unwrap();
        assert_eq!(Raw::Json(raw).plain::<u32>(), None);
        assert_eq!(Raw::Text("12").plain::<u32>(), Some(12));
    }
}
