//! Rows that are searched for, and what is found near them.

use rayon::prelude::*;
use twox_hash::XxHash3_64;

use crate::error::IndexError;
use crate::row::{CATEGORY, RowAddress};
use crate::search::SearchRequest;
use crate::snapshot::Snapshot;

/// Maximum number of rows that are searched for.
const MAX_SAMPLES: usize = 4096;
/// Number of other products near a row that are examined.
pub(super) const STRANGERS: usize = 10;
/// Maximum number of a product's images that are compared with each other. A product with more is a collection, which
/// does not show how similar the images of one thing are.
const MAX_OWN_IMAGES: usize = 64;
/// Minimum score of two images that count as one image stored twice. Such pairs do not show how similar the images of
/// one product are.
pub(super) const DUPLICATE: f32 = 0.995;

/// A row that was searched for, and the scores of others that were found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// The part of its product that it stands for: a product with many images counts as much as one with a single one.
    pub(super) weight: f64,
    /// The best images of the most similar other products, best first.
    pub(super) strangers: Vec<Stranger>,
    /// The best score of another image of its product that is not the same image.
    pub(super) own: Option<f32>,
}

/// An image of another product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stranger {
    pub(super) score: f32,
    /// True if it has the category of the sample; `None` if one of them has no category.
    pub(super) is_alike: Option<bool>,
}

impl Sample {
    /// Searches for rows of the snapshot.
    pub(super) fn all(snapshot: &Snapshot) -> Result<Vec<Self>, IndexError> {
        let samples = picked(snapshot).into_par_iter();
        samples.map(|row| Self::of(snapshot, row)).collect()
    }

    fn of(snapshot: &Snapshot, row: RowAddress) -> Result<Self, IndexError> {
        let vector = snapshot.embedding(row);
        let meta = snapshot.live_rows().meta(row);
        let product = [meta.product_id(row.row).to_owned()];
        let request = SearchRequest {
            without_products: &product,
            stored: Some(row),
            ..SearchRequest::new(&vector, STRANGERS)
        };
        let found = snapshot.search(request)?;
        let category = meta.attributes(row.row).remove(CATEGORY);
        let strangers = found.hits.iter().map(|hit| Stranger {
            score: hit.score,
            is_alike: (category.as_ref())
                .zip(hit.attributes.get(CATEGORY))
                .map(|(one, other)| one == other),
        });
        let images = snapshot.rows_of_product(&product[0]);
        let images = images.take(MAX_OWN_IMAGES + 1).count();
        let own = match images <= MAX_OWN_IMAGES {
            true => snapshot.images_of_products(request, &product)?.concat(),
            false => Vec::new(),
        };
        let own = own
            .iter()
            .find(|image| image.address != row && image.score < DUPLICATE);
        Ok(Self {
            weight: 1.0 / images.max(1) as f64,
            strangers: strangers.collect(),
            own: own.map(|image| image.score),
        })
    }
}

/// Returns the rows to search for: those whose keys have the lowest hashes. So the same images are picked in any order
/// and in any segments, and an index that grows keeps most of them.
fn picked(snapshot: &Snapshot) -> Vec<RowAddress> {
    let view = snapshot.live_rows();
    let hashed = view.addresses().map(|row| {
        let key = view.meta(row).key(row.row);
        (XxHash3_64::oneshot(key.as_bytes()), row)
    });
    let mut hashed: Vec<(u64, RowAddress)> = hashed.collect();
    if hashed.len() > MAX_SAMPLES {
        hashed.select_nth_unstable_by_key(MAX_SAMPLES, |(hash, _)| *hash);
        hashed.truncate(MAX_SAMPLES);
    }
    hashed.into_iter().map(|(_, row)| row).collect()
}
