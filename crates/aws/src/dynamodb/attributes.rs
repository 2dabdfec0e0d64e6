//! JSON values as DynamoDB attributes and back.
//!
//! Text, booleans, null, lists and maps come back exactly. Numbers come back with the same value:
//! DynamoDB keeps 38 decimal digits, more than JSON numbers have here, but drops trailing zeros, so
//! that `1.0` comes back as `1`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;
use serde_json::{Map, Number, Value};

/// End of DynamoDB's range of numbers: 9.99…E+125 on one side and 1E-130 on the other.
const TOO_LARGE: f64 = 1e126;
const TOO_SMALL: f64 = 1e-130;

/// A number that DynamoDB cannot hold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the number {0} is out of DynamoDB's range: its magnitude must be 0 or between 1e-130 and 1e126"
)]
pub(crate) struct OutOfRange(Number);

/// Converts `value` to an attribute.
pub(crate) fn from_json(value: &Value) -> Result<AttributeValue, OutOfRange> {
    Ok(match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(decimal(number)?),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => {
            AttributeValue::L(values.iter().map(from_json).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => AttributeValue::M(map_from_json(fields)?),
    })
}

/// Converts named values to a map's attributes.
pub(crate) fn map_from_json<'v>(
    fields: impl IntoIterator<Item = (&'v String, &'v Value)>,
) -> Result<HashMap<String, AttributeValue>, OutOfRange> {
    fields
        .into_iter()
        .map(|(name, value)| Ok((name.clone(), from_json(value)?)))
        .collect()
}

/// Converts `attribute` to JSON. Types that JSON lacks and another program may have stored are
/// converted: sets to lists, binary to base64 text.
pub(crate) fn to_json(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(decimal) => number(decimal),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => values.into_iter().map(to_json).collect(),
        AttributeValue::M(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, to_json(value)))
                .collect::<Map<_, _>>(),
        ),
        AttributeValue::Ss(texts) => texts.into_iter().map(Value::String).collect(),
        AttributeValue::Ns(decimals) => decimals.into_iter().map(number).collect(),
        AttributeValue::B(bytes) => Value::String(base64::encode(bytes)),
        AttributeValue::Bs(blobs) => blobs.into_iter().map(base64::encode).collect(),
        _ => Value::Null,
    }
}

fn decimal(number: &Number) -> Result<String, OutOfRange> {
    let magnitude = number.as_f64().unwrap_or_default().abs();
    if magnitude == 0.0 || (TOO_SMALL..TOO_LARGE).contains(&magnitude) {
        Ok(number.to_string())
    } else {
        Err(OutOfRange(number.clone()))
    }
}

/// Converts a decimal to a JSON number: an integer if it is one that fits, otherwise the nearest
/// `f64`.
fn number(decimal: String) -> Value {
    if let Ok(integer) = decimal.parse::<i64>() {
        return integer.into();
    }
    if let Ok(integer) = decimal.parse::<u64>() {
        return integer.into();
    }
    match decimal.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(decimal),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_smithy_types::Blob;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_back() {
        let value = json!({
            "name": "Röcke & Co \u{0} 🦀", "empty": "", "price": 19.99, "stock": 0, "low": -7,
            "most": u64::MAX, "least": i64::MIN, "tiny": 1e-7, "huge": 1.5e100, "tenth": 0.1,
            "yes": true, "no": false, "none": null, "sizes": [36, "M", [], {}],
            "nested": {"a": {"b": [1, 2.5]}}, "digits": "007",
        });
        assert_eq!(to_json(from_json(&value).unwrap()), value);
    }

    #[test]
    fn numbers_keep_their_decimal_text() {
        for (value, text) in [
            (json!(19.99), "19.99"),
            (json!(18446744073709551615u64), "18446744073709551615"),
            (json!(-0.001), "-0.001"),
        ] {
            assert_eq!(
                from_json(&value).unwrap(),
                AttributeValue::N(text.to_owned())
            );
        }
    }

    #[test]
    fn numbers_outside_of_dynamodbs_range_are_refused() {
        for number in [1e126, -1e300, 1e-131, 5e-324] {
            let refused = from_json(&json!([number])).unwrap_err().to_string();
            assert!(refused.contains("out of DynamoDB's range"), "{refused}");
        }
        assert!(from_json(&json!([0.0, 9.9e125, 1e-130])).is_ok());
    }

    #[test]
    fn values_of_other_programs_are_read() {
        for (attribute, value) in [
            (AttributeValue::N("1E+3".to_owned()), json!(1000.0)),
            (
                AttributeValue::N("12345678901234567890123".to_owned()),
                json!(12345678901234567890123.0),
            ),
            (AttributeValue::Ss(vec!["a".to_owned()]), json!(["a"])),
            (
                AttributeValue::Ns(vec!["1".to_owned(), "2.5".to_owned()]),
                json!([1, 2.5]),
            ),
            (AttributeValue::B(Blob::new(b"abc")), json!("YWJj")),
        ] {
            assert_eq!(to_json(attribute), value);
        }
    }

    proptest! {
        #[test]
        fn every_number_in_range_comes_back(number in proptest::num::f64::NORMAL) {
            let value = json!(number);
            if let Ok(attribute) = from_json(&value) {
                prop_assert_eq!(to_json(attribute).as_f64(), Some(number));
            }
        }
    }
}
