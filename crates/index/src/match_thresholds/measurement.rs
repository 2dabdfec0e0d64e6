//! Measuring thresholds on the catalog's own images.
//!
//! The similarity of two images of one product, of two products of one kind, or of two that have
//! nothing in common depends on the encoder and on the catalog. So a sample of rows is searched for
//! among the others, and the scores of the results are compared with what is known about the rows:
//! their products and categories.

use std::num::NonZeroUsize;

use rayon::prelude::*;

use super::MatchThresholds;
use crate::error::IndexError;
use crate::row::{CATEGORY, RowAddress};
use crate::search::{GroupBy, SearchRequest};
use crate::snapshot::Snapshot;

/// Maximum number of rows that are searched for.
const MAX_SAMPLES: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");
/// Minimum number of rows with a neighbor of another product: with fewer, nothing is measured.
const MIN_SAMPLES: usize = 30;
/// Minimum number of pairs of images of one product: fewer are not representative.
const MIN_PAIRS: usize = 20;
/// Number of neighbors of each row that are examined.
const NEIGHBORS: usize = 10;
/// Minimum score of two images that count as one image stored twice, whatever products they are
/// filed under. Such pairs do not show how similar other images are.
const DUPLICATE: f32 = 0.995;
/// Share of the samples whose nearest image of another product is called the same by mistake. One
/// in a hundred is acceptable. This is half of that, because with thresholds fitted to it, images
/// outside of the sample would exceed it half of the time.
const MISTAKEN_FOR_SAME: f64 = 0.005;
/// Share that is called a variant by mistake, if the catalog does not show what variants are.
const MISTAKEN_FOR_VARIANT: f64 = 0.1;
/// Share of the neighbors above a score that must have the category of the query for that score to
/// mean similar.
const OF_SAME_CATEGORY: f64 = 0.8;
/// Share of nearest neighbors that count as similar if no categories are known.
const SIMILAR_UNLABELED: f64 = 0.75;

/// A row that was searched for, and the scores of others that were found.
pub(super) struct Sample {
    /// The best score of another product's image that is not the same image.
    pub(super) other: Option<f32>,
    /// The best score of another image of its product.
    pub(super) own: Option<f32>,
    /// Scores of images of other products, each with true if it has the row's category; empty if
    /// the row has none.
    pub(super) labeled: Vec<(f32, bool)>,
}

impl MatchThresholds {
    /// Measures the thresholds of a snapshot; `None` if it has too few images.
    ///
    /// # Errors
    /// [`IndexError`] if the snapshot is damaged.
    pub fn measure(snapshot: &Snapshot) -> Result<Option<Self>, IndexError> {
        let rows: Vec<RowAddress> = snapshot.live_rows().addresses().collect();
        let step = rows.len().div_ceil(MAX_SAMPLES.get()).max(1);
        let picked: Vec<RowAddress> = rows.into_iter().step_by(step).collect();
        let samples = picked.into_par_iter().map(|row| Sample::of(snapshot, row));
        let samples: Vec<Sample> = samples.collect::<Result<_, _>>()?;
        Ok(Self::of(&samples))
    }

    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let mut others: Vec<f32> = samples.iter().filter_map(|sample| sample.other).collect();
        if others.len() < MIN_SAMPLES {
            return None;
        }
        others.sort_unstable_by(f32::total_cmp);
        let same = at_share(&others, 1.0 - MISTAKEN_FOR_SAME);
        let mut own: Vec<f32> = samples.iter().filter_map(|sample| sample.own).collect();
        own.sort_unstable_by(f32::total_cmp);
        let variant = match own.len() {
            0..MIN_PAIRS => at_share(&others, 1.0 - MISTAKEN_FOR_VARIANT),
            _ => border(&others, &own),
        };
        let variant = variant.min(same);
        let labeled = samples.iter().flat_map(|sample| sample.labeled.iter());
        let similar = min_score_of_category(labeled.copied().collect());
        let similar = similar.unwrap_or_else(|| at_share(&others, 1.0 - SIMILAR_UNLABELED));
        Some(Self {
            same,
            variant,
            similar: similar.min(variant),
            samples: others.len() as u32,
        })
    }
}

impl Sample {
    fn of(snapshot: &Snapshot, row: RowAddress) -> Result<Self, IndexError> {
        let vector = snapshot.embedding(row);
        let found = snapshot.search(SearchRequest {
            group_by: GroupBy::Image,
            stored: Some(row),
            ..SearchRequest::new(&vector, NEIGHBORS + 1)
        })?;
        let meta = snapshot.live_rows().meta(row);
        let product = meta.product_id(row.row);
        let category = meta.attributes(row.row).remove(CATEGORY);
        let near = found.hits.iter().filter(|hit| hit.address != row);
        let others = near.clone().filter(|hit| hit.product_id != product);
        let other = others.clone().find(|hit| hit.score < DUPLICATE);
        let own = near
            .clone()
            .find(|hit| hit.product_id == product && hit.score < DUPLICATE);
        let labeled = category.iter().flat_map(|category| {
            let labels = others.clone().filter_map(|hit| {
                let its = hit.attributes.get(CATEGORY)?;
                Some((hit.score, its == category))
            });
            labels.collect::<Vec<_>>()
        });
        Ok(Self {
            other: other.map(|hit| hit.score),
            own: own.map(|hit| hit.score),
            labeled: labeled.collect(),
        })
    }
}

/// Returns the score below which this share of the ascending scores lies.
fn at_share(ascending: &[f32], share: f64) -> f32 {
    let position = (share * ascending.len() as f64).floor() as usize;
    ascending[position.min(ascending.len() - 1)]
}

/// Returns the score that separates two groups best: the sum of the shares on the wrong sides is
/// smallest. Of several, the highest.
fn border(below: &[f32], above: &[f32]) -> f32 {
    let share_below = |scores: &[f32], score: f32| {
        scores.partition_point(|&x| x < score) as f64 / scores.len() as f64
    };
    let wrong = |score: f32| share_below(above, score) + 1.0 - share_below(below, score);
    let better = |best: f32, score: f32| {
        if wrong(score) <= wrong(best) {
            score
        } else {
            best
        }
    };
    let mut candidates = above.iter().copied();
    let first = candidates.next().unwrap_or(1.0);
    candidates.fold(first, better)
}

/// Returns the minimum score from which enough neighbors are of one category; `None` if there are no useful labels.
fn min_score_of_category(mut labeled: Vec<(f32, bool)>) -> Option<f32> {
    labeled.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let kinds = labeled.iter().filter(|(_, alike)| *alike).count();
    // One category, or one for each image, is not informative.
    if kinds == 0 || kinds == labeled.len() {
        return None;
    }
    let mut alike = 0;
    let mut min_score = None;
    for (count, &(score, is_alike)) in (1..).zip(&labeled) {
        alike += usize::from(is_alike);
        if f64::from(alike as u32) >= OF_SAME_CATEGORY * f64::from(count) {
            min_score = Some(score);
        }
    }
    min_score
}
