//! How often the nearest neighbors of a query agree with it in a label, against chance.

use rayon::prelude::*;
use serde::Serialize;

use super::further_label::FurtherLabel;
use super::setting::Setting;
use crate::bootstrap::Estimate;
use crate::clusters::clusters;
use crate::retrieval::QueryResult;

/// The agreement of neighbors in one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelAgreement {
    /// Name of the label.
    pub label: String,
    /// Number of queries with a value and a neighbor that has one.
    pub queries: usize,
    /// Mean share of the first k that agree, of those that have a value.
    pub share: Estimate,
    /// The same share of all images that the queries may find: what random neighbors reach.
    pub chance: f64,
}

impl LabelAgreement {
    /// Measures the first k neighbors of every query; `None` if no query has a value and a neighbor
    /// with one.
    pub(crate) fn measure(
        setting: &Setting,
        label: &FurtherLabel,
        results: &[QueryResult],
    ) -> Option<Self> {
        let units = setting.units();
        let shares: Vec<(u32, f64, f64)> = results
            .par_iter()
            .enumerate()
            .filter_map(|(query, result)| {
                let found = result.neighbors.iter();
                let found = share(found.map(|neighbor| label.agree(query, neighbor.row)))?;
                let rows = 0..label.catalog.len();
                let others = rows.filter(|&row| !setting.is_itself(query, row));
                let chance = share(others.map(|row| label.agree(query, row)))?;
                Some((units[query], found, chance))
            })
            .collect();
        let found: Vec<(u32, [f64; 1])> = shares
            .iter()
            .map(|(unit, found, _)| (*unit, [*found]))
            .collect();
        let [share] = setting.bootstrap.cluster_means(&clusters(&found))?;
        let chances = shares.iter().map(|(.., chance)| chance);
        Some(Self {
            label: label.name.clone(),
            queries: shares.len(),
            share,
            chance: chances.sum::<f64>() / shares.len() as f64,
        })
    }
}

/// Returns the share of true among the known; `None` if nothing is known.
fn share(agreements: impl Iterator<Item = Option<bool>>) -> Option<f64> {
    let (mut agreeing, mut known) = (0_usize, 0_usize);
    for agrees in agreements.flatten() {
        known += 1;
        agreeing += usize::from(agrees);
    }
    (known > 0).then(|| agreeing as f64 / known as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bootstrap::Bootstrap;
    use crate::embedded_images::EmbeddedImages;
    use crate::evaluation::Products;
    use crate::retrieval::Neighbor;

    /// Four images, each searched for among the others.
    fn setting(products: Option<Products>) -> Setting {
        Setting {
            catalog: EmbeddedImages {
                images: Vec::new(),
                contents: (0..4).map(|content| [content; 32]).collect(),
                vectors: Vec::new(),
                skipped: Vec::new(),
            },
            queries: None,
            k: 2,
            bootstrap: Bootstrap::default(),
            products,
            further: Vec::new(),
        }
    }

    fn texts(texts: [Option<&str>; 4]) -> [Option<String>; 4] {
        texts.map(|text| text.map(str::to_owned))
    }

    fn results(neighbors: [&[usize]; 4]) -> Vec<QueryResult> {
        let neighbor = |&row: &usize| Neighbor {
            row,
            similarity: 0.5,
        };
        let result = |rows: &[usize]| QueryResult {
            scores: None,
            neighbors: rows.iter().map(neighbor).collect(),
        };
        neighbors.map(result).into()
    }

    #[test]
    fn shares_and_chances_by_hand() {
        let texts = texts([Some("Red|blue"), Some("red"), Some("green"), None]);
        let label = FurtherLabel::new("color", &texts, &texts);
        let results = results([&[1, 3], &[0, 2], &[0, 1], &[0, 1]]);
        let found = LabelAgreement::measure(&setting(None), &label, &results).unwrap();
        // The last image has no color, and does not count as a neighbor.
        assert_eq!(found.queries, 3);
        assert!((found.share.mean - (1.0 + 0.5 + 0.0) / 3.0).abs() < 1e-12);
        assert!((found.chance - (0.5 + 0.5 + 0.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn images_of_the_own_product_are_no_chance() {
        let texts = texts([Some("red"), Some("red"), Some("red"), Some("green")]);
        let label = FurtherLabel::new("color", &texts, &texts);
        let ids = ["a", "a", "b", "c"].map(str::to_owned);
        let setting = setting(Some(Products::new(&ids, &ids)));
        let results = results([&[2, 3], &[2, 3], &[0, 1], &[0, 1]]);
        let found = LabelAgreement::measure(&setting, &label, &results).unwrap();
        let of_first = 1.0 / 2.0;
        let expected = (of_first + of_first + 2.0 / 3.0 + 0.0) / 4.0;
        assert!((found.chance - expected).abs() < 1e-12, "{}", found.chance);
    }

    #[test]
    fn images_of_one_product_are_drawn_together() {
        let texts = texts([Some("red"), Some("red"), Some("red"), Some("green")]);
        let label = FurtherLabel::new("color", &texts, &texts);
        let ids = ["a", "a", "a", "b"].map(str::to_owned);
        let results = results([&[1], &[2], &[0], &[0]]);
        let low = |products| {
            let found = LabelAgreement::measure(&setting(products), &label, &results);
            found.unwrap().share.low
        };
        // Of four images, three that agree, one of twenty draws has one or none that does; of two
        // products, every fourth draw has only the one that does not.
        assert_eq!(low(None), 0.25);
        assert_eq!(low(Some(Products::new(&ids, &ids))), 0.0);
    }

    #[test]
    fn without_values_there_is_nothing_to_measure() {
        let label = FurtherLabel::new("color", &texts([None; 4]), &texts([None; 4]));
        let results = results([&[1], &[0], &[0], &[0]]);
        assert_eq!(
            LabelAgreement::measure(&setting(None), &label, &results),
            None
        );
    }
}
