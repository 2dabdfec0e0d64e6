//! The keys of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_events::{ITEM, PRODUCT_ID};
use sha2::{Digest, Sha256};

use crate::dynamodb::item::Item;

/// Hash key of the index of failures, and its only value: items without it are not in that index.
pub(crate) const FAILED: &str = "failed";
/// Name of the index of failures.
pub(crate) const FAILED_INDEX: &str = "failed";

/// Maximum length of a product id in bytes: DynamoDB's limit for a hash key.
pub(crate) const MAX_PRODUCT_ID_BYTES: usize = 2048;
/// DynamoDB's limit for a range key, in bytes.
const MAX_ITEM_BYTES: usize = 1024;

const IMAGE_PREFIX: &str = "image#";

/// Returns the primary key of an item of a product.
pub(crate) fn primary_key(product_id: &str, item: String) -> Item {
    Item::from([
        (
            PRODUCT_ID.to_owned(),
            AttributeValue::S(product_id.to_owned()),
        ),
        (ITEM.to_owned(), AttributeValue::S(item)),
    ])
}

/// True if DynamoDB can store the id.
pub(crate) fn is_product_id(id: &str) -> bool {
    (1..=MAX_PRODUCT_ID_BYTES).contains(&id.len())
}

/// Returns the item of an image: `image#<key>`. S3 keys may have 1024 bytes, and a range key has no
/// room for the last few: the key's SHA-256 replaces the tail of such a key.
pub(crate) fn image_item(key: &str) -> String {
    if IMAGE_PREFIX.len() + key.len() <= MAX_ITEM_BYTES {
        return format!("{IMAGE_PREFIX}{key}");
    }
    let digest = hex::encode(Sha256::digest(key.as_bytes()));
    let room = MAX_ITEM_BYTES - IMAGE_PREFIX.len() - 1 - digest.len();
    let start = &key[..key.floor_char_boundary(room)];
    format!("{IMAGE_PREFIX}{start}#{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_item_names_its_key() {
        assert_eq!(
            image_item("catalog/shoes/1163.jpg"),
            "image#catalog/shoes/1163.jpg"
        );
    }

    #[test]
    fn long_keys_fit_and_stay_apart() {
        let fits = "k".repeat(1018);
        assert_eq!(image_item(&fits), format!("image#{fits}"));
        for letter in ["k", "ö", "🦀"] {
            let long = letter.repeat(1024 / letter.len());
            let other = format!("{}x", &long[..long.len() - letter.len()]);
            assert!(image_item(&long).len() <= 1024);
            assert_ne!(image_item(&long), image_item(&other));
        }
    }
}
