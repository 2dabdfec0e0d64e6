//! The similar products of every product, for files that a shop can serve without a running service.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lookalike_core::model::Metadata;
use lookalike_index::{IndexError, Match, MatchThresholds, Snapshot};
use rayon::prelude::*;
use serde::Serialize;

use crate::answer::{FoundProduct, LinkedImage};
use crate::error::SearchError;
use crate::hydrate::with_attributes;
use crate::limits::{MAX_FIELDS, MAX_K};
use crate::run_blocking::run_blocking;
use crate::scope::{Attempt, Scope};
use crate::searcher::Searcher;
use crate::vectors::images_of;

/// Finds the similar products of every product of one generation.
pub struct Exporter<'a> {
    searcher: &'a Searcher,
    snapshot: Arc<Snapshot>,
    match_thresholds: Option<MatchThresholds>,
    generation: u64,
    k: usize,
    fields: Vec<String>,
    /// The chosen metadata of products that were in answers so far.
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
    /// Cosine similarity with four decimals: rebuilding the index changes it by less.
    pub score: f64,
    /// The meaning of the score in this catalog; absent if the catalog has too few images to tell.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub class: Option<Match>,
    /// Its most similar image.
    pub image: LinkedImage,
    /// The chosen members of its metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

impl Searcher {
    /// Returns an exporter of the newest generation: for each product, `k` similar ones with these members of their
    /// metadata. All rows of a vector base are read into memory.
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
        let newest = self.newest_for_certain().await?;
        let all = self.with_every_row(newest, |_| Ok::<_, SearchError>(()));
        let loaded = self.as_one_base(all.await?).await?;
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
    /// Returns the generation of the index.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns every product that has an image, in order.
    pub fn products(&self) -> Vec<String> {
        let view = self.snapshot.live_rows();
        let ids = view.addresses().map(|at| view.meta(at).product_id(at.row));
        let ids: BTreeSet<&str> = ids.collect();
        ids.into_iter().map(str::to_owned).collect()
    }

    /// Returns the answers for some products, in their order. All cores work on it.
    ///
    /// # Errors
    /// [`SearchError`] when the index or the table cannot be read.
    pub async fn answers(&mut self, products: &[String]) -> Result<Vec<Exported>, SearchError> {
        let (snapshot, k) = (Arc::clone(&self.snapshot), self.k);
        let wanted = products.to_vec();
        let found = run_blocking(move || all_similar(&snapshot, &wanted, k)).await??;
        self.read_metadata(found.iter().flatten()).await?;
        let found = products.iter().zip(found);
        Ok(found
            .map(|(product_id, found)| Exported {
                product_id: product_id.clone(),
                results: found.into_iter().map(|one| self.similar(one)).collect(),
            })
            .collect())
    }

    /// Reads the metadata of products that are not known yet.
    async fn read_metadata(
        &mut self,
        found: impl Iterator<Item = &FoundProduct>,
    ) -> Result<(), SearchError> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let new = found.map(|found| &found.product_id);
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

    fn similar(&self, found: FoundProduct) -> SimilarProduct {
        let metadata = match self.metadata.get(&found.product_id) {
            Some(known) => {
                let mut metadata = with_attributes(known.clone(), found.metadata);
                metadata.retain(|name, _| self.fields.contains(name));
                metadata
            }
            None => Metadata::new(),
        };
        SimilarProduct {
            score: (f64::from(found.score) * 10_000.0).round() / 10_000.0,
            class: (self.match_thresholds).map(|scores| scores.classify(found.score)),
            image: found.image,
            metadata,
            product_id: found.product_id,
        }
    }
}

fn all_similar(
    snapshot: &Snapshot,
    products: &[String],
    k: usize,
) -> Result<Vec<Vec<FoundProduct>>, IndexError> {
    let similar = |product: &String| {
        let wanted = images_of(snapshot, product);
        let found = Scope::of_product(product).find(snapshot, &wanted, k, Attempt::Full)?;
        Ok(found.map(|(found, _)| found).unwrap_or_default())
    };
    products.par_iter().map(similar).collect()
}
