//! Comparison of the index with an exact search.
//!
//! The index is built as the indexer builds one of this size: quantized rows in a base, with a
//! graph if a base of this size gets one, opened as a snapshot from its stored bytes. Files of the
//! same content count as one product, so that copies count once on both sides.

use std::collections::HashSet;

use lookalike_index::{
    Attributes, Fingerprint, IndexError, QuantizedVector, Row, SearchRequest, Snapshot,
};
use rayon::prelude::*;
use serde::Serialize;

use super::setting::Setting;
use crate::bootstrap::Estimate;
use crate::catalog_index;
use crate::embedded_images::ContentHash;
use crate::hex;
use crate::retrieval::{Labeled, dot};

/// The index compared with an exact search in full precision.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// Recall at k: the share of the exact search's first k that the index finds. Images as near as
    /// the k-th are as good as it.
    pub recall: Estimate,
    /// True if the search walks a graph; otherwise it compares every row.
    pub walks_a_graph: bool,
    /// Size of the stored index in bytes.
    pub bytes: usize,
}

/// Builds the index over the catalog and compares, on all cores.
pub(crate) fn measure(
    setting: &Setting,
    catalog: Labeled<'_>,
    queries: Labeled<'_>,
    encoder: Fingerprint,
) -> Result<Agreement, IndexError> {
    let contents = &setting.catalog.contents;
    let (snapshot, bytes) = index(catalog, contents, encoder)?;
    let distinct = first_of_each(contents);
    let recalls: Vec<f64> = (0..queries.labels.len())
        .into_par_iter()
        .map(|query| {
            let own = setting.leaves_one_out().then(|| &contents[query]);
            let exact = Exact::new(catalog, queries.vector(query), contents, &distinct, own);
            let own = own.map(|content| hex(content));
            let found = snapshot.search(SearchRequest {
                without_products: own.as_slice(),
                ..SearchRequest::new(queries.vector(query), setting.k)
            })?;
            let rows = found.hits.iter().filter_map(|hit| hit.key.parse().ok());
            Ok(exact.recall(rows, setting.k))
        })
        .collect::<Result<_, IndexError>>()?;
    Ok(Agreement {
        recall: setting.bootstrap.mean(&recalls).unwrap_or_default(),
        walks_a_graph: snapshot.walks_a_graph(setting.k),
        bytes,
    })
}

/// Returns the catalog as one base, and its size.
fn index(
    catalog: Labeled<'_>,
    contents: &[ContentHash],
    encoder: Fingerprint,
) -> Result<(Snapshot, usize), IndexError> {
    let rows: Vec<Row> = contents
        .par_iter()
        .enumerate()
        .map(|(row, content)| {
            Ok(Row {
                key: row.to_string(),
                product_id: hex(content),
                etag: String::new(),
                attributes: Attributes::new(),
                embedding: QuantizedVector::new(catalog.vector(row))?,
            })
        })
        .collect::<Result<_, IndexError>>()?;
    catalog_index::index(rows, catalog.dimensions, encoder)
}

/// Returns the first row of every content.
fn first_of_each(contents: &[ContentHash]) -> Vec<usize> {
    let mut seen = HashSet::with_capacity(contents.len());
    let rows = 0..contents.len();
    rows.filter(|&row| seen.insert(contents[row])).collect()
}

/// Similarities of one query to every row, in full precision.
struct Exact {
    of_row: Vec<f32>,
    /// Similarities of the contents that may be found, falling.
    falling: Vec<f32>,
}

impl Exact {
    fn new(
        catalog: Labeled<'_>,
        query: &[f32],
        contents: &[ContentHash],
        distinct: &[usize],
        own: Option<&ContentHash>,
    ) -> Self {
        let of_row: Vec<f32> = (0..contents.len())
            .map(|row| dot(catalog.vector(row), query))
            .collect();
        let mut falling: Vec<f32> = distinct
            .iter()
            .filter(|&&row| own != Some(&contents[row]))
            .map(|&row| of_row[row])
            .collect();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        Self { of_row, falling }
    }

    /// Returns the share of the first `k` in `rows`.
    fn recall(&self, rows: impl Iterator<Item = usize>, k: usize) -> f64 {
        let wanted = k.min(self.falling.len());
        let Some(&least) = wanted
            .checked_sub(1)
            .and_then(|last| self.falling.get(last))
        else {
            return 1.0;
        };
        let found = rows.filter(|&row| self.of_row[row] >= least).count();
        found as f64 / wanted as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::bootstrap::Bootstrap;
    use crate::embedded_images::EmbeddedImages;
    use crate::image_labels::ImageLabels;

    /// Makes unit vectors around some centers, each content in two rows.
    fn setting(rows: usize, leave_one_out: bool) -> Setting {
        let mut rng = StdRng::seed_from_u64(3);
        let mut side = |rows: usize, part: u8| {
            let mut vectors = Vec::new();
            let mut contents = Vec::new();
            for content in 0..rows / 2 {
                let center = (content % 40) as f32 - 20.0;
                let mut vector: Vec<f32> = (0..16)
                    .map(|i| (center * 0.1 * i as f32).sin() + rng.random_range(-0.4..0.4))
                    .collect();
                let length = dot(&vector, &vector).sqrt();
                vector.iter_mut().for_each(|x| *x /= length);
                let mut hash = [part; 32];
                hash[..8].copy_from_slice(&content.to_le_bytes());
                contents.extend([hash; 2]);
                vectors.extend([vector.clone(), vector].concat());
            }
            EmbeddedImages {
                images: Vec::new(),
                contents,
                vectors: vec![vectors],
                skipped: Vec::new(),
            }
        };
        Setting {
            catalog: side(rows, 0),
            queries: (!leave_one_out).then(|| side(50, 1)),
            k: 10,
            bootstrap: Bootstrap::default(),
            products: None,
            further: Vec::new(),
        }
    }

    fn side<'a>(images: &'a EmbeddedImages, labels: &'a ImageLabels) -> Labeled<'a> {
        Labeled {
            vectors: &images.vectors[0],
            dimensions: 16,
            labels,
        }
    }

    fn measured(setting: &Setting) -> Agreement {
        let labels = |images: &EmbeddedImages| vec![0; images.contents.len()].into();
        let (of_catalog, of_queries) = (labels(&setting.catalog), labels(setting.queries()));
        let catalog = side(&setting.catalog, &of_catalog);
        let queries = side(setting.queries(), &of_queries);
        measure(setting, catalog, queries, Fingerprint([1; 32])).unwrap()
    }

    #[test]
    fn looking_at_every_row_agrees_up_to_quantization() {
        for leave_one_out in [false, true] {
            let found = measured(&setting(300, leave_one_out));
            assert!(!found.walks_a_graph);
            assert!(found.recall.mean > 0.995, "{found:?}");
        }
    }

    #[test]
    fn a_large_catalog_gets_a_graph_as_its_index_would() {
        let found = measured(&setting(13_400, false));
        assert!(found.walks_a_graph);
        assert!((0.95..=1.0).contains(&found.recall.mean), "{found:?}");
        assert!(found.bytes > 6_700 * 32);
    }

    #[test]
    fn missing_results_reduce_recall() {
        let exact = Exact {
            of_row: vec![0.9, 0.8, 0.8, 0.1],
            falling: vec![0.9, 0.8, 0.8, 0.1],
        };
        assert_eq!(exact.recall([0, 2].into_iter(), 2), 1.0, "ties are as good");
        assert_eq!(exact.recall([0, 3].into_iter(), 2), 0.5);
        assert_eq!(exact.recall([].into_iter(), 2), 0.0);
    }
}
