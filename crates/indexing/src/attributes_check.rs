//! Comparing the attributes of a row with its product's, without looking at its image.

use lookalike_core::keys::folder_of;
use lookalike_index::{Attributes, CATEGORY};

/// A judgment of a row without looking at its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its attributes are right; a category that is that of its folder is taken to be right.
    Same,
    /// Its attributes differ.
    Outdated,
    /// Its category is right if it is the image's own, which only the image can show.
    AskImage,
}

/// Compares the attributes of a row with those that the table has of its product.
pub(crate) fn compare(key: &str, found: &Attributes, of_product: &Attributes) -> Verdict {
    if of_product.contains_key(CATEGORY) {
        return match found == of_product {
            true => Verdict::Same,
            false => Verdict::Outdated,
        };
    }
    let others = found.iter().filter(|(name, _)| *name != CATEGORY);
    if !others.eq(of_product.iter()) {
        return Verdict::Outdated;
    }
    let category = found.get(CATEGORY).map(|category| category.as_str());
    match category == folder_of(key).map(Some) {
        true => Verdict::Same,
        false => Verdict::AskImage,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_image_is_asked_only_where_nothing_else_has_its_category() {
        let attributes =
            |value: serde_json::Value| -> Attributes { serde_json::from_value(value).unwrap() };
        let key = "catalog/shoes/1.jpg";
        for (row, product, verdict) in [
            (
                json!({"category": "a"}),
                json!({"category": "a"}),
                Verdict::Same,
            ),
            (
                json!({"category": "a"}),
                json!({"category": "b"}),
                Verdict::Outdated,
            ),
            (json!({"category": "shoes"}), json!({}), Verdict::Same),
            (json!({"category": "a"}), json!({}), Verdict::AskImage),
            (json!({"category": 5}), json!({}), Verdict::AskImage),
            (json!({}), json!({}), Verdict::AskImage),
            (
                json!({"category": "a", "price": 1}),
                json!({}),
                Verdict::Outdated,
            ),
            (
                json!({"category": "shoes", "price": 1}),
                json!({"price": 1}),
                Verdict::Same,
            ),
            (
                json!({"category": "shoes"}),
                json!({"price": 1}),
                Verdict::Outdated,
            ),
        ] {
            let found = compare(key, &attributes(row.clone()), &attributes(product.clone()));
            assert_eq!(found, verdict, "{row} of {product}");
        }
        assert_eq!(
            compare(
                "catalog/1.jpg",
                &attributes(json!({})),
                &attributes(json!({}))
            ),
            Verdict::Same
        );
    }
}
