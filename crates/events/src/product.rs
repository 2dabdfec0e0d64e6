//! The keys of a product's item in the table, as in records of a DynamoDB stream.

use serde_json::Value;

/// Hash key of the table: the id of a product.
pub const PRODUCT_ID: &str = "product_id";
/// Range key of the table: an item of the product.
pub const ITEM: &str = "item";
/// The item with a product's metadata.
pub const PRODUCT_ITEM: &str = "product";

/// Returns the product whose metadata has these keys, which are the member `dynamodb.Keys` of a
/// stream's record; `None` for other items.
pub fn changed_product(keys: &Value) -> Option<&str> {
    let text = |name: &str| keys[name]["S"].as_str();
    text(PRODUCT_ID).filter(|_| text(ITEM) == Some(PRODUCT_ITEM))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_metadata_names_a_product() {
        let keys = |item: &str| json!({"product_id": {"S": "boot 7"}, "item": {"S": item}});
        assert_eq!(changed_product(&keys("product")), Some("boot 7"));
        for other in [
            keys("image#catalog/boot.jpg"),
            json!({"product_id": {"N": "7"}, "item": {"S": "product"}}),
            json!({"product_id": {"S": "7"}}),
            json!(null),
        ] {
            assert_eq!(changed_product(&other), None, "{other}");
        }
    }
}
