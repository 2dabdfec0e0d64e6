//! Measuring thresholds on the catalog's own images.
//!
//! The similarity of two images of one product, of two products of one kind, or of two that have nothing in common
//! depends on the encoder and on the catalog. So a sample of rows is searched for among the others, and the scores of
//! the results are compared with what is known about the rows: their products and categories. Products and
//! [families](super::families) of near-identical images count once, however many images they have.

use super::MatchThresholds;
use super::closeness::{closeness, score};
use super::families::Usual;
use super::quantile::Weighted;
use super::sample::{DUPLICATE, Sample};
use crate::error::IndexError;
use crate::snapshot::Snapshot;

/// Minimum number of rows with a neighbor of another product: with fewer, nothing is measured.
const MIN_SAMPLES: usize = 30;
/// Minimum number of rows with another image of their product: fewer are not representative.
const MIN_PAIRS: usize = 20;
/// Share of the samples whose nearest image of another product is called the same by mistake. One in a hundred is
/// acceptable. This is a quarter of that, because images outside of the sample exceed what was fitted to it half of the
/// time, and by up to three times.
const MISTAKEN_FOR_SAME: f64 = 0.0025;
/// Number of scores above the threshold that count as much as its extrapolation. It was chosen on random parts of
/// 3,068 photos of clothing: so at most 0.9 % of 341 other photos are called the same, from 700 photos on.
const EXTRAPOLATION: f64 = 2.0;
/// Share that is called a variant by mistake, if the catalog does not show what variants are.
const MISTAKEN_FOR_VARIANT: f64 = 0.1;
/// Share of the neighbors above a score that must have the category of the query for that score to mean similar.
const OF_SAME_CATEGORY: f64 = 0.8;
/// Share of nearest neighbors that count as similar if no categories are known.
const SIMILAR_UNLABELED: f64 = 0.75;

impl MatchThresholds {
    /// Measures the thresholds of a snapshot; `None` if it has too few images.
    ///
    /// # Errors
    /// [`IndexError`] if the snapshot is damaged.
    pub fn measure(snapshot: &Snapshot) -> Result<Option<Self>, IndexError> {
        Ok(Self::of(&Sample::all(snapshot)?))
    }

    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let usual = Usual::of(samples)?;
        let without_family = |sample| usual.without_family(sample);
        let samples: Vec<Sample> = samples.iter().filter_map(without_family).collect();
        if samples.len() < MIN_SAMPLES {
            return None;
        }
        let others = Weighted::new(samples.iter().filter_map(|sample| {
            let nearest = sample.strangers.first()?;
            Some((closeness(nearest.score), sample.weight))
        }));
        let same = exceeded_by(&others, MISTAKEN_FOR_SAME, samples.len())?.min(DUPLICATE);
        let own = samples.iter().filter_map(|sample| {
            let own = sample.own?;
            Some((closeness(own), sample.weight))
        });
        let own: Vec<(f64, f64)> = own.collect();
        let variant = match own.len() {
            0..MIN_PAIRS => score(others.at(1.0 - MISTAKEN_FOR_VARIANT)?),
            _ => score(border(&others, &Weighted::new(own))),
        };
        let variant = variant.min(same);
        let similar = match min_score_of_category(&samples) {
            Some(similar) => similar,
            None => score(others.at(1.0 - SIMILAR_UNLABELED)?),
        };
        Some(Self {
            same,
            variant,
            similar: similar.min(variant),
            samples: samples.len() as u32,
        })
    }
}

/// Returns the score that a small share of the nearest strangers exceeds.
///
/// That share of a sample is a few scores, which differ much from one sample to the next, and are the first to be
/// wrong if a catalog has near-identical images. So it is also extrapolated from the median and the ninth decile, by
/// the distribution of extremes, and the result lies between both: the more scores exceed it, the nearer to them.
/// Never above the extrapolation, which near-identical images hardly move.
fn exceeded_by(others: &Weighted, share: f64, samples: usize) -> Option<f32> {
    let (median, decile) = (others.at(0.5)?, others.at(0.9)?);
    let scale = (decile - median) / (gumbel(0.9) - gumbel(0.5));
    let extrapolated = decile + scale * (gumbel(1.0 - share) - gumbel(0.9));
    let found = others.at(1.0 - share)?.min(extrapolated);
    let exceeding = share * samples as f64;
    let trust = exceeding / (exceeding + EXTRAPOLATION);
    Some(score(extrapolated + trust * (found - extrapolated)))
}

/// Returns a quantile of the standard Gumbel distribution.
fn gumbel(share: f64) -> f64 {
    -(-share.ln()).ln()
}

/// Returns the closeness that separates two groups best: the sum of the shares on the wrong sides is smallest. Of
/// several, the highest.
fn border(below: &Weighted, above: &Weighted) -> f64 {
    let wrong = |closeness| above.share_below(closeness) + 1.0 - below.share_below(closeness);
    let best = above.values().fold(None, |best, candidate| match best {
        Some((least, _)) if wrong(candidate) > least => best,
        _ => Some((wrong(candidate), candidate)),
    });
    best.map_or(f64::INFINITY, |(_, candidate)| candidate)
}

/// Returns the minimum score from which enough neighbors are of one category; `None` if there are no useful labels.
fn min_score_of_category(samples: &[Sample]) -> Option<f32> {
    let labeled = samples.iter().flat_map(|sample| {
        let strangers = sample.strangers.iter();
        strangers.filter_map(|other| Some((other.score, sample.weight, other.is_alike?)))
    });
    let mut labeled: Vec<(f32, f64, bool)> = labeled.collect();
    labeled.sort_unstable_by(|a, b| {
        let by_score = b.0.total_cmp(&a.0);
        by_score.then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    });
    let kinds = labeled.iter().filter(|(_, _, is_alike)| *is_alike).count();
    // One category, or one for each image, is not informative.
    if kinds == 0 || kinds == labeled.len() {
        return None;
    }
    let (mut alike, mut all) = (0.0, 0.0);
    let mut min_score = None;
    for &(score, weight, is_alike) in &labeled {
        alike += if is_alike { weight } else { 0.0 };
        all += weight;
        if alike >= OF_SAME_CATEGORY * all {
            min_score = Some(score);
        }
    }
    min_score
}
