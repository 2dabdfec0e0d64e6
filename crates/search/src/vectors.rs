//! From the items of a query to the vectors that are searched for.
//!
//! Images are embedded while the index loads, with the encoder that the index most likely has; when it
//! turns out to have another, they are embedded again.

use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use lookalike_core::encoder_cell::{cores, embed};
use lookalike_core::keys::is_allowed_query_key;
use lookalike_core::ports::ImageEncoder;
use lookalike_encoder::{Area, ImageError};
use lookalike_index::{Fingerprint, RowAddress, Snapshot};

use crate::answer::milliseconds;
use crate::error::{SearchError, no_encoder, of_item, search_error};
use crate::images::QueryImage;
use crate::query::{BadQuery, Query, QueryItem, Subject};
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;
use crate::snapshots::LoadedSnapshot;

/// Images of one product that a search starts from, at most.
const MAX_PRODUCT_IMAGES: usize = 16;

/// Rows that are grouped by product in less than a millisecond, once in the life of a segment.
const FEW_ROWS: u64 = 1 << 17;

/// Length of a sum, as a share of the largest weight, below which rounding alone gives it a direction.
const NOISE: f64 = 1e-5;

/// True if margins are cut off of query images where the caller does not say, also where the index has an encoder that leaves
/// them on images of the catalog: a screenshot has them whatever the catalog has.
const TRIMS: bool = true;

/// A vector that the index is searched for.
#[derive(Debug, Clone)]
pub(crate) struct QueryVector {
    pub(crate) vector: Vec<f32>,
    /// The row whose embedding it is, if it is one's.
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

/// The images of a query, embedded or not.
pub(crate) struct Embedded {
    /// With which encoder; none when it is not known which that would have been, or none was needed.
    pub(crate) tried: Option<Fingerprint>,
    /// For each item of the query, its vector if it is an image.
    pub(crate) vectors: Result<Vec<Option<Vec<f32>>>, SearchError>,
    /// Spent on it, all images together.
    pub(crate) embedding_ms: f64,
}

impl Searcher {
    /// Embeds the images of a query with the encoder of the snapshot at hand, else with the configured
    /// one.
    pub(crate) async fn embed_guessing(&self, query: &Query) -> Embedded {
        if !query.has_images() {
            return Embedded {
                tried: None,
                vectors: Ok(vec![None; query.items().len()]),
                embedding_ms: 0.0,
            };
        }
        let known = self.snapshots.fingerprint();
        let embedder = match known {
            Some(known) => self.ports.encoders.of(known).await,
            None => self.ports.encoders.configured().await,
        };
        match embedder {
            Ok(embedder) => self.embed_with(embedder, query).await,
            Err(error) => Embedded {
                tried: known,
                vectors: Err(no_encoder(error)),
                embedding_ms: 0.0,
            },
        }
    }

    /// Embeds the images of a query, as many at a time as there are cores, and one more that is handed over; none
    /// before the headers of all of them were looked at.
    pub(crate) async fn embed_with(
        &self,
        embedder: Arc<dyn ImageEncoder>,
        query: &Query,
    ) -> Embedded {
        let mut embedding_ms = 0.0;
        let embedded = async {
            let items = query.items();
            let images = self.inspect_images(&embedder, query).await?;
            // Boxed, because the compiler does not see that borrowing futures may be sent elsewhere.
            let each = images.into_iter().enumerate().map(|(at, image)| {
                let embedded = self.embed_image(Arc::clone(&embedder), image);
                embedded
                    .map_err(move |error| of_item(at, items.len(), error))
                    .boxed()
            });
            let each: Vec<BoxFuture<'_, _>> = each.collect();
            let embedded = stream::iter(each).buffered(cores() + 1);
            embedded.try_collect::<Vec<Option<(Vec<f32>, f64)>>>().await
        };
        let vectors = embedded.await.map(|embedded| {
            let vectors = embedded.into_iter().map(|image| {
                let (vector, took) = image?;
                embedding_ms += took;
                Some(vector)
            });
            vectors.collect()
        });
        Embedded {
            tried: Some(embedder.fingerprint()),
            vectors,
            embedding_ms,
        }
    }

    /// The vector of an image, and the milliseconds it took.
    async fn embed_image(
        &self,
        embedder: Arc<dyn ImageEncoder>,
        image: Option<QueryImage>,
    ) -> Result<Option<(Vec<f32>, f64)>, SearchError> {
        let Some(QueryImage { bytes, area, info }) = image else {
            return Ok(None);
        };
        // The bytes of one request are bounded without it.
        let slot = self.slots.acquire(&info, 0).await?;
        let begun = Instant::now();
        let area = Area {
            trim: Some(area.trim.unwrap_or(TRIMS)),
            ..area
        };
        let vector = embed(embedder, bytes, area, slot).await;
        Ok(Some((vector.map_err(search_error)?, milliseconds(begun))))
    }

    /// The vectors to search a snapshot for, given those of the query's images: one, or of a product
    /// alone one for each of its images.
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
            found.map_or(&[][..], |place| &stored[place][..])
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
        weighted(items, vectors).map(|vector| vec![vector.into()])
    }
}

impl Query {
    /// True if anything has to be embedded.
    pub(crate) fn has_images(&self) -> bool {
        let is_image =
            |item: &QueryItem| matches!(item.subject, Subject::Image { .. } | Subject::Key { .. });
        self.items().iter().any(is_image)
    }

    /// Refuses keys that callers may not read, before anything is done.
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

/// What a search for a product is: a search for each of its images, up to a number.
pub(crate) fn images_of(snapshot: &Snapshot, product: &str) -> Vec<QueryVector> {
    let rows = snapshot.rows_of_product(product);
    let wanted = rows.take(MAX_PRODUCT_IMAGES).map(|row| QueryVector {
        vector: snapshot.embedding(row),
        stored: Some(row),
    });
    wanted.collect()
}

/// Does that for each of several products.
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

/// A vector that a caller gave, if it is one of this index.
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

/// The sum of the vectors by their weights, of unit length.
fn weighted(items: &[QueryItem], vectors: Vec<Vec<f32>>) -> Result<Vec<f32>, SearchError> {
    let mut units = Vec::with_capacity(vectors.len());
    for (at, vector) in vectors.into_iter().enumerate() {
        let unit = unit(vector).ok_or_else(|| of_item(at, items.len(), no_direction()))?;
        units.push(unit);
    }
    let weights = items.iter().map(|item| item.weight);
    let parts = weights.zip(units.iter().map(Vec::as_slice));
    let sum = sum(parts);
    // What cancels out leaves only what rounding left of it.
    let length = sum
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        .sqrt();
    let largest = items.iter().map(|item| item.weight.abs());
    let largest = largest.fold(0.0, f32::max);
    match length > NOISE * f64::from(largest) {
        true => unit(sum).ok_or_else(|| BadQuery::CancelOut.into()),
        false => Err(BadQuery::CancelOut.into()),
    }
}

fn sum<'a>(mut parts: impl Iterator<Item = (f32, &'a [f32])>) -> Vec<f32> {
    let Some((weight, first)) = parts.next() else {
        return Vec::new();
    };
    let mut sum: Vec<f32> = first.iter().map(|x| weight * x).collect();
    for (weight, vector) in parts {
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += weight * x;
        }
    }
    sum
}

/// The vector at length one; `None` when it has no direction.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let squares = vector.iter().map(|&x| f64::from(x).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return None;
    }
    vector
        .iter_mut()
        .for_each(|x| *x = (f64::from(*x) / length) as f32);
    Some(vector)
}

/// An image without a direction in the space of embeddings.
fn no_direction() -> SearchError {
    SearchError::Image(ImageError::Inference(
        lookalike_index::IndexError::NoDirection.to_string(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn combined(parts: &[(f32, [f32; 3])]) -> Result<Vec<f32>, SearchError> {
        let items = parts
            .iter()
            .map(|&(weight, _)| QueryItem::product("p").weighing(weight));
        let items: Vec<QueryItem> = items.collect();
        let vectors = parts.iter().map(|(_, vector)| vector.to_vec());
        weighted(&items, vectors.collect())
    }

    #[test]
    fn lengths_do_not_count_and_weights_do() {
        let found = combined(&[(1.0, [5.0, 0.0, 0.0]), (1.0, [0.0, 0.1, 0.0])]).unwrap();
        assert!(
            (found[0] - found[1]).abs() < 1e-6 && found[2] == 0.0,
            "{found:?}"
        );
        let found = combined(&[(3.0, [1.0, 0.0, 0.0]), (-4.0, [0.0, 1.0, 0.0])]).unwrap();
        assert!(
            (found[0] - 0.6).abs() < 1e-6 && (found[1] + 0.8).abs() < 1e-6,
            "{found:?}"
        );
        let tiny = combined(&[(1e-20, [1.0, 0.0, 0.0]), (1e-20, [0.0, 1.0, 0.0])]).unwrap();
        assert!((tiny[0] - tiny[1]).abs() < 1e-6, "{tiny:?}");
    }

    #[test]
    fn what_cancels_out_is_refused() {
        for weight in [1.0, 1e-20, 100.0] {
            let found = combined(&[(weight, [0.3, 0.4, 0.5]), (-weight, [0.6, 0.8, 1.0])]);
            assert!(
                matches!(found, Err(SearchError::BadQuery(BadQuery::CancelOut))),
                "{found:?}"
            );
        }
        let zero = combined(&[(1.0, [0.0; 3]), (1.0, [1.0, 0.0, 0.0])]);
        assert!(
            matches!(zero, Err(SearchError::Item { at: 0, .. })),
            "{zero:?}"
        );
    }
}
