//! Comparing products' metadata.

use serde_json::Value;

use crate::model::Metadata;

/// True if two products' metadata are equal. Numbers that are equal are the same however they are
/// written, 50 or 50.0, because the table does not keep the difference.
pub fn same_metadata(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|((name, value), (other, as_other))| name == other && same(value, as_other))
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let integers = a.as_i128().zip(b.as_i128());
            integers.map_or_else(|| a.as_f64() == b.as_f64(), |(a, b)| a == b)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn metadata(value: Value) -> Metadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn metadata_is_the_same_however_its_numbers_are_written() {
        let same = |a, b| same_metadata(&metadata(a), &metadata(b));
        assert!(same(
            json!({"a": 50.0, "b": [1, {"c": 2.0}]}),
            json!({"a": 50, "b": [1.0, {"c": 2}]})
        ));
        assert!(!same(json!({"a": 50}), json!({"a": 51})));
        assert!(!same(json!({"a": 50}), json!({"a": "50"})));
        assert!(!same(json!({"a": 1}), json!({"a": 1, "b": 1})));
        assert!(!same(json!({"a": [1]}), json!({"a": [1, 1]})));
        let (large, larger) = (9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64);
        assert!(!same(json!({"a": large}), json!({"a": larger})));
    }
}
