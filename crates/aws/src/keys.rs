//! The keys of the table.

pub(crate) use lookalike_events::{ITEM, PRODUCT_ID, PRODUCT_ITEM};
use sha2::{Digest, Sha256};

/// Hash key of the index of failures, and its only value: items without it are not in that index.
pub(crate) const FAILED: &str = "failed";
/// Name of the index of failures.
pub(crate) const FAILED_INDEX: &str = "failed";

/// Most bytes of a product id: DynamoDB's limit for a hash key.
pub(crate) const MOST_PRODUCT_ID_BYTES: usize = 2048;
/// DynamoDB's limit for a range key.
const MOST_ITEM_BYTES: usize = 1024;

const IMAGE_PREFIX: &str = "image#";

/// Whether DynamoDB can hold the id.
pub(crate) fn is_product_id(id: &str) -> bool {
    (1..=MOST_PRODUCT_ID_BYTES).contains(&id.len())
}

/// The item of a picture: `image#<key>`. S3 keys may have 1024 bytes, of which a range key has no room
/// for the last few: the tail of such a key is replaced by the key's SHA-256.
pub(crate) fn image_item(key: &str) -> String {
    if IMAGE_PREFIX.len() + key.len() <= MOST_ITEM_BYTES {
        return format!("{IMAGE_PREFIX}{key}");
    }
    let digest: String = Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let room = MOST_ITEM_BYTES - IMAGE_PREFIX.len() - 1 - digest.len();
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
