//! What a score means in a catalog: measured on the catalog's own pictures.
//!
//! How similar two pictures of one product are, two products of one kind, or two that have nothing in common
//! depends on the encoder and on the catalog. So some rows are looked for among the others, and the scores of
//! what they find are put into four classes, by what is known of the rows: their products and categories.

use std::num::NonZeroUsize;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::IndexError;
use crate::row::CATEGORY;
use crate::search::{GroupBy, SearchRequest};
use crate::snapshot::Snapshot;
use crate::view::Location;

/// Rows that are looked for.
const SAMPLES: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");
/// Fewer rows with a neighbour of another product say too little: nothing is measured then.
const LEAST_SAMPLES: usize = 30;
/// Fewer pairs of pictures of one product say too little of what other pictures of a product look like.
const LEAST_PAIRS: usize = 20;
/// Neighbours of each that are looked at.
const NEIGHBOURS: usize = 10;
/// From here on two pictures are taken to be one that is stored twice, whatever products they are filed under:
/// such pairs say nothing of how similar other pictures are.
const DUPLICATE: f32 = 0.995;
/// Of the samples, so many have a picture of another product that is called the same by mistake. One in a hundred is
/// bearable; fitted to that, pictures that were no samples would be beyond it half of the time.
const MISTAKEN_FOR_SAME: f64 = 0.005;
/// And so many a variant, where the catalog does not show what variants are.
const MISTAKEN_FOR_VARIANT: f64 = 0.1;
/// Share of the neighbours from a score up that have the category of what was looked for, for that score to
/// mean similar.
const OF_SAME_CATEGORY: f64 = 0.8;
/// Share of nearest neighbours that are similar where no categories are known.
const SIMILAR_UNLABELLED: f64 = 0.75;

/// The least score of each [`Match`], as measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Of [`Match::Same`].
    pub same: f32,
    /// Of [`Match::Variant`].
    pub variant: f32,
    /// Of [`Match::Similar`].
    pub similar: f32,
    /// Rows that it was measured with.
    pub samples: u32,
}

/// No score is [`f32::NAN`]: JSON has no such number.
impl Eq for Calibration {}

/// What a score means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// Shares little with the query.
    Weak,
    /// The same kind of thing.
    Similar,
    /// As near as another picture, colour or version of one product.
    Variant,
    /// The same picture, perhaps scaled, cropped a little or stored anew.
    Same,
}

impl Match {
    /// Every class, from the weakest on.
    pub const ALL: [Self; 4] = [Self::Weak, Self::Similar, Self::Variant, Self::Same];

    /// `same`, `variant`, `similar` or `weak`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Variant => "variant",
            Self::Similar => "similar",
            Self::Weak => "weak",
        }
    }
}

/// A row that was looked for, and what was found: never itself.
struct Sample {
    /// The best score of another product's picture that is not the same picture.
    other: Option<f32>,
    /// The best score of another picture of its product.
    own: Option<f32>,
    /// Scores of pictures of other products, and whether they have its category; none where it has none.
    labelled: Vec<(f32, bool)>,
}

impl Calibration {
    /// Measures a snapshot; `None` when it has too few pictures to say anything.
    ///
    /// # Errors
    /// [`IndexError`]; a row cannot be looked for in a snapshot of its own, so this says that it is damaged.
    pub fn measure(snapshot: &Snapshot) -> Result<Option<Self>, IndexError> {
        let rows: Vec<Location> = snapshot.view().live_rows().collect();
        let step = rows.len().div_ceil(SAMPLES.get()).max(1);
        let picked: Vec<Location> = rows.into_iter().step_by(step).collect();
        let samples = picked.into_par_iter().map(|row| Sample::of(snapshot, row));
        let samples: Vec<Sample> = samples.collect::<Result<_, _>>()?;
        Ok(Self::of(&samples))
    }

    fn of(samples: &[Sample]) -> Option<Self> {
        let mut others: Vec<f32> = samples.iter().filter_map(|sample| sample.other).collect();
        if others.len() < LEAST_SAMPLES {
            return None;
        }
        others.sort_unstable_by(f32::total_cmp);
        let same = at_share(&others, 1.0 - MISTAKEN_FOR_SAME);
        let mut own: Vec<f32> = samples.iter().filter_map(|sample| sample.own).collect();
        own.sort_unstable_by(f32::total_cmp);
        let variant = match own.len() {
            0..LEAST_PAIRS => at_share(&others, 1.0 - MISTAKEN_FOR_VARIANT),
            _ => border(&others, &own),
        };
        let variant = variant.min(same);
        let labelled = samples.iter().flat_map(|sample| sample.labelled.iter());
        let similar = least_of_category(labelled.copied().collect());
        let similar = similar.unwrap_or_else(|| at_share(&others, 1.0 - SIMILAR_UNLABELLED));
        Some(Self {
            same,
            variant,
            similar: similar.min(variant),
            samples: others.len() as u32,
        })
    }

    /// What a score means.
    pub fn classify(&self, score: f32) -> Match {
        match score {
            score if score >= self.same => Match::Same,
            score if score >= self.variant => Match::Variant,
            score if score >= self.similar => Match::Similar,
            _ => Match::Weak,
        }
    }

    /// The least score of what is such a match, or a better one.
    pub fn least(&self, class: Match) -> f32 {
        match class {
            Match::Same => self.same,
            Match::Variant => self.variant,
            Match::Similar => self.similar,
            Match::Weak => -1.0,
        }
    }

    /// Whether these can be measured scores: what is read from a store may be anything.
    pub fn is_possible(&self) -> bool {
        let ordered = self.similar <= self.variant && self.variant <= self.same;
        ordered && self.similar >= -1.0 && self.same <= 1.0
    }
}

impl Sample {
    fn of(snapshot: &Snapshot, row: Location) -> Result<Self, IndexError> {
        let vector = snapshot.embedding(row);
        let found = snapshot.search(SearchRequest {
            group_by: GroupBy::Image,
            stored: Some(row),
            ..SearchRequest::new(&vector, NEIGHBOURS + 1)
        })?;
        let meta = snapshot.view().meta(row);
        let product = meta.product_id(row.row);
        let category = meta.attributes(row.row).remove(CATEGORY);
        let near = found.hits.iter().filter(|hit| hit.at != row);
        let others = near.clone().filter(|hit| hit.product_id != product);
        let other = others.clone().find(|hit| hit.score < DUPLICATE);
        let own = near
            .clone()
            .find(|hit| hit.product_id == product && hit.score < DUPLICATE);
        let labelled = category.iter().flat_map(|category| {
            let labels = others.clone().filter_map(|hit| {
                let its = hit.attributes.get(CATEGORY)?;
                Some((hit.score, its == category))
            });
            labels.collect::<Vec<_>>()
        });
        Ok(Self {
            other: other.map(|hit| hit.score),
            own: own.map(|hit| hit.score),
            labelled: labelled.collect(),
        })
    }
}

/// The score that this share of scores, ascending, lies below.
fn at_share(ascending: &[f32], share: f64) -> f32 {
    let place = (share * ascending.len() as f64).floor() as usize;
    ascending[place.min(ascending.len() - 1)]
}

/// The score that parts two groups best: where the shares on the wrong sides sum up to least. Of several, the
/// highest.
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

/// The least score from which on enough neighbours are of one category; `None` without any that tell.
fn least_of_category(mut labelled: Vec<(f32, bool)>) -> Option<f32> {
    labelled.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let kinds = labelled.iter().filter(|(_, alike)| *alike).count();
    // One category, or each its own, says nothing.
    if kinds == 0 || kinds == labelled.len() {
        return None;
    }
    let mut alike = 0;
    let mut least = None;
    for (count, &(score, is_alike)) in (1..).zip(&labelled) {
        alike += usize::from(is_alike);
        if f64::from(alike as u32) >= OF_SAME_CATEGORY * f64::from(count) {
            least = Some(score);
        }
    }
    least
}

#[cfg(test)]
mod tests;
