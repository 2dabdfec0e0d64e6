#![allow(clippy::unwrap_used)]

mod errors;
mod forms;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn json_filter(filter: Value) -> Filter {
    Filter::from_json(&filter).unwrap()
}

/// Parses malformed JSON. Returns position, expected and found part of the error.
fn wrong(filter: Value) -> (String, String, String) {
    parts(Filter::from_json(&filter).unwrap_err())
}

fn wrong_text(filter: &str) -> (String, String, String) {
    parts(Filter::from_text(filter).unwrap_err())
}

fn parts(error: FilterError) -> (String, String, String) {
    match error {
        FilterError::Malformed {
            at,
            expected,
            found,
        } => (at, expected, found),
        other => panic!("{other}"),
    }
}
