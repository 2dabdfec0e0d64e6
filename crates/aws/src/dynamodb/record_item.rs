//! An image record as an item of the table and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_core::{Failure, ImageRecord};
use lookalike_events::{ITEM, PRODUCT_ID};

use crate::dynamodb::item::Item;
use crate::dynamodb::keys::{FAILED, image_item};

/// Converts a record to an item. Only a failure has the attribute `failed`, and so an entry in its
/// index.
pub(crate) fn from_record(record: &ImageRecord) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut item = HashMap::from([
        (PRODUCT_ID.to_owned(), text(&record.product_id)),
        (ITEM.to_owned(), AttributeValue::S(image_item(&record.key))),
        ("key".to_owned(), text(&record.key)),
        ("etag".to_owned(), text(&record.etag)),
        (
            "bytes".to_owned(),
            AttributeValue::N(record.bytes.to_string()),
        ),
        ("encoder".to_owned(), text(&record.encoder)),
        ("at".to_owned(), text(&record.at)),
    ]);
    if let Some(failure) = &record.failure {
        item.insert(FAILED.to_owned(), text(FAILED));
        item.insert("code".to_owned(), text(&failure.code));
        item.insert("reason".to_owned(), text(&failure.reason));
    }
    item
}

/// Converts an item to a record; `None` if another program stored the item.
pub(crate) fn to_record(mut item: Item) -> Option<ImageRecord> {
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
        _ => None,
    };
    let failure = match text(FAILED) {
        Some(_) => Some(Failure {
            code: text("code")?,
            reason: text("reason")?,
        }),
        None => None,
    };
    Some(ImageRecord {
        key: text("key")?,
        product_id: text(PRODUCT_ID)?,
        etag: text("etag")?,
        bytes: text("bytes")?.parse().ok()?,
        encoder: text("encoder")?,
        at: text("at")?,
        failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ImageRecord {
        ImageRecord {
            key: "catalog/a b+c.jpg".to_owned(),
            product_id: "a b+c".to_owned(),
            etag: "\"e\"".to_owned(),
            bytes: u64::MAX,
            encoder: "00ff".to_owned(),
            at: "2026-01-02T03:04:05Z".to_owned(),
            failure: None,
        }
    }

    #[test]
    fn records_come_back() {
        let good = record();
        assert!(!from_record(&good).contains_key(FAILED));
        assert_eq!(to_record(from_record(&good)), Some(good));
        let failed = ImageRecord {
            failure: Some(Failure {
                code: "corrupt".to_owned(),
                reason: "the JPEG ends early".to_owned(),
            }),
            ..record()
        };
        assert_eq!(to_record(from_record(&failed)), Some(failed));
    }

    #[test]
    fn other_items_are_not_records() {
        let mut item = from_record(&record());
        item.remove("at");
        assert_eq!(to_record(item), None);
    }
}
