//! The definition of the table for the local cloud; `template.yaml` has the same for AWS.

use lookalike_events::{ITEM, PRODUCT_ID};
use serde_json::{Value, json};

use crate::dynamodb::keys::{FAILED, FAILED_INDEX};

/// Returns the `CreateTable` request for a table of this name: keyed by product id and item, on
/// demand, with the sparse index of failures, and with a stream that names the items that were
/// written.
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
        // The receiver of a key reads the current item: the keys are enough.
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
    })
}
