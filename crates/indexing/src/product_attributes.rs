//! Attributes of rows, read from the table once for a batch.

use std::collections::{BTreeSet, HashMap};

use lookalike_core::error::StoreError;
use lookalike_core::filterable::attributes;
use lookalike_core::keys::category_of;
use lookalike_core::model::ImageHead;
use lookalike_core::time::Deadline;
use lookalike_index::{Attributes, QuantizedVector, Row, RowAddress};
use tracing::error;

use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::observation::{Observation, Observed};
use crate::targets::IndexTarget;

/// Products whose metadata is in memory at once: each may have hundreds of kilobytes.
const MAX_PRODUCTS_AT_ONCE: usize = 400;

/// Attributes of products, as the table has them.
#[derive(Debug, Default)]
pub(crate) struct ProductAttributes {
    of_product: HashMap<String, Attributes>,
    none: Attributes,
}

impl ProductAttributes {
    /// Returns the attributes of a product; none if the table does not have it.
    pub(crate) fn of(&self, product_id: &str) -> &Attributes {
        self.of_product.get(product_id).unwrap_or(&self.none)
    }

    /// Returns the attributes that an image's row should have.
    pub(crate) fn of_image(&self, key: &str, product_id: &str, head: &ImageHead) -> Attributes {
        attributes(self.of(product_id), category_of(key, &head.metadata))
    }
}

impl Indexer {
    /// Reads the attributes of these products from the table, as they are now.
    pub(crate) async fn product_attributes<'a>(
        &self,
        product_ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<ProductAttributes, StoreError> {
        let ids: BTreeSet<&str> = product_ids.into_iter().collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let filterable = &self.settings.filterable;
        let mut product_attributes = ProductAttributes::default();
        for ids in ids.chunks(MAX_PRODUCTS_AT_ONCE) {
            let latest = self.ports.products.latest(ids).await?.into_iter();
            let kept = latest.map(|(id, metadata)| (id, filterable.of_product(&metadata)));
            product_attributes.of_product.extend(kept);
        }
        Ok(product_attributes)
    }

    /// Sets the attributes of every row to those that the table has of its product now. An image that is indexed as it
    /// is, but whose row has other attributes, gets a new row with the embedding that it has.
    pub(crate) async fn apply_attributes(
        &self,
        observed: &mut [(String, Observed)],
        targets: &[IndexTarget],
        deadline: Deadline,
    ) {
        let left = deadline
            .remaining()
            .saturating_sub(self.settings.publish_reserve);
        let products = observed.iter().filter_map(|(_, o)| o.product_id());
        let asked = tokio::time::timeout(left, self.product_attributes(products));
        let product_attributes = match asked.await {
            Ok(Ok(product_attributes)) => product_attributes,
            Ok(Err(error)) => return unavailable(observed, &error.to_string()),
            Err(_) => return unavailable(observed, "no time was left to ask for the products"),
        };
        for (place, target) in targets.iter().enumerate() {
            let outdated = complete_rows(observed, place, target, &product_attributes);
            let read = self.read_embeddings(target, &outdated);
            let reason = match tokio::time::timeout(left, read).await {
                Ok(Ok(embeddings)) => {
                    for (outdated, embedding) in outdated.into_iter().zip(embeddings) {
                        outdated.update(observed, place, embedding);
                    }
                    continue;
                }
                Ok(Err(error)) if place > 0 && error.is_lasting() => {
                    log_lasting(&target.encoder, &error);
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no time was left to read what is stored".to_owned(),
            };
            for outdated in outdated {
                let (_, observed) = &mut observed[outdated.position];
                observed.0[place] = Observation::Unavailable(reason.clone());
            }
        }
    }

    async fn read_embeddings(
        &self,
        target: &IndexTarget,
        outdated: &[OutdatedRow],
    ) -> Result<Vec<QuantizedVector>, IndexingError> {
        let rows: Vec<RowAddress> = outdated.iter().map(|outdated| outdated.at).collect();
        let reader = &self.publisher.reader;
        reader.embeddings(&target.current, &rows).await
    }

    /// Returns the keys whose published rows do not have the attributes of the table any more. The last writer looks
    /// last, here too: a product that changed between being read and being published is done again.
    pub(crate) async fn attributes_changed_since(
        &self,
        observed: &[(String, Observed)],
        deadline: Deadline,
    ) -> BTreeSet<String> {
        let written: Vec<(&String, &Row, &ImageHead)> = observed
            .iter()
            .filter_map(|(key, observed)| {
                let (row, head) = observed.row()?;
                Some((key, row, head))
            })
            .collect();
        let products = written.iter().map(|(_, row, _)| row.product_id.as_str());
        let product_attributes =
            tokio::time::timeout(deadline.remaining(), self.product_attributes(products)).await;
        // If the table does not answer, they may have changed.
        let product_attributes = product_attributes.ok().and_then(Result::ok);
        let is_current = |key: &str, row: &Row, head: &ImageHead| {
            let product_attributes = product_attributes.as_ref();
            product_attributes
                .is_some_and(|f| f.of_image(key, &row.product_id, head) == row.attributes)
        };
        written
            .into_iter()
            .filter(|(key, row, head)| !is_current(key, row, head))
            .map(|(key, ..)| key.clone())
            .collect()
    }
}

/// A row of an image that is indexed as it is, and its new attributes.
struct OutdatedRow {
    /// Its place among the observed.
    position: usize,
    at: RowAddress,
    product_id: String,
    attributes: Attributes,
    head: ImageHead,
}

impl OutdatedRow {
    /// Replaces the observation by one with the new row.
    fn update(self, observed: &mut [(String, Observed)], place: usize, embedding: QuantizedVector) {
        let (key, observed) = &mut observed[self.position];
        let row = Row {
            key: key.clone(),
            product_id: self.product_id,
            etag: self.head.etag.clone(),
            attributes: self.attributes,
            embedding,
        };
        observed.0[place] = Observation::AttributesUpdated {
            row: Box::new(row),
            head: self.head,
        };
    }
}

/// Completes the rows of new images, and returns those of known ones that have other attributes.
fn complete_rows(
    observed: &mut [(String, Observed)],
    place: usize,
    target: &IndexTarget,
    product_attributes: &ProductAttributes,
) -> Vec<OutdatedRow> {
    let mut outdated = Vec::new();
    for (position, (key, observed)) in observed.iter_mut().enumerate() {
        match &mut observed.0[place] {
            Observation::Image { row, head, .. } => {
                row.attributes = product_attributes.of_image(key, &row.product_id, head);
            }
            Observation::Unchanged { product_id, head } => {
                let attributes = product_attributes.of_image(key, product_id, head);
                if let Some(at) = target.current.view.locate(key)
                    && !target.current.matches(at, product_id, &attributes)
                {
                    outdated.push(OutdatedRow {
                        position,
                        at,
                        product_id: product_id.clone(),
                        attributes,
                        head: head.clone(),
                    });
                }
            }
            _ => {}
        }
    }
    outdated
}

/// Marks the images whose products could not be read.
fn unavailable(observed: &mut [(String, Observed)], reason: &str) {
    for (_, observed) in observed {
        for observation in &mut observed.0 {
            if observation.product_id().is_some() {
                *observation = Observation::Unavailable(reason.to_owned());
            }
        }
    }
}

/// Logs that an index which is not searched has rows that can never be updated: it must not stop the others.
pub(crate) fn log_lasting(encoder: &EncoderIdentity, error: &IndexingError) {
    error!(
        encoder = encoder.name,
        %error,
        "rows of a standby index cannot be brought up to date"
    );
}
