//! Filters.

use std::sync::LazyLock;

use bytes::Bytes;
use lookalike_index::{
    Filter, FilterError, Fingerprint, GroupBy, QuantizedVector, Row, SearchRequest, Segment,
    SegmentContent, SegmentId, Snapshot,
};
use serde_json::{Value, json};

use crate::bounds::within;

const ENCODER: Fingerprint = Fingerprint([7; 32]);

/// Attributes of images: several types in one attribute, lists, absent ones, and names that are words of the syntax.
static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let attributes = json!([
        {"a": 1, "b": "x"},
        {"a": 1.5, "b": ["x", "y"], "not": true},
        {"a": "1", "b": "", "and": "x"},
        {"a": true, "c": -0.0},
        {"a": [1, "z", false], "c": 1e300, "exists": 1},
        {"b": "größe, \"x\"", "c": 18_446_744_073_709_551_615_u64, "word": "5"},
        {},
    ]);
    let segment = |number: u64, attributes: &[Value]| {
        let rows = (0..).zip(attributes).map(|(row, attributes)| Row {
            key: format!("{number}-{row}"),
            product_id: format!("p{row}"),
            etag: String::new(),
            attributes: serde_json::from_value(attributes.clone()).expect("an object"),
            embedding: QuantizedVector::new(&[1.0, row as f32]).expect("it has a direction"),
        });
        let content = SegmentContent {
            rows: rows.collect(),
            ..SegmentContent::default()
        };
        let id = SegmentId::new(number, 1);
        let encoded = content.encode_delta(id, ENCODER, 2).expect("it is small");
        Segment::open(&Bytes::from(encoded.bytes), id, ENCODER).expect("it was just written")
    };
    let rows = attributes.as_array().expect("a list");
    let segments = vec![segment(1, rows), segment(2, &rows[2..])];
    Snapshot::new(segments, 2).expect("of two dimensions")
});

/// Parses the bytes as filters, one on each line, all of which must match. What is parsed selects the same images as its
/// canonical form, and its opposite all others.
pub fn filter(bytes: &[u8]) {
    LazyLock::force(&SNAPSHOT);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let size = bytes.len() as u64;
    within(1000 * size + (1 << 20), 10 * size, || {
        let filter = match Filter::from_texts(text.lines()) {
            Ok(filter) => filter,
            Err(error) => {
                assert!(error.to_string().len() <= 8 * bytes.len() + 1000);
                return;
            }
        };
        let found = selected(&filter);
        let canonical: Value = serde_json::from_str(&filter.to_string()).expect("it is JSON");
        if is_expressible(&filter, &canonical) {
            same(&filter, &canonical, &found);
        }
    });
}

/// False for what JSON cannot say: words whose type is open, attributes with the names of `and`, `or` and `not`, and
/// everything or nothing.
fn is_expressible(filter: &Filter, canonical: &Value) -> bool {
    let mut names = filter.attributes();
    let is_named = names.any(|name| ["and", "or", "not", "word"].contains(&name));
    let is_constant = [json!({"and": []}), json!({"or": []})].contains(canonical);
    !is_named && !is_constant && !has_word(canonical)
}

fn has_word(canonical: &Value) -> bool {
    match canonical {
        Value::Object(members) => members.contains_key("word") || members.values().any(has_word),
        Value::Array(values) => values.iter().any(has_word),
        _ => false,
    }
}

fn same(filter: &Filter, canonical: &Value, found: &Result<Vec<String>, FilterError>) {
    match Filter::from_json(canonical) {
        Ok(again) => {
            assert_eq!(&again, filter);
            assert_eq!(again.to_string(), filter.to_string());
            assert_eq!(&selected(&again), found);
        }
        // Lists are joined, and a negation is pushed down to the conditions.
        Err(FilterError::TooDeep { .. } | FilterError::TooManyValues { .. }) => return,
        Err(other) => panic!("{filter} cannot be parsed: {other}"),
    }
    let Ok(opposite) = Filter::from_json(&json!({"not": canonical})) else {
        return;
    };
    let (Ok(found), Ok(others)) = (found, selected(&opposite)) else {
        return;
    };
    let all = found.len() + others.len();
    assert_eq!(all as u64, SNAPSHOT.images());
    assert!(!others.iter().any(|key| found.contains(key)));
}

/// Returns the keys of the images that a filter selects.
fn selected(filter: &Filter) -> Result<Vec<String>, FilterError> {
    let selection = SNAPSHOT.select(filter, &["declared".to_owned()])?;
    let request = SearchRequest {
        filter: Some(&selection),
        group_by: GroupBy::Image,
        ..SearchRequest::new(&[1.0, 0.5], 100)
    };
    let found = SNAPSHOT.search(request).expect("it fits the snapshot");
    assert_eq!(found.hits.len() as u64, selection.images());
    Ok(found.hits.into_iter().map(|hit| hit.key).collect())
}
