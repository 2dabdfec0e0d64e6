//! Turns the items of a query into the vectors to search with.

use std::sync::Arc;

use lookalike_core::keys::is_allowed_query_key;
use lookalike_index::{Fingerprint, RowAddress, Snapshot};

use crate::error::{SearchError, of_item};
use crate::query::{Query, Subject};
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;
use crate::vector_math::{sum, unit, weighted_sum};

/// Maximum number of images of one product that a search starts from.
const MAX_PRODUCT_IMAGES: usize = 16;

/// Rows that are grouped by product in less than a millisecond; it is done once for each segment.
const FEW_ROWS: u64 = 1 << 17;

/// A vector that the index is searched for.
#[derive(Debug, Clone)]
pub(crate) struct QueryVector {
    pub(crate) vector: Vec<f32>,
    /// The row whose stored embedding it is; `None` if it is computed.
    pub(crate) stored: Option<RowAddress>,
}

impl From<Vec<f32>> for QueryVector {
    fn from(vector: Vec<f32>) -> Self {
        Self {
            vector,
            stored: None,
        }
    }
}

impl Searcher {
    /// Returns the vectors to search a snapshot with, given those of the query's images: one, or one for each image of a
    /// product that is the whole query.
    pub(crate) async fn combine(
        &self,
        query: &Query,
        images: Vec<Option<Vec<f32>>>,
        loaded: &LoadedSnapshot,
    ) -> Result<Vec<QueryVector>, SearchError> {
        let products = query.products();
        let stored = stored_vectors(&loaded.snapshot, &products).await?;
        let stored = |id: &str| {
            let found = products.iter().position(|product| product == id);
            found.map_or(&[][..], |position| &stored[position][..])
        };
        let items = query.items();
        if let Some(product) = query.only_product() {
            return match stored(product) {
                [] => Err(SearchError::UnknownProduct(product.to_owned())),
                vectors => Ok(vectors.to_vec()),
            };
        }
        let mut vectors = Vec::with_capacity(items.len());
        for (at, (item, image)) in items.iter().zip(images).enumerate() {
            let vector = match (&item.subject, image) {
                (_, Some(vector)) => Ok(vector),
                (Subject::Product(id), None) => match stored(id) {
                    [] => Err(SearchError::UnknownProduct(id.clone())),
                    vectors => Ok(sum(vectors.iter().map(|one| (1.0, &one.vector[..])))),
                },
                (
                    Subject::Vector {
                        numbers,
                        fingerprint,
                    },
                    None,
                ) => given(numbers, *fingerprint, loaded),
                // Every image was embedded by now.
                (Subject::Image { .. } | Subject::Key { .. }, None) => Ok(Vec::new()),
            };
            vectors.push(vector.map_err(|error| of_item(at, items.len(), error))?);
        }
        if let [only] = &mut vectors[..] {
            return Ok(vec![std::mem::take(only).into()]);
        }
        weighted_sum(items, vectors).map(|vector| vec![vector.into()])
    }
}

impl Query {
    /// Refuses keys that callers may not read.
    pub(crate) fn check_keys(&self) -> Result<(), SearchError> {
        for (at, item) in self.items().iter().enumerate() {
            if let Subject::Key { key, .. } = &item.subject
                && !is_allowed_query_key(key)
            {
                let error = SearchError::ForbiddenKey(key.clone());
                return Err(of_item(at, self.items().len(), error));
            }
        }
        Ok(())
    }
}

/// Returns the vectors of a product's images, at most [`MAX_PRODUCT_IMAGES`].
pub(crate) fn images_of(snapshot: &Snapshot, product: &str) -> Vec<QueryVector> {
    let rows = snapshot.rows_of_product(product);
    let wanted = rows.take(MAX_PRODUCT_IMAGES).map(|row| QueryVector {
        vector: snapshot.embedding(row),
        stored: Some(row),
    });
    wanted.collect()
}

/// Returns the vectors of each product's images.
async fn stored_vectors(
    snapshot: &Arc<Snapshot>,
    products: &[String],
) -> Result<Vec<Vec<QueryVector>>, SearchError> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let (shared, products) = (Arc::clone(snapshot), products.to_vec());
    let look = move || {
        let products = products.iter();
        products
            .map(|product| images_of(&shared, product))
            .collect()
    };
    // The first look for a product of a generation groups all rows.
    match snapshot.rows() {
        0..=FEW_ROWS => Ok(look()),
        _ => run_blocking(look).await,
    }
}

/// Returns a caller's vector at unit length, if it is of the encoder of this index.
fn given(
    numbers: &[f32],
    fingerprint: Fingerprint,
    loaded: &LoadedSnapshot,
) -> Result<Vec<f32>, SearchError> {
    let manifest = &loaded.manifest;
    let published = manifest.generation > 0;
    if published && fingerprint != manifest.fingerprint {
        return Err(SearchError::VectorOfOtherEncoder {
            expected: manifest.fingerprint,
            found: fingerprint,
        });
    }
    if published && numbers.len() != manifest.dimensions {
        return Err(SearchError::VectorLength {
            expected: manifest.dimensions,
            found: numbers.len(),
        });
    }
    unit(numbers.to_vec()).ok_or(SearchError::VectorWithoutDirection)
}
