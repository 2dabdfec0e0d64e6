//! The item that describes a vector base. A table's schema tells dimensions and the number of fields, but neither the
//! encoder nor what the fields are.

use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_core::vector_base::BaseAddress;
use serde_json::{Value, json};

use super::keys::{DESCRIPTION_KEY, primary_key};
use crate::dynamodb::item::Item;

const DESCRIPTION: &str = "description";

/// Returns the item of a base.
pub(super) fn description_item(base: &BaseAddress) -> Item {
    let mut item = primary_key(DESCRIPTION_KEY);
    let description = AttributeValue::S(description(base).to_string());
    item.insert(DESCRIPTION.to_owned(), description);
    item
}

/// True if this is the item of the base.
pub(super) fn describes(item: &Item, base: &BaseAddress) -> bool {
    let text = item.get(DESCRIPTION).and_then(|text| text.as_s().ok());
    let found = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    found == Some(description(base))
}

fn description(base: &BaseAddress) -> Value {
    json!({
        "encoder": base.fingerprint,
        "dimensions": base.dimensions,
        "layout": base.layout,
    })
}
