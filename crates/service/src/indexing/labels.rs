//! What rows say of their products, beside the embedding: asked of the table once for a batch.

use std::collections::{BTreeSet, HashMap};

use lookalike_index::{Attributes, RowAddress, QuantizedVector, Row};
use tracing::error;

use super::lanes::Lane;
use super::observe::{Observation, Observed};
use super::{Indexer, IndexingError};
use crate::error::StoreError;
use crate::filterable::attributes;
use crate::keys::category_of;
use crate::model::PictureHead;
use crate::time::Deadline;

/// Products whose metadata is in memory at once: each may have hundreds of kilobytes.
const ASKED_AT_ONCE: usize = 400;

/// What the index keeps of products' metadata, as the table has it.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    of_product: HashMap<String, Attributes>,
    none: Attributes,
}

impl Facts {
    /// Nothing for a product of which the table says nothing.
    pub(crate) fn of(&self, product_id: &str) -> &Attributes {
        self.of_product.get(product_id).unwrap_or(&self.none)
    }

    /// What a picture's row is to say.
    fn of_picture(&self, key: &str, product_id: &str, head: &PictureHead) -> Attributes {
        attributes(self.of(product_id), category_of(key, &head.metadata))
    }
}

impl Indexer {
    /// What the table says of these products now.
    pub(crate) async fn facts<'a>(
        &self,
        product_ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<Facts, StoreError> {
        let ids: BTreeSet<&str> = product_ids.into_iter().collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let filterable = &self.settings.filterable;
        let mut facts = Facts::default();
        for ids in ids.chunks(ASKED_AT_ONCE) {
            let latest = self.ports.products.latest(ids).await?.into_iter();
            let kept = latest.map(|(id, metadata)| (id, filterable.of_product(&metadata)));
            facts.of_product.extend(kept);
        }
        Ok(facts)
    }

    /// Lets every row say what the table says of its product now. A picture that is indexed as it is, but
    /// of which the row says something else, gets a new row with the embedding that it has.
    pub(crate) async fn label_all(
        &self,
        observed: &mut [(String, Observed)],
        lanes: &[Lane],
        deadline: Deadline,
    ) {
        let left = deadline
            .remaining()
            .saturating_sub(self.settings.publish_reserve);
        let products = observed.iter().filter_map(|(_, o)| o.product_id());
        let facts = match tokio::time::timeout(left, self.facts(products)).await {
            Ok(Ok(facts)) => facts,
            Ok(Err(error)) => return unavailable(observed, &error.to_string()),
            Err(_) => return unavailable(observed, "no time was left to ask for the products"),
        };
        for (place, lane) in lanes.iter().enumerate() {
            let outdated = label(observed, place, lane, &facts);
            let rows: Vec<RowAddress> = outdated.iter().map(|outdated| outdated.at).collect();
            let stored = self.publisher.reader.embeddings(&lane.current, &rows);
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
                    encoder = lane.encoder.name,
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

    /// The keys whose published rows do not say any more what the table says. Whoever writes last looks
    /// last, here too: a product that changed between being read and being published is done again.
    pub(crate) async fn relabelled_since(
        &self,
        observed: &[(String, Observed)],
        deadline: Deadline,
    ) -> BTreeSet<String> {
        let written: Vec<(&String, &Row, &PictureHead)> = observed
            .iter()
            .filter_map(|(key, observed)| {
                let (row, head) = observed.row()?;
                Some((key, row, head))
            })
            .collect();
        let products = written.iter().map(|(_, row, _)| row.product_id.as_str());
        let facts = tokio::time::timeout(deadline.remaining(), self.facts(products)).await;
        // Not knowing is as good as changed.
        let facts = facts.ok().and_then(Result::ok);
        let says = |key: &str, row: &Row, head: &PictureHead| {
            let facts = facts.as_ref();
            facts.is_some_and(|f| f.of_picture(key, &row.product_id, head) == row.attributes)
        };
        written
            .into_iter()
            .filter(|(key, row, head)| !says(key, row, head))
            .map(|(key, ..)| key.clone())
            .collect()
    }
}

/// A row of a picture that is indexed as it is, and what it is to say.
struct OutdatedRow {
    /// Its place among the observed.
    position: usize,
    at: RowAddress,
    product_id: String,
    attributes: Attributes,
    head: PictureHead,
}

impl OutdatedRow {
    fn relabel(self, observed: &mut [(String, Observed)], place: usize, embedding: QuantizedVector) {
        let (key, observed) = &mut observed[self.position];
        let row = Row {
            key: key.clone(),
            product_id: self.product_id,
            etag: self.head.etag.clone(),
            attributes: self.attributes,
            embedding,
        };
        *observed.of_mut(place) = Observation::Relabelled {
            row: Box::new(row),
            head: self.head,
        };
    }
}

/// Completes the rows of new pictures, and finds those of known ones that say something else.
fn label(
    observed: &mut [(String, Observed)],
    place: usize,
    lane: &Lane,
    facts: &Facts,
) -> Vec<OutdatedRow> {
    let mut outdated = Vec::new();
    for (position, (key, observed)) in observed.iter_mut().enumerate() {
        match observed.of_mut(place) {
            Observation::Picture { row, head, .. } => {
                row.attributes = facts.of_picture(key, &row.product_id, head);
            }
            Observation::Unchanged { product_id, head } => {
                let attributes = facts.of_picture(key, product_id, head);
                if let Some(at) = lane.current.view.locate(key)
                    && !lane.current.says(at, product_id, &attributes)
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

/// Nothing can be said of pictures whose products are not to be had.
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
    /// Whether the same will fail again, whatever others do meanwhile.
    pub(crate) fn is_lasting(&self) -> bool {
        !self.may_pass() && !self.is_missing_segment()
    }
}
