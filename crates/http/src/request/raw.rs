//! A value as a caller wrote it, in the query string or in JSON, and what it is read as.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::problem::{Problem, ProblemKind, shown};

/// Longest text of a JSON body that a problem repeats: no picture is as short.
const SHOWN: usize = 40;

/// Up to this, below 2^53, floating point tells one whole number from the next: more is not safe with every client.
const MOST_EXACT: u64 = 9_007_199_254_740_991;

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From the query string, decoded.
    Text(&'a str),
    /// From a JSON body.
    Json(&'a RawValue),
}

impl Raw<'_> {
    /// A number or another thing that is written without quotes.
    pub(super) fn plain<T: FromStr>(self) -> Option<T> {
        match self {
            Self::Text(text) => text.parse().ok(),
            // Text in quotes is no number, whatever stands between them.
            Self::Json(json) => json.get().parse().ok(),
        }
    }

    /// A whole number from 0 on. In JSON, 10.0 is one as well: it has numbers of one kind only.
    pub(super) fn whole(self) -> Option<u64> {
        let number = self.plain().or_else(|| match self {
            Self::Text(_) => None,
            Self::Json(_) => {
                let number = self.plain::<f64>()?;
                let is_whole = number.fract() == 0.0 && number >= 0.0;
                is_whole.then_some(number as u64)
            }
        });
        number.filter(|number| *number <= MOST_EXACT)
    }

    /// A text.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_owned()),
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
        }
    }

    /// Texts: between commas in the query string, a list in JSON.
    pub(super) fn texts(self) -> Option<Vec<String>> {
        match self {
            Self::Text("") => Some(Vec::new()),
            Self::Text(text) => Some(text.split(',').map(str::to_owned).collect()),
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
        }
    }

    /// Any JSON.
    pub(super) fn json<T: DeserializeOwned>(self) -> Option<T> {
        match self {
            Self::Text(_) => None,
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
        }
    }

    /// The problem that the value of `name` is not what it `must` be.
    pub(super) fn refused(self, name: &str, must: &str) -> Problem {
        let detail = format!("{name} is {}, but it must be {must}", self.shown());
        Problem::new(ProblemKind::InvalidParameter, detail)
    }

    /// The value as a problem may repeat it. A misplaced picture is not.
    pub(super) fn shown(self) -> String {
        let json = match self {
            Self::Text(text) => return shown(text),
            Self::Json(json) => json.get(),
        };
        match json.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            _ if json.len() > SHOWN => format!("a value of {} bytes", json.len()),
            _ => json.to_owned(),
        }
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
