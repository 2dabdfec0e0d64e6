//! Compares a fine-tuned encoder with the one that is used now, on products that training did not see.

use std::collections::BTreeMap;

use lookalike_encoder::ProjectionHead;
use serde::Serialize;

use crate::bootstrap::{Bootstrap, Estimate};
use crate::dataset::{Dataset, Set};
use crate::embedding::embed;
use crate::metrics::K;
use crate::retrieval::{self, QueryScores};

/// Minimum number of held-out products for a verdict: resampling fewer gives intervals that are much
/// too narrow, and those of a single product have no width at all.
pub const MIN_PRODUCTS: usize = 10;

/// The measures of two encoders on the images of held-out products, searched for among the images
/// of the others. Intervals are from resampling products, because the images of one product are
/// found together or not at all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// Name of the encoder that is used now.
    pub encoder: String,
    /// Number of held-out products; those that are shown by the same image, or by nearly the same,
    /// count as one.
    pub products: usize,
    /// Number of their images.
    pub images: usize,
    /// Measures of the encoder that is used now.
    pub before: Estimates,
    /// Measures of the fine-tuned encoder.
    pub after: Estimates,
    /// After minus before, image by image.
    pub gain: Estimates,
}

/// Means over queries, with intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimates {
    /// P@1: the share of queries whose nearest image has their category.
    #[serde(rename = "p_at_1")]
    pub first: Estimate,
    /// P@10: the share of the ten nearest images that have it.
    #[serde(rename = "p_at_10")]
    pub precision: Estimate,
    /// mAP: the mean of average precision.
    #[serde(rename = "map")]
    pub average_precision: Estimate,
}

/// What the intervals of a gain allow to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// P@1 or mAP is better, and neither is worse.
    Better,
    /// P@1 or mAP is worse.
    Worse,
    /// Neither, or the products are too few to tell.
    Unclear,
}

/// P@1, P@10 and AP of a query.
type Row = [f64; 3];

impl Gain {
    /// Measures a head on a dataset's validation images; `encoder` is the name of its baseline.
    /// `None` without a baseline, or if no query could find its category.
    pub fn measure(dataset: &Dataset, head: &ProjectionHead, encoder: &str) -> Option<Gain> {
        let (training, validation) = (&dataset.training, &dataset.validation);
        if training.baseline.is_empty() {
            return None;
        }
        let before = scores(
            training,
            validation,
            (&training.baseline, &validation.baseline),
        );
        let (catalog, _) = embed(&training.features, Some(head));
        let (queries, _) = embed(&validation.features, Some(head));
        let after = scores(training, validation, (&catalog, &queries));
        let mut products: BTreeMap<u32, Vec<(Row, Row)>> = BTreeMap::new();
        for ((product, before), after) in validation.products.iter().zip(before).zip(after) {
            if let (Some(before), Some(after)) = (before, after) {
                let of_product = products.entry(*product).or_default();
                of_product.push((row(before), row(after)));
            }
        }
        let clusters: Vec<Vec<(Row, Row)>> = products.into_values().collect();
        Some(Gain {
            encoder: encoder.to_owned(),
            products: clusters.len(),
            images: clusters.iter().map(Vec::len).sum(),
            before: estimates(&clusters, |(before, _)| *before)?,
            after: estimates(&clusters, |(_, after)| *after)?,
            gain: estimates(&clusters, |(before, after)| {
                std::array::from_fn(|i| after[i] - before[i])
            })?,
        })
    }

    /// Returns what the intervals allow to say.
    pub fn verdict(&self) -> Verdict {
        if self.products < MIN_PRODUCTS {
            return Verdict::Unclear;
        }
        let gains = [self.gain.first, self.gain.average_precision];
        if gains.iter().any(|gain| gain.high < 0.0) {
            Verdict::Worse
        } else if gains.iter().any(|gain| gain.low > 0.0) {
            Verdict::Better
        } else {
            Verdict::Unclear
        }
    }
}

fn scores(
    training: &Set,
    validation: &Set,
    (catalog, queries): (&[f32], &[f32]),
) -> Vec<Option<QueryScores>> {
    let dimensions = catalog.len() / training.labels.len().max(1);
    let catalog = training.labeled(catalog, dimensions);
    let queries = validation.labeled(queries, dimensions);
    retrieval::score_queries(catalog, queries, K)
}

fn row(scores: QueryScores) -> Row {
    [scores.first, scores.precision, scores.average_precision]
}

fn estimates(clusters: &[Vec<(Row, Row)>], pick: impl Fn(&(Row, Row)) -> Row) -> Option<Estimates> {
    let picked: Vec<Vec<Row>> = clusters
        .iter()
        .map(|rows| rows.iter().map(&pick).collect())
        .collect();
    let [first, precision, average_precision] = Bootstrap::default().cluster_means(&picked)?;
    Some(Estimates {
        first,
        precision,
        average_precision,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lookalike_encoder::{Part, PartKind};

    use super::*;
    use crate::features::Features;

    /// Two labels along the first axis; the baseline sees only the second, which says nothing.
    fn set(products: &[u32], baseline: bool) -> Set {
        let labels: Vec<u32> = products.iter().map(|product| product % 2).collect();
        let signs = labels.iter().map(|&label| 2.0 * label as f32 - 1.0);
        let plain: Vec<f32> = signs.flat_map(|sign| [sign, 0.5]).collect();
        let blind = labels.iter().flat_map(|_| [0.0, 1.0]).collect();
        Set {
            features: Features {
                dimensions: 2,
                blocks: vec![2],
                augmentations: vec![plain],
            },
            labels: labels.into(),
            products: products.to_vec(),
            baseline: if baseline { blind } else { Vec::new() },
        }
    }

    /// Ten products with one to three images each.
    const HELD_OUT: [u32; 13] = [20, 20, 21, 21, 21, 22, 23, 24, 25, 26, 27, 28, 29];

    fn dataset(held_out: &[u32], baseline: bool) -> Dataset {
        Dataset {
            categories: vec!["0".to_owned(), "1".to_owned()],
            trained: 2,
            training: set(&(0..20).collect::<Vec<_>>(), baseline),
            validation: set(held_out, baseline),
            others: Vec::new(),
            skipped: Vec::new(),
            duplicates: Vec::new(),
            suspects: Vec::new(),
            notes: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    fn head(weights: [f32; 4]) -> ProjectionHead {
        ProjectionHead {
            parts: vec![Part {
                weights: weights.to_vec(),
                bias: vec![0.0; 2],
                kind: PartKind::Direction,
                share: 1.0,
            }],
            gate: None,
        }
    }

    #[test]
    fn a_head_that_sees_the_label_is_better_than_a_blind_baseline() {
        let seeing = head([1.0, 0.0, 0.0, 0.1]);
        let gain = Gain::measure(&dataset(&HELD_OUT, true), &seeing, "blind").unwrap();
        assert_eq!((gain.products, gain.images), (10, 13));
        assert_eq!(gain.after.first.mean, 1.0);
        // Equal similarities are ranked by row: the first of them has label 0, as six queries of thirteen.
        assert!((gain.before.first.mean - 6.0 / 13.0).abs() < 1e-9);
        let difference = gain.after.first.mean - gain.before.first.mean;
        assert!((gain.gain.first.mean - difference).abs() < 1e-9);
        assert_eq!(gain.verdict(), Verdict::Better);
    }

    #[test]
    fn few_held_out_products_allow_no_verdict() {
        let seeing = head([1.0, 0.0, 0.0, 0.1]);
        for products in [[20; 9].as_slice(), &HELD_OUT[..12]] {
            let gain = Gain::measure(&dataset(products, true), &seeing, "blind").unwrap();
            assert!(gain.gain.average_precision.low > 0.0, "{gain:?}");
            assert_eq!(gain.verdict(), Verdict::Unclear);
        }
    }

    #[test]
    fn a_blind_head_gains_nothing() {
        let blind = head([0.0, 0.0, 0.0, 1.0]);
        let gain = Gain::measure(&dataset(&HELD_OUT, true), &blind, "blind").unwrap();
        assert_eq!(gain.gain.first.mean, 0.0);
        assert_eq!(gain.verdict(), Verdict::Unclear);
        let reversed = Gain {
            gain: Estimates {
                average_precision: Estimate {
                    mean: -0.1,
                    low: -0.2,
                    high: -0.05,
                },
                ..gain.gain
            },
            ..gain
        };
        assert_eq!(reversed.verdict(), Verdict::Worse);
    }

    #[test]
    fn without_a_baseline_there_is_nothing_to_compare() {
        let seeing = head([1.0, 0.0, 0.0, 0.1]);
        assert_eq!(
            Gain::measure(&dataset(&HELD_OUT, false), &seeing, "none"),
            None
        );
    }
}
