//! How well the present encoder separates the catalog's categories: figures with intervals.

use std::collections::BTreeMap;

use anyhow::Result;
use lookalike_search::{CategorySeparation, Searcher};
use lookalike_training::bootstrap::{Bootstrap, CONFIDENCE, Estimate};
use serde::Serialize;

use crate::deadline;

/// Maximum number of pairs of categories that text lists.
const SHOWN_PAIRS: usize = 5;

/// The figures, or the reason why there are none; serialized for programs.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Separation {
    /// The figures.
    Measured(Measured),
    /// The reason.
    NotMeasured {
        /// In words.
        reason: String,
    },
}

/// How often the products near a product are of its category.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    /// Share of the queries whose most similar other product is of their category.
    p_at_1: Estimate,
    /// Mean over the queries of the precision at the ranks of all other products of their category.
    map: Estimate,
    /// P@1 of a random ranking.
    chance: f64,
    /// Share of resampled means inside the intervals.
    confidence: f64,
    /// Number of products that were searched for.
    queries: usize,
    /// Number of products that each was compared with.
    compared: usize,
    /// Number of products with a category in the index.
    products: usize,
    /// Number of categories.
    categories: usize,
    /// The pairs of categories that are confused most often.
    confused: Vec<ConfusedPair>,
}

/// Two categories, and how often one finds the other.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConfusedPair {
    /// The category of the queries.
    category: String,
    /// The category of their most similar product.
    nearest: String,
    /// Number of such queries.
    times: usize,
    /// Number of all queries of the category.
    queries: usize,
}

impl Separation {
    /// Measures with at most `queries` products.
    pub(crate) async fn measure(searcher: &Searcher, queries: usize) -> Result<Self> {
        let found = searcher.category_separation(queries, deadline::of_step());
        let measured = match found.await? {
            Ok(found) => {
                Measured::of(&found).ok_or_else(|| "no product was searched for".to_owned())
            }
            Err(reason) => Err(reason.to_string()),
        };
        Ok(measured.map_or_else(Self::not_measured, Self::Measured))
    }

    /// Returns the reason instead of figures.
    pub(crate) fn not_measured(reason: impl ToString) -> Self {
        Self::NotMeasured {
            reason: reason.to_string(),
        }
    }

    /// Returns one line for people.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Measured(found) => format!(
                "categories: the most similar other product has the same one for {} of products, by chance {}; \
                 `lookalike audit` tells more",
                share(found.p_at_1),
                percent(found.chance)
            ),
            Self::NotMeasured { reason } => format!("categories: {reason}"),
        }
    }

    /// Returns all figures for people, in lines.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Measured(found) => found.text(),
            Self::NotMeasured { reason } => {
                format!("how well the encoder separates the categories is not known: {reason}")
            }
        }
    }
}

impl Measured {
    fn of(found: &CategorySeparation) -> Option<Self> {
        let rows: Vec<[f64; 3]> = found
            .queries
            .iter()
            .map(|query| {
                let first = f64::from(u8::from(query.nearest == query.category));
                [first, query.average_precision, query.chance]
            })
            .collect();
        let [p_at_1, map, chance] = Bootstrap::default().means(&rows)?;
        Some(Self {
            p_at_1,
            map,
            chance: chance.mean,
            confidence: CONFIDENCE,
            queries: found.queries.len(),
            compared: found.compared,
            products: found.products,
            categories: found.categories.len(),
            confused: confused(found),
        })
    }

    fn text(&self) -> String {
        let among = match self.compared == self.products {
            true => format!("all {} that have a category", self.products),
            false => format!(
                "{} of {} that have a category",
                self.compared, self.products
            ),
        };
        let mut text = format!(
            "how well the encoder separates the {} categories, measured on the index: {} products were searched for \
             among {among}, each without its own images and copies of them\n  \
             the most similar product is of the same category: {} (P@1), by chance {}\n  \
             mean average precision: {:.3} [{:.3}, {:.3}]",
            self.categories,
            self.queries,
            share(self.p_at_1),
            percent(self.chance),
            self.map.mean,
            self.map.low,
            self.map.high
        );
        for pair in self.confused.iter().take(SHOWN_PAIRS) {
            text.push_str(&format!(
                "\n  {} found {} first, {} of {} times",
                pair.category, pair.nearest, pair.times, pair.queries
            ));
        }
        text
    }
}

/// Returns the pairs of categories that are confused, most often first.
fn confused(found: &CategorySeparation) -> Vec<ConfusedPair> {
    let mut pairs: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let mut of_category: BTreeMap<u32, usize> = BTreeMap::new();
    for query in &found.queries {
        *of_category.entry(query.category).or_default() += 1;
        if query.nearest != query.category {
            *pairs.entry((query.category, query.nearest)).or_default() += 1;
        }
    }
    let name = |category: u32| found.categories[category as usize].clone();
    let mut pairs: Vec<ConfusedPair> = pairs
        .into_iter()
        .map(|((category, nearest), times)| ConfusedPair {
            category: name(category),
            nearest: name(nearest),
            times,
            queries: of_category[&category],
        })
        .collect();
    pairs.sort_by(|a, b| {
        let by_name = (&a.category, &a.nearest).cmp(&(&b.category, &b.nearest));
        b.times.cmp(&a.times).then(by_name)
    });
    pairs
}

fn share(estimate: Estimate) -> String {
    let Estimate { mean, low, high } = estimate;
    format!("{} [{}, {}]", percent(mean), percent(low), percent(high))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
