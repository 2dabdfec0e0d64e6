//! The keys of a vector base's table.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb::item::Item;

/// The hash key of the table, and the range key of its index by product.
pub(super) const KEY: &str = "key";
/// The key of the item that describes the base. Keys of images begin with a folder's name.
pub(super) const DESCRIPTION_KEY: &str = "#base";
/// DynamoDB's limit for the range key of an index, in bytes. No key of S3 is longer.
pub(super) const MAX_KEY_BYTES: usize = 1024;

/// True if a row can have this key.
pub(super) fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len()) && key != DESCRIPTION_KEY
}

/// Returns the primary key of an entry.
pub(super) fn primary_key(key: &str) -> Item {
    Item::from([(KEY.to_owned(), AttributeValue::S(key.to_owned()))])
}

/// Returns the key in an item.
pub(super) fn key_of(item: &Item) -> Option<&String> {
    item.get(KEY)?.as_s().ok()
}
