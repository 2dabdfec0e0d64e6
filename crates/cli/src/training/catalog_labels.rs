//! The labels of a catalog's images: an attribute of their products, or their own category.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_core::filterable::attributes;
use lookalike_core::keys::category_of;
use lookalike_core::{Filterable, Metadata, StoreError};
use lookalike_training::labeled::SEPARATOR;
use serde_json::Value;

use super::catalog_error::Attributes;

/// The attribute that images without one of their product have themselves.
pub(crate) const CATEGORY: &str = "category";
/// Products whose metadata is in memory at once.
const CHUNK_PRODUCTS: usize = 400;
/// Images whose object metadata is read at the same time.
const PARALLEL_IMAGES: usize = 32;

/// The labels of a catalog's images.
pub(super) struct CatalogLabels {
    /// The label of each key that has one.
    pub(super) labels: HashMap<String, String>,
    /// The attributes that could be labels.
    pub(super) attributes: Attributes,
}

impl CatalogLabels {
    /// Reads the labels of images, which are given as key and product.
    pub(super) async fn read(
        cloud: &Cloud,
        images: &[(String, String)],
        column: &str,
    ) -> Result<Self> {
        let declared: Filterable = column.parse()?;
        let (of_product, attributes) = of_products(cloud, images, column, &declared).await?;
        let mut labels = HashMap::new();
        let mut unlabeled = Vec::new();
        for (key, product) in images {
            match of_product.get(product) {
                Some(label) => drop(labels.insert(key.clone(), label.clone())),
                None => unlabeled.push(key.as_str()),
            }
        }
        if column == CATEGORY {
            labels.extend(own_categories(cloud, &unlabeled).await?);
        }
        Ok(Self { labels, attributes })
    }
}

async fn of_products(
    cloud: &Cloud,
    images: &[(String, String)],
    column: &str,
    declared: &Filterable,
) -> Result<(HashMap<String, String>, Attributes)> {
    let ids: BTreeSet<&str> = images.iter().map(|(_, product)| product.as_str()).collect();
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let (mut labels, mut found) = (HashMap::new(), Attributes::new());
    for ids in ids.chunks(CHUNK_PRODUCTS) {
        for (product, metadata) in cloud.products.get_many(ids).await? {
            for name in metadata.keys() {
                *found.entry(name.clone()).or_default() += 1;
            }
            if let Some(label) = label_of(declared, column, &metadata) {
                labels.insert(product, label);
            }
        }
    }
    Ok((labels, found))
}

/// Returns the value of an attribute as a label; a list of several texts gives several labels.
fn label_of(declared: &Filterable, column: &str, metadata: &Metadata) -> Option<String> {
    // The form in which the index keeps it, so that 50 and 50.0 are the same label.
    match declared.of_product(metadata).remove(column)? {
        Value::String(text) => Some(text),
        Value::Array(values) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            (!texts.is_empty()).then(|| texts.join(&SEPARATOR.to_string()))
        }
        value => Some(value.to_string()),
    }
}

/// Returns the categories that images have in their object metadata or by their folder, as the
/// indexer does.
async fn own_categories(
    cloud: &Cloud,
    keys: &[&str],
) -> Result<HashMap<String, String>, StoreError> {
    let reads = keys.iter().map(|key| async move {
        let head = cloud.pictures.head(key).await?;
        let own = head.and_then(|head| category_of(key, &head.metadata));
        let kept = attributes(&Default::default(), own).remove(CATEGORY);
        let label = kept.and_then(|value| value.as_str().map(str::to_owned));
        Ok::<_, StoreError>(label.map(|label| ((*key).to_owned(), label)))
    });
    let found: Vec<Option<(String, String)>> = stream::iter(reads)
        .buffer_unordered(PARALLEL_IMAGES)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_texts_numbers_truths_and_lists_of_texts() {
        let label = |value: Value| {
            let metadata = Metadata::from([("kind".to_owned(), value)]);
            label_of(&"kind".parse().unwrap(), "kind", &metadata)
        };
        for (value, expected) in [
            (json!("boot"), Some("boot")),
            (json!(50.0), Some("50")),
            (json!(true), Some("true")),
            (json!(["boot"]), Some("boot")),
            (json!(["boot", "shoe"]), Some("boot|shoe")),
            (json!([]), None),
            (json!(""), None),
            (json!(null), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(label(value.clone()).as_deref(), expected, "{value}");
        }
    }
}
