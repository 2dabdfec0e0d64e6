//! Answers for every product at once, to be stored where shoppers can read them without anything running.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lookalike_core::model::Metadata;
use lookalike_index::{IndexError, MatchThresholds, Snapshot};
use rayon::prelude::*;
use serde::Serialize;

use crate::error::SearchError;
use crate::hydrate::with_attributes;
use crate::limits::{MAX_FIELDS, MAX_K};
use crate::run_blocking::run_blocking;
use crate::scope::{Attempt, Found, Scope};
use crate::searcher::Searcher;
use crate::vectors::images_of;

/// The products of one generation, and what each of them is similar to.
pub struct Exporter<'a> {
    searcher: &'a Searcher,
    snapshot: Arc<Snapshot>,
    match_thresholds: Option<MatchThresholds>,
    generation: u64,
    k: usize,
    fields: Vec<String>,
    /// The chosen metadata of products, as it was read when they were first met.
    metadata: HashMap<String, Metadata>,
}

/// The answer for one product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exported {
    /// The product.
    pub product_id: String,
    /// The most similar products, best first.
    pub results: Vec<SimilarProduct>,
}

/// A similar product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarProduct {
    /// The id of the product, which is what a customer buys.
    pub product_id: String,
    /// Cosine similarity, to four decimals: what moves in the index when it is rebuilt is less.
    pub score: f64,
    /// What that means in this catalog; not there where that could not be measured.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// Its most similar image.
    pub image: SimilarImage,
    /// The chosen members of its metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

/// An image of a similar product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarImage {
    /// The image key.
    pub key: String,
}

impl Searcher {
    /// Returns what answers for every product of the newest generation: `k` similar ones each, with these
    /// members of their metadata.
    ///
    /// # Errors
    /// [`SearchError`] when `k` or the number of fields is out of range, or when the index cannot be read.
    pub async fn exporter(
        &self,
        k: usize,
        fields: Vec<String>,
    ) -> Result<Exporter<'_>, SearchError> {
        if !(1..=MAX_K).contains(&k) {
            return Err(SearchError::KOutOfRange(k));
        }
        if fields.len() > MAX_FIELDS {
            return Err(SearchError::TooManyFields(fields.len()));
        }
        let loaded = self.newest_for_certain().await?;
        Ok(Exporter {
            searcher: self,
            match_thresholds: loaded.match_thresholds().await?,
            generation: loaded.manifest.generation,
            snapshot: loaded.snapshot,
            k,
            fields,
            metadata: HashMap::new(),
        })
    }
}

impl Exporter<'_> {
    /// The generation that answers.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Every product that has an image, in order.
    pub fn products(&self) -> Vec<String> {
        let view = self.snapshot.live_rows();
        let ids = view.addresses().map(|at| view.meta(at).product_id(at.row));
        let ids: BTreeSet<&str> = ids.collect();
        ids.into_iter().map(str::to_owned).collect()
    }

    /// The answers for some products, on every core, in their order.
    ///
    /// # Errors
    /// [`SearchError`] when the index or the table cannot be read.
    pub async fn answers(&mut self, products: &[String]) -> Result<Vec<Exported>, SearchError> {
        let (snapshot, k) = (Arc::clone(&self.snapshot), self.k);
        let wanted = products.to_vec();
        let found = run_blocking(move || all_similar(&snapshot, &wanted, k)).await??;
        self.learn(found.iter().flatten()).await?;
        let found = products.iter().zip(found);
        Ok(found
            .map(|(product_id, hits)| Exported {
                product_id: product_id.clone(),
                results: hits.into_iter().map(|hit| self.similar(hit)).collect(),
            })
            .collect())
    }

    /// Reads the metadata of products that were not met before.
    async fn learn(&mut self, hits: impl Iterator<Item = &Found>) -> Result<(), SearchError> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let new = hits.map(|hit| &hit.product_id);
        let new: BTreeSet<&String> = new.filter(|id| !self.metadata.contains_key(*id)).collect();
        let new: Vec<String> = new.into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut known = self.searcher.ports.products.get_many(&new).await?;
        for id in new {
            let mut metadata = known.remove(&id).unwrap_or_default();
            metadata.retain(|name, _| self.fields.contains(name));
            self.metadata.insert(id, metadata);
        }
        Ok(())
    }

    fn similar(&self, hit: Found) -> SimilarProduct {
        let metadata = match self.metadata.get(&hit.product_id) {
            Some(known) => {
                let mut metadata = with_attributes(known.clone(), hit.attributes);
                metadata.retain(|name, _| self.fields.contains(name));
                metadata
            }
            None => Metadata::new(),
        };
        SimilarProduct {
            score: (f64::from(hit.score) * 10_000.0).round() / 10_000.0,
            class: (self.match_thresholds).map(|scores| scores.classify(hit.score).name()),
            image: SimilarImage { key: hit.key },
            metadata,
            product_id: hit.product_id,
        }
    }
}

fn all_similar(
    snapshot: &Snapshot,
    products: &[String],
    k: usize,
) -> Result<Vec<Vec<Found>>, IndexError> {
    let similar = |product: &String| {
        let wanted = images_of(snapshot, product);
        let found = Scope::of_product(product).find(snapshot, &wanted, k, Attempt::Full)?;
        Ok(found.map(|(found, _)| found).unwrap_or_default())
    };
    products.par_iter().map(similar).collect()
}
