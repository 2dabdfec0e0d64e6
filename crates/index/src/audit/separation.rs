//! Measuring how well the vectors of a snapshot separate its categories.
//!
//! A sample of products is searched for among the other products, exactly, as if each were not in
//! the catalog: rows of the query's own product, and rows with the query's vector, are ignored. So
//! the result says how well *other* products of a category are found. It depends on the snapshot
//! alone: products are picked by the hash of their ids.

use std::collections::BTreeMap;

use rayon::prelude::*;
use twox_hash::XxHash3_64;

use super::average_precision::average_precision;
use super::rows::AuditedRows;
use crate::error::IndexError;
use crate::quantization::QueryForms;
use crate::row::RowAddress;
use crate::snapshot::Snapshot;

/// Limits of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeparationLimits {
    /// Maximum number of products that are searched for.
    pub queries: usize,
    /// Maximum number of rows that each is compared with. In a larger index, only some products
    /// are compared, which makes the result worse than a search of all: the nearest product is
    /// further away.
    pub rows: usize,
}

/// How well vectors separate the categories, query by query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CategorySeparation {
    /// Names of the categories that occur.
    pub categories: Vec<String>,
    /// Number of products with a category.
    pub products: usize,
    /// Number of them that were compared: all, or as many as the limit allows.
    pub compared: usize,
    /// The products that were searched for; those that have no other product of their category to
    /// find are left out.
    pub queries: Vec<SeparationQuery>,
}

/// The result of searching for one product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeparationQuery {
    /// The product's category, an index of [`CategorySeparation::categories`].
    pub category: u32,
    /// The category of the most similar other product.
    pub nearest: u32,
    /// Mean precision at the ranks of all other products of the category, 0 to 1.
    pub average_precision: f64,
    /// Share of its category among the other products: what a random ranking finds first.
    pub chance: f64,
}

impl Snapshot {
    /// Searches for a sample of products; `None` if `stop` returned true before the end. It is
    /// called before every search.
    ///
    /// # Errors
    /// [`IndexError`] if the snapshot is damaged.
    pub fn category_separation(
        &self,
        limits: SeparationLimits,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<CategorySeparation>, IndexError> {
        let rows = AuditedRows::of(self);
        let products = products(self, &rows);
        let count = products.len();
        let products = within(products, limits.rows);
        let compared = Compared::new(self, &products);
        let queries = (0..products.len().min(limits.queries)).into_par_iter();
        let found = queries.map(|query| {
            if stop() {
                return Ok(None);
            }
            compared.search(query).map(Some)
        });
        let found: Option<Vec<Option<SeparationQuery>>> =
            found.collect::<Result<Option<_>, IndexError>>()?;
        Ok(found.map(|queries| CategorySeparation {
            categories: rows.names().to_vec(),
            products: count,
            compared: products.len(),
            queries: queries.into_iter().flatten().collect(),
        }))
    }
}

/// A product that has a category.
struct Product {
    category: u32,
    rows: Vec<ProductRow>,
}

/// A row of a product.
struct ProductRow {
    address: RowAddress,
    /// The place of its vector in the segment.
    node: u32,
    /// The first row with the same vector.
    first: u32,
}

/// Returns the products with a category, in the order of the hashes of their ids.
fn products(snapshot: &Snapshot, rows: &AuditedRows<'_>) -> Vec<Product> {
    let mut by_number: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in 0..rows.len() as u32 {
        by_number.entry(rows.product(row)).or_default().push(row);
    }
    let meta = |address: RowAddress| snapshot.live_rows().meta(address);
    let hash = |address: RowAddress| {
        let id = meta(address).product_id(address.row);
        XxHash3_64::oneshot(id.as_bytes())
    };
    let row = |row: u32| {
        let address = rows.address(row);
        ProductRow {
            address,
            node: meta(address).node_of(address.row),
            first: rows.first(row),
        }
    };
    let mut products: Vec<(u64, Product)> = by_number
        .into_values()
        .filter_map(|of_product| {
            let category = of_product.iter().find_map(|&row| rows.category(row))?;
            let rows: Vec<ProductRow> = of_product.into_iter().map(row).collect();
            Some((hash(rows[0].address), Product { category, rows }))
        })
        .collect();
    products.sort_by_key(|(hash, _)| *hash);
    products.into_iter().map(|(_, product)| product).collect()
}

/// Returns the first products that have at most `limit` rows together.
fn within(products: Vec<Product>, limit: usize) -> Vec<Product> {
    let mut left = limit;
    let fits = |product: &Product| match left.checked_sub(product.rows.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    products.into_iter().take_while(fits).collect()
}

/// The products that are compared with each query.
struct Compared<'a> {
    snapshot: &'a Snapshot,
    products: &'a [Product],
    /// All rows with the number of their product, in the order of their vectors in memory, which is
    /// several times faster to read than the order of products.
    rows: Vec<(usize, &'a ProductRow)>,
}

impl<'a> Compared<'a> {
    fn new(snapshot: &'a Snapshot, products: &'a [Product]) -> Self {
        let of_product = |(number, product): (usize, &'a Product)| {
            let rows = product.rows.iter();
            rows.map(move |row| (number, row))
        };
        let mut rows: Vec<(usize, &ProductRow)> =
            products.iter().enumerate().flat_map(of_product).collect();
        rows.sort_unstable_by_key(|(_, row)| (row.address.segment, row.node, row.address.row));
        Self {
            snapshot,
            products,
            rows,
        }
    }

    /// Searches for the first image of a product; `None` if no other product of its category can
    /// be found.
    fn search(&self, query: usize) -> Result<Option<SeparationQuery>, IndexError> {
        let own = &self.products[query];
        let row = &own.rows[0];
        let vector = self.snapshot.embedding(row.address);
        let segments = self.snapshot.segments();
        let bases = segments.iter().map(|segment| segment.body().basis());
        let forms = QueryForms::new(&vector, self.snapshot.dimensions(), bases)?;
        let best = self.best_of_products(&forms, query);
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        let mut nearest: Option<(f32, u32)> = None;
        for (product, score) in self.products.iter().zip(best) {
            let Some(score) = score else {
                continue;
            };
            match product.category == own.category {
                true => right.push(score),
                false => wrong.push(score),
            }
            if nearest.is_none_or(|(best, _)| score > best) {
                nearest = Some((score, product.category));
            }
        }
        let chance = right.len() as f64 / (right.len() + wrong.len()).max(1) as f64;
        let precision = average_precision(&mut right, &wrong);
        Ok(precision
            .zip(nearest)
            .map(|(average_precision, (_, nearest))| SeparationQuery {
                category: own.category,
                nearest,
                average_precision,
                chance,
            }))
    }

    /// Returns the score of each product's best image that is no copy of the query; `None` for the
    /// query itself.
    fn best_of_products(&self, forms: &QueryForms, query: usize) -> Vec<Option<f32>> {
        let first = self.products[query].rows[0].first;
        let mut best: Vec<Option<f32>> = vec![None; self.products.len()];
        for (number, row) in &self.rows {
            if *number == query || row.first == first {
                continue;
            }
            let body = self.snapshot.segments()[row.address.segment].body();
            let score = body.score(forms.in_basis(body.basis()), row.node);
            let best = &mut best[*number];
            *best = Some(best.map_or(score, |best| best.max(score)));
        }
        best
    }
}
