//! Families of near-identical images, which must not count as strangers that are mistaken for each other.
//!
//! A shop files one image, or nearly the same one, under many products. Such images say nothing about how similar
//! images of different things are, and a single family of them outnumbers the few strangers that are most similar. In
//! the list of a row's neighbors a family shows as a gap: up to it the neighbors are far closer than those after it.

use super::closeness::closeness;
use super::quantile::Weighted;
use super::sample::{STRANGERS, Sample, Stranger};

/// Number of usual spacings that make a gap. Spacings of strangers have about an exponential distribution, so one in
/// thousands is as large, and in 3,068 photos of clothing only the images that were there twice had one.
const GAP_SPACINGS: f64 = 10.0;
/// Minimum of the usual spacing. Without it, drawings that are all equally similar would have gaps.
const MIN_SPACING: f64 = 0.02;

/// The neighbors that are usual in a catalog.
#[derive(Debug)]
pub(super) struct Usual {
    /// The difference in closeness that each of the first neighbors has from the next, times its rank: the scale of
    /// the distribution.
    spacing: f64,
    /// The closeness of a row's last neighbor that is examined.
    last: f64,
}

impl Usual {
    /// Measures the medians of many rows, which families do not move much; `None` if no row has neighbors.
    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let ends = samples.iter().filter_map(|sample| {
            let last = sample.strangers.last()?;
            Some((closeness(last.score), sample.weight))
        });
        let spacings = samples.iter().filter_map(|sample| {
            let [_, second, .., last] = sample.strangers[..] else {
                return None;
            };
            // The differences of ordered exponential values are 1/2, 1/3, ... of the scale.
            let ranks = 2..sample.strangers.len();
            let expected: f64 = ranks.map(|rank| 1.0 / rank as f64).sum();
            let spread = closeness(second.score) - closeness(last.score);
            Some((spread / expected, sample.weight))
        });
        Some(Self {
            spacing: Weighted::new(spacings)
                .at(0.5)
                .unwrap_or(0.0)
                .max(MIN_SPACING),
            last: Weighted::new(ends).at(0.5)?,
        })
    }

    /// Returns the sample without the neighbors of its own family; `None` if no others are known. The members of a
    /// family share its weight.
    pub(super) fn without_family(&self, sample: &Sample) -> Option<Sample> {
        let members = self.members(&sample.strangers);
        let strangers = sample.strangers[members..].to_vec();
        (!strangers.is_empty()).then(|| Sample {
            weight: sample.weight / (members + 1) as f64,
            strangers,
            own: sample.own,
        })
    }

    /// Counts the neighbors before the last gap. Behind a full list, the next neighbor is taken to be a usual one.
    fn members(&self, strangers: &[Stranger]) -> usize {
        let own = strangers.iter().map(|stranger| closeness(stranger.score));
        let behind = (strangers.len() == STRANGERS).then_some(self.last);
        let closeness: Vec<f64> = own.chain(behind).collect();
        let is_gap = |pair: &[f64]| pair[0] - pair[1] > GAP_SPACINGS * self.spacing;
        closeness
            .windows(2)
            .rposition(is_gap)
            .map_or(0, |gap| gap + 1)
    }
}
