//! The definition of the table, for the local cloud; `template.yaml` says the same to AWS.

use serde_json::{Value, json};

use crate::keys::{FAILED, FAILED_INDEX, ITEM, PRODUCT_ID};

/// The `CreateTable` request for a table of this name: keyed by product id and item, on demand, with
/// the sparse index of failures.
pub fn create_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": PRODUCT_ID, "AttributeType": "S"},
            {"AttributeName": ITEM, "AttributeType": "S"},
            {"AttributeName": FAILED, "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": PRODUCT_ID, "KeyType": "HASH"},
            {"AttributeName": ITEM, "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": FAILED_INDEX,
            "KeySchema": [
                {"AttributeName": FAILED, "KeyType": "HASH"},
                {"AttributeName": ITEM, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }],
    })
}
