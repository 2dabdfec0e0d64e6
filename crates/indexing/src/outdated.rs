//! Finding rows whose attributes are not those that the table has of their products.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::filterable::{Filterable, attributes};
use lookalike_core::keys::category_of;
use lookalike_core::model::Metadata;
use lookalike_core::time::Deadline;
use lookalike_index::{Attributes, LiveRows};
use serde::Serialize;
use tracing::warn;

use crate::attributes_check::{Verdict, compare};
use crate::current::Current;
use crate::error::IndexingError;
use crate::healing::MIN_TIME;
use crate::indexer::Indexer;
use crate::vector_base::Touched;

/// Products that the table is asked for at once.
const CHUNK: usize = 1000;

/// Longer than any comparison.
const UNLIMITED: Duration = Duration::from_secs(7 * 24 * 3600);

/// An image whose attributes in an index differ from those in the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Outdated {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
}

/// A row of the searched index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexedImage {
    /// The image key.
    pub key: String,
    /// The product it shows.
    pub product_id: String,
    /// The object version that was embedded, quotes included.
    pub etag: String,
    /// The attributes it can be filtered by.
    pub attributes: Attributes,
}

impl IndexedImage {
    /// True if its attributes must change when this is its product's metadata. If the product has no
    /// category, that of the image is taken to be its own.
    pub fn is_outdated(&self, filterable: &Filterable, metadata: &Metadata) -> bool {
        let wanted = filterable.of_product(metadata);
        compare(&self.key, &self.attributes, &wanted) == Verdict::Outdated
    }
}

impl Indexer {
    /// Returns the rows of the searched index for the images of products, in key order.
    ///
    /// # Errors
    /// [`IndexingError`] when the index cannot be read.
    pub async fn images_of(
        &self,
        product_ids: &[String],
    ) -> Result<Vec<IndexedImage>, IndexingError> {
        let (_, indexes) = self.all_indexes().await?;
        let Some(searched) = indexes.first() else {
            return Ok(Vec::new());
        };
        let products: BTreeSet<String> = product_ids.iter().cloned().collect();
        let reader = &self.publisher.reader;
        let touched = Touched::Products(&products);
        let searched = reader.with_touched(searched, touched).await?;
        let mut images: Vec<IndexedImage> = products
            .iter()
            .flat_map(|product| images_of(&searched.view, product))
            .collect();
        images.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(images)
    }

    /// Returns every product that has an image in any index. Those whose images are stored near to each other
    /// stand together: done in this order, little is read to update them.
    ///
    /// # Errors
    /// [`IndexingError`] when an index cannot be read.
    pub async fn indexed_products(&self) -> Result<Vec<String>, IndexingError> {
        let (_, indexes) = self.all_indexes().await?;
        let mut known: HashSet<String> = HashSet::new();
        let mut products = Vec::new();
        let mut parts = self.publisher.reader.parts(&indexes);
        while let Some(part) = parts.next().await? {
            for product in part.iter().flat_map(|index| products_of(&index.view)) {
                if !known.contains(product) {
                    known.insert(product.to_owned());
                    products.push(product.to_owned());
                }
            }
        }
        Ok(products)
    }

    /// Returns the images whose attributes in any index differ from those in the table now, in key order:
    /// [`index_products`](Self::index_products) would update them. Only an image's own category that was
    /// changed without its bytes, and that formerly was its folder's, is not among them.
    ///
    /// # Errors
    /// [`IndexingError`] when an index, the table or the bucket cannot be read.
    pub async fn outdated(&self) -> Result<Vec<Outdated>, IndexingError> {
        self.outdated_within(Deadline::after(UNLIMITED)).await
    }

    /// Does the same as far as the time goes.
    pub(crate) async fn outdated_within(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<Outdated>, IndexingError> {
        let indexes = self.publisher.reader.read_all().await?.readable()?;
        let mut outdated = BTreeSet::new();
        let mut parts = self.publisher.reader.parts(&indexes);
        while let Some(part) = parts.next().await? {
            let products = part.iter().flat_map(|index| products_of(&index.view));
            let products: BTreeSet<&str> = products.collect();
            let products: Vec<&str> = products.into_iter().collect();
            for chunk in products.chunks(CHUNK) {
                self.compare_products(&part, chunk, &mut outdated).await?;
            }
            if !parts.is_done() && deadline.remaining() < MIN_TIME {
                warn!(
                    "no time is left to compare all rows with the table; `lookalike index verify --repair` does"
                );
                break;
            }
        }
        Ok(outdated.into_iter().collect())
    }

    async fn compare_products(
        &self,
        indexes: &[Arc<Current>],
        products: &[&str],
        outdated: &mut BTreeSet<Outdated>,
    ) -> Result<(), IndexingError> {
        let product_attributes = self.product_attributes(products.iter().copied()).await?;
        let mut unclear: Vec<IndexedImage> = Vec::new();
        let images = indexes.iter().flat_map(|index| {
            let view = &index.view;
            products.iter().flat_map(|id| images_of(view, id))
        });
        for image in images {
            match compare(
                &image.key,
                &image.attributes,
                product_attributes.of(&image.product_id),
            ) {
                Verdict::Same => {}
                Verdict::Outdated => drop(outdated.insert(image.into())),
                Verdict::AskImage => unclear.push(image),
            }
        }
        let heads = self.heads(unclear.iter().map(|p| p.key.as_str())).await;
        let heads: BTreeMap<_, _> = heads.into_iter().collect();
        for image in unclear {
            let own = match heads.get(&image.key) {
                Some(Ok(Some(head))) => category_of(&image.key, &head.metadata),
                // Gone: another comparison finds that.
                Some(Ok(None)) | None => continue,
                Some(Err(error)) if error.kind.is_retryable() => return Err(error.clone().into()),
                // An object that cannot be read must not hide what is outdated elsewhere.
                Some(Err(error)) => {
                    warn!(key = image.key, %error, "an image cannot be compared with the table");
                    continue;
                }
            };
            if attributes(product_attributes.of(&image.product_id), own) != image.attributes {
                outdated.insert(image.into());
            }
        }
        Ok(())
    }
}

impl From<IndexedImage> for Outdated {
    fn from(image: IndexedImage) -> Self {
        Self {
            key: image.key,
            product_id: image.product_id,
        }
    }
}

fn products_of(view: &LiveRows) -> impl Iterator<Item = &str> {
    view.addresses().map(|at| view.meta(at).product_id(at.row))
}

fn images_of(view: &LiveRows, product_id: &str) -> Vec<IndexedImage> {
    let rows = view.rows_of_product(product_id);
    rows.map(|at| {
        let meta = view.meta(at);
        IndexedImage {
            key: meta.key(at.row).to_owned(),
            product_id: product_id.to_owned(),
            etag: meta.etag(at.row).to_owned(),
            attributes: meta.attributes(at.row),
        }
    })
    .collect()
}
