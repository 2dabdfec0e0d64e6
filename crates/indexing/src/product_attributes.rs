//! What rows say of their products, beside the embedding: asked of the table once for a batch.

use std::collections::{BTreeSet, HashMap};

use lookalike_core::error::StoreError;
use lookalike_core::filterable::attributes;
use lookalike_core::keys::category_of;
use lookalike_core::model::ImageHead;
use lookalike_core::time::Deadline;
use lookalike_index::{Attributes, QuantizedVector, Row, RowAddress};
use tracing::error;

use crate::indexer::Indexer;
use crate::observe::{Observation, Observed};
use crate::report::IndexingError;
use crate::targets::IndexTarget;

/// Products whose metadata is in memory at once: each may have hundreds of kilobytes.
const ASKED_AT_ONCE: usize = 400;

/// What the index keeps of products' metadata, as the table has it.
#[derive(Debug, Default)]
pub(crate) struct ProductAttributes {
    of_product: HashMap<String, Attributes>,
    none: Attributes,
}

impl ProductAttributes {
    /// Nothing for a product of which the table says nothing.
    pub(crate) fn of(&self, product_id: &str) -> &Attributes {
        self.of_product.get(product_id).unwrap_or(&self.none)
    }

    /// Returns the attributes that an image's row should have.
    fn of_image(&self, key: &str, product_id: &str, head: &ImageHead) -> Attributes {
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
        for ids in ids.chunks(ASKED_AT_ONCE) {
            let latest = self.ports.products.latest(ids).await?.into_iter();
            let kept = latest.map(|(id, metadata)| (id, filterable.of_product(&metadata)));
            product_attributes.of_product.extend(kept);
        }
        Ok(product_attributes)
    }

    /// Lets every row say what the table says of its product now. An image that is indexed as it is, but
    /// of which the row says something else, gets a new row with the embedding that it has.
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
        let product_attributes =
            match tokio::time::timeout(left, self.product_attributes(products)).await {
                Ok(Ok(product_attributes)) => product_attributes,
                Ok(Err(error)) => return unavailable(observed, &error.to_string()),
                Err(_) => return unavailable(observed, "no time was left to ask for the products"),
            };
        for (place, target) in targets.iter().enumerate() {
            let outdated = label(observed, place, target, &product_attributes);
            let rows: Vec<RowAddress> = outdated.iter().map(|outdated| outdated.at).collect();
            let stored = self.publisher.reader.embeddings(&target.current, &rows);
            let read = match tokio::time::timeout(left, stored).await {
                Ok(read) => read.map_err(Some),
                Err(_) => Err(None),
            };
            match read {
                Ok(embeddings) => {
                    for (outdated, embedding) in outdated.into_iter().zip(embeddings) {
                        outdated.relabel(observed, place, embedding);
                    }
                }
                Err(Some(error)) if place > 0 && error.is_lasting() => error!(
                    encoder = target.encoder.name,
                    %error,
                    "rows of a side index cannot be brought up to date"
                ),
                Err(error) => {
                    let reason = error.map_or_else(
                        || "no time was left to read what is stored".to_owned(),
                        |error| error.to_string(),
                    );
                    for outdated in outdated {
                        let (_, observed) = &mut observed[outdated.position];
                        *observed.of_mut(place) = Observation::Unavailable(reason.clone());
                    }
                }
            }
        }
    }

    /// The keys whose published rows do not say any more what the table says. The last writer looks
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
        // Not knowing is as good as changed.
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

/// A row of an image that is indexed as it is, and what it is to say.
struct OutdatedRow {
    /// Its place among the observed.
    position: usize,
    at: RowAddress,
    product_id: String,
    attributes: Attributes,
    head: ImageHead,
}

impl OutdatedRow {
    fn relabel(
        self,
        observed: &mut [(String, Observed)],
        place: usize,
        embedding: QuantizedVector,
    ) {
        let (key, observed) = &mut observed[self.position];
        let row = Row {
            key: key.clone(),
            product_id: self.product_id,
            etag: self.head.etag.clone(),
            attributes: self.attributes,
            embedding,
        };
        *observed.of_mut(place) = Observation::AttributesUpdated {
            row: Box::new(row),
            head: self.head,
        };
    }
}

/// Completes the rows of new images, and finds those of known ones that say something else.
fn label(
    observed: &mut [(String, Observed)],
    place: usize,
    target: &IndexTarget,
    product_attributes: &ProductAttributes,
) -> Vec<OutdatedRow> {
    let mut outdated = Vec::new();
    for (position, (key, observed)) in observed.iter_mut().enumerate() {
        match observed.of_mut(place) {
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

/// Nothing can be said of images whose products are not to be had.
fn unavailable(observed: &mut [(String, Observed)], reason: &str) {
    for (_, observed) in observed {
        for observation in observed.each_mut() {
            if observation.product_id().is_some() {
                *observation = Observation::Unavailable(reason.to_owned());
            }
        }
    }
}

impl IndexingError {
    /// True if the same will fail again, whatever others do meanwhile.
    pub(crate) fn is_lasting(&self) -> bool {
        !self.may_pass() && !self.is_missing_segment()
    }
}
