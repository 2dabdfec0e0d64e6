//! Comparing what rows say of their products with what the table says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lookalike_index::{Attributes, CATEGORY, LiveRows};
use serde::Serialize;

use super::current::Current;
use super::{Indexer, IndexingError};
use crate::error::StoreErrorKind;
use crate::filterable::{Filterable, attributes};
use crate::keys::{category_of, folder_of};
use crate::model::Metadata;

/// Products that the table is asked for at once.
const CHUNK: usize = 1000;

/// A picture of which an index says something else than the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Outdated {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
}

/// What the searched index says of a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexedPicture {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// The object version that was embedded, quotes included.
    pub etag: String,
    /// What it can be filtered by.
    pub attributes: Attributes,
}

impl IndexedPicture {
    /// Whether it is to say something else when this is its product's metadata. Where the product has no
    /// category, that which the picture has is taken to be its own.
    pub fn is_outdated(&self, filterable: &Filterable, metadata: &Metadata) -> bool {
        let wanted = filterable.of_product(metadata);
        compare(&self.key, &self.attributes, &wanted) == Verdict::Outdated
    }
}

/// What can be told of a row without asking its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It says what it should; a category that is that of its folder is taken to be right.
    Same,
    /// It says something else.
    Outdated,
    /// Its category is right if the picture says so, for nobody else does.
    AskPicture,
}

fn compare(key: &str, said: &Attributes, of_product: &Attributes) -> Verdict {
    if of_product.contains_key(CATEGORY) {
        return match said == of_product {
            true => Verdict::Same,
            false => Verdict::Outdated,
        };
    }
    let others = said.iter().filter(|(name, _)| *name != CATEGORY);
    if !others.eq(of_product.iter()) {
        return Verdict::Outdated;
    }
    let category = said.get(CATEGORY).map(|category| category.as_str());
    match category == folder_of(key).map(Some) {
        true => Verdict::Same,
        false => Verdict::AskPicture,
    }
}

impl Indexer {
    /// What the searched index says of the pictures of products, in key order.
    ///
    /// # Errors
    /// [`IndexingError`] when the index cannot be read.
    pub async fn pictures_of(
        &self,
        product_ids: &[String],
    ) -> Result<Vec<IndexedPicture>, IndexingError> {
        let (_, indexes) = self.all_indexes().await?;
        let Some(searched) = indexes.first() else {
            return Ok(Vec::new());
        };
        let products: BTreeSet<&String> = product_ids.iter().collect();
        let mut pictures: Vec<IndexedPicture> = products
            .into_iter()
            .flat_map(|product| pictures_of(&searched.view, product))
            .collect();
        pictures.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(pictures)
    }

    /// Every product that has a picture in any index. Those whose pictures are stored near to each other
    /// stand together: done in this order, little is read to update them.
    ///
    /// # Errors
    /// [`IndexingError`] when an index cannot be read.
    pub async fn indexed_products(&self) -> Result<Vec<String>, IndexingError> {
        let (_, indexes) = self.all_indexes().await?;
        let mut known = BTreeSet::new();
        let products = indexes.iter().flat_map(|index| products_of(&index.view));
        let new = products.filter(|product| known.insert(*product));
        Ok(new.map(str::to_owned).collect())
    }

    /// The pictures of which any index says something else than the table does now, in key order: what
    /// [`index_products`](Self::index_products) would update. Only a picture's own category that was
    /// changed without its bytes, and that formerly was its folder's, is not among them.
    ///
    /// # Errors
    /// [`IndexingError`] when an index, the table or the bucket cannot be read.
    pub async fn outdated(&self) -> Result<Vec<Outdated>, IndexingError> {
        let (_, indexes) = self.all_indexes().await?;
        let products: BTreeSet<&str> = indexes
            .iter()
            .flat_map(|index| products_of(&index.view))
            .collect();
        let products: Vec<&str> = products.into_iter().collect();
        let mut outdated = BTreeSet::new();
        for chunk in products.chunks(CHUNK) {
            self.compare_products(&indexes, chunk, &mut outdated)
                .await?;
        }
        Ok(outdated.into_iter().collect())
    }

    async fn compare_products(
        &self,
        indexes: &[Arc<Current>],
        products: &[&str],
        outdated: &mut BTreeSet<Outdated>,
    ) -> Result<(), IndexingError> {
        let facts = self.facts(products.iter().copied()).await?;
        let mut unclear: Vec<IndexedPicture> = Vec::new();
        let pictures = indexes.iter().flat_map(|index| {
            let view = &index.view;
            products.iter().flat_map(|id| pictures_of(view, id))
        });
        for picture in pictures {
            match compare(
                &picture.key,
                &picture.attributes,
                facts.of(&picture.product_id),
            ) {
                Verdict::Same => {}
                Verdict::Outdated => drop(outdated.insert(picture.into())),
                Verdict::AskPicture => unclear.push(picture),
            }
        }
        let heads = self.heads(unclear.iter().map(|p| p.key.as_str())).await;
        let heads: BTreeMap<_, _> = heads.into_iter().collect();
        for picture in unclear {
            let own = match heads.get(&picture.key) {
                Some(Ok(Some(head))) => category_of(&picture.key, &head.metadata),
                // Gone: another comparison tells of that.
                Some(Ok(None)) | None => continue,
                Some(Err(error)) if error.kind == StoreErrorKind::NotFound => continue,
                Some(Err(error)) => return Err(error.clone().into()),
            };
            if attributes(facts.of(&picture.product_id), own) != picture.attributes {
                outdated.insert(picture.into());
            }
        }
        Ok(())
    }
}

impl From<IndexedPicture> for Outdated {
    fn from(picture: IndexedPicture) -> Self {
        Self {
            key: picture.key,
            product_id: picture.product_id,
        }
    }
}

fn products_of(view: &LiveRows) -> impl Iterator<Item = &str> {
    view.addresses().map(|at| view.meta(at).product_id(at.row))
}

fn pictures_of(view: &LiveRows, product_id: &str) -> Vec<IndexedPicture> {
    let rows = view.rows_of_product(product_id);
    rows.map(|at| {
        let meta = view.meta(at);
        IndexedPicture {
            key: meta.key(at.row).to_owned(),
            product_id: product_id.to_owned(),
            etag: meta.etag(at.row).to_owned(),
            attributes: meta.attributes(at.row),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_picture_is_asked_only_where_nobody_else_knows() {
        let said =
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
            (json!({"category": "a"}), json!({}), Verdict::AskPicture),
            (json!({"category": 5}), json!({}), Verdict::AskPicture),
            (json!({}), json!({}), Verdict::AskPicture),
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
            let found = compare(key, &said(row.clone()), &said(product.clone()));
            assert_eq!(found, verdict, "{row} of {product}");
        }
        assert_eq!(
            compare("catalog/1.jpg", &said(json!({})), &said(json!({}))),
            Verdict::Same
        );
    }
}
