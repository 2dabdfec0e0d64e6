//! The five measures with their intervals.

use serde::Serialize;

use crate::bootstrap::Estimate;

/// Returns the names of the five measures, in the order of [`Measures::to_array`].
pub fn headings(k: usize) -> [String; 5] {
    [
        "P@1".to_owned(),
        format!("P@{k}"),
        format!("R@{k}"),
        "mAP".to_owned(),
        "MRR".to_owned(),
    ]
}

/// The means over queries, or over categories, with their intervals.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Measures {
    /// P@1: the share of queries whose nearest image is right.
    #[serde(rename = "p_at_1")]
    pub first: Estimate,
    /// P@k: the share of right ones among the first k.
    #[serde(rename = "p_at_k")]
    pub precision: Estimate,
    /// R@k: the share of queries for which any of the first k is right.
    #[serde(rename = "r_at_k")]
    pub recall: Estimate,
    /// mAP: the mean of the average precisions.
    #[serde(rename = "map")]
    pub average_precision: Estimate,
    /// MRR: the mean of the reciprocal ranks.
    #[serde(rename = "mrr")]
    pub reciprocal_rank: Estimate,
}

impl Measures {
    /// Returns P@1, P@k, R@k, mAP and MRR, in this order.
    pub fn to_array(self) -> [Estimate; 5] {
        [
            self.first,
            self.precision,
            self.recall,
            self.average_precision,
            self.reciprocal_rank,
        ]
    }
}

impl From<[Estimate; 5]> for Measures {
    fn from(all: [Estimate; 5]) -> Self {
        let [first, precision, recall, average_precision, reciprocal_rank] = all;
        Self {
            first,
            precision,
            recall,
            average_precision,
            reciprocal_rank,
        }
    }
}
