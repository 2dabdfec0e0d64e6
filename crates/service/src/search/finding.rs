//! What is found in a snapshot, by falling similarity: the one place that asks the index.
//!
//! Whatever narrows a search down, such as a filter, is part of [`Scope`], which is made here from a caller's
//! options and looked at nowhere else.

use std::collections::BTreeMap;

use lookalike_index::{Attributes, Hit, IndexError, Location, SearchRequest, Snapshot};

use super::answer::FacetValue;
use super::{GroupBy, Query, SearchError, SearchOptions};

/// What may be found at all.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    min_score: f32,
    /// Products that are no results.
    without: Vec<String>,
    /// What a result is.
    group_by: GroupBy,
}

/// How often each value of an attribute occurs.
pub(super) type Facets = BTreeMap<String, Vec<FacetValue>>;

/// A picture that was found, as the best of its product or for itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) product_id: String,
    pub(super) key: String,
    pub(super) score: f32,
    pub(super) at: Location,
    pub(super) attributes: Attributes,
    /// All pictures of the product that are similar enough, best first, where they are wanted.
    pub(super) images: Vec<(String, f32)>,
    /// Results that are nearly the same picture and were folded into this one.
    pub(super) collapsed: usize,
}

impl Scope {
    /// What the options and the query of a caller allow in this snapshot.
    ///
    /// # Errors
    /// When a filter makes no sense.
    pub(super) fn new(query: &Query, options: &SearchOptions) -> Result<Self, SearchError> {
        // Filters are carried up to here and not understood yet: an answer that paid no heed to one would be
        // a wrong answer.
        if options.filter.is_some() {
            return Err(SearchError::NotSupported("filter"));
        }
        if !options.facets.is_empty() {
            return Err(SearchError::NotSupported("facets"));
        }
        Ok(Self {
            min_score: options.min_score,
            without: query.products(),
            group_by: options.group_by,
        })
    }

    /// Values of the wanted attributes over all that may be found; `None` when none are wanted.
    pub(super) fn facets(&self, _: &Snapshot, wanted: &[String]) -> Option<Facets> {
        match wanted {
            [] => None,
            _ => Some(Facets::new()),
        }
    }

    /// Whether the `wanted` best are found by comparing every picture that may be found.
    pub(super) fn is_exact(&self, snapshot: &Snapshot, wanted: usize) -> bool {
        !snapshot.walks_a_graph(wanted.saturating_add(self.without.len()))
    }

    /// The `wanted` best results by their most similar of the `vectors`; fewer only when there are no more.
    /// `None` when it has to be brief and cannot be.
    pub(super) fn find(
        &self,
        snapshot: &Snapshot,
        vectors: &[Vec<f32>],
        wanted: usize,
        briefly: bool,
    ) -> Result<Option<Vec<Found>>, IndexError> {
        let mut found: Vec<Found> = Vec::new();
        for vector in vectors {
            let Some(hits) = self.products(snapshot, vector, wanted, briefly)? else {
                return Ok(None);
            };
            let hits = hits.into_iter();
            found.extend(hits.filter_map(|hit| Found::new(snapshot, hit)));
        }
        if vectors.len() > 1 {
            best_per_product(&mut found);
            found.truncate(wanted);
        }
        if self.group_by == GroupBy::Image {
            // The best pictures of all are pictures of the best products.
            found = self.pictures_of(snapshot, vectors, &found);
            found.truncate(wanted);
        }
        Ok(Some(found))
    }

    /// The best products for one vector. The index leaves one product out by itself, of others there are as
    /// many more.
    fn products(
        &self,
        snapshot: &Snapshot,
        vector: &[f32],
        wanted: usize,
        briefly: bool,
    ) -> Result<Option<Vec<Hit>>, IndexError> {
        let (first, others) = match self.without.split_first() {
            Some((first, others)) => (Some(first.as_str()), others),
            None => (None, &[][..]),
        };
        let request = SearchRequest {
            vector,
            k: wanted.saturating_add(others.len()),
            min_score: self.min_score,
            without_product: first,
        };
        let hits = match briefly {
            true => snapshot.search_briefly(request)?,
            false => Some(snapshot.search(request)?),
        };
        Ok(hits.map(|mut hits| {
            hits.retain(|hit| !others.contains(&hit.product_id));
            hits.truncate(wanted);
            hits
        }))
    }

    /// Every picture of these products that is similar enough, each for itself, best first.
    fn pictures_of(
        &self,
        snapshot: &Snapshot,
        vectors: &[Vec<f32>],
        products: &[Found],
    ) -> Vec<Found> {
        let mut pictures = Vec::new();
        for product in products {
            for (at, score) in self.similar_rows(snapshot, vectors, product) {
                let meta = snapshot.view().meta(at);
                pictures.push(Found {
                    key: meta.key(at.row).to_owned(),
                    score,
                    at,
                    attributes: meta.attributes(at.row),
                    ..product.clone()
                });
            }
        }
        sort(&mut pictures);
        pictures
    }

    /// Adds to each product all of its pictures that are similar enough, best first.
    pub(super) fn add_images(
        &self,
        snapshot: &Snapshot,
        vectors: &[Vec<f32>],
        products: &mut [Found],
    ) {
        for product in products {
            let rows = self.similar_rows(snapshot, vectors, product);
            let named = rows.into_iter().map(|(at, score)| {
                let key = snapshot.view().meta(at).key(at.row);
                (key.to_owned(), score)
            });
            product.images = named.collect();
            let by_score = |a: &(String, f32), b: &(String, f32)| {
                b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0))
            };
            product.images.sort_by(by_score);
        }
    }

    /// The pictures of a product that are similar enough, with their scores.
    fn similar_rows(
        &self,
        snapshot: &Snapshot,
        vectors: &[Vec<f32>],
        product: &Found,
    ) -> Vec<(Location, f32)> {
        let rows = snapshot.rows_of_product(&product.product_id);
        let scored = rows.map(|at| {
            // The index ranks with a little more precision than an embedding comes back with.
            let score = match at == product.at {
                true => product.score,
                false => similarity(&snapshot.embedding(at), vectors),
            };
            (at, score)
        });
        scored
            .filter(|(_, score)| *score >= self.min_score)
            .collect()
    }
}

impl Found {
    fn new(snapshot: &Snapshot, hit: Hit) -> Option<Self> {
        // Every hit is a live row of this very snapshot.
        let at = snapshot.view().locate(&hit.key)?;
        Some(Self {
            product_id: hit.product_id,
            key: hit.key,
            score: hit.score,
            at,
            attributes: hit.attributes,
            images: Vec::new(),
            collapsed: 0,
        })
    }
}

/// The cosine similarity of an embedding to the nearest of the vectors.
fn similarity(embedding: &[f32], vectors: &[Vec<f32>]) -> f32 {
    let length = |vector: &[f32]| dot(vector, vector).sqrt();
    let scores = vectors.iter().map(|vector| {
        let lengths = length(embedding) * length(vector);
        (dot(embedding, vector) / lengths).clamp(-1.0, 1.0)
    });
    scores.fold(-1.0, f32::max)
}

/// The sum of products, in eight sums that are added up at the end, as a processor does it at once.
pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, one) = one.as_chunks::<8>();
    let (others, other) = other.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, x), y) in sums.iter_mut().zip(one).zip(other) {
            *sum += x * y;
        }
    }
    let rest = one.iter().zip(other).map(|(x, y)| x * y);
    sums.iter().copied().chain(rest).sum()
}

/// Joins what several vectors found: every product once, at its best.
fn best_per_product(found: &mut Vec<Found>) {
    sort(found);
    let mut seen = std::collections::HashSet::new();
    found.retain(|found| seen.insert(found.product_id.clone()));
}

fn sort(found: &mut [Found]) {
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(&b.key)));
}
