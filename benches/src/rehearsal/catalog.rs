//! The images of the rehearsal, their products, and the results that an exact search would give.

use lookalike_benches::vectors::{Numbered, SCORE_TOLERANCE, keep};
use lookalike_core::model::Metadata;
use lookalike_test_support::dot;
use rayon::prelude::*;
use serde_json::{Value, json};

/// Number of folders over which images are spread.
const FOLDERS: usize = 20;
/// The members of metadata that filters use.
pub(crate) const FILTERABLE: &str = "brand,collection,price,stock";
/// Prices are below this.
const PRICES: u64 = 1000;

/// Images by number, of which each product has some.
pub(crate) struct Catalog {
    pub(crate) numbered: std::sync::Arc<Numbered>,
    pub(crate) images_per_product: usize,
}

/// A filter that about a certain share of products meet.
pub(crate) struct Narrowing {
    /// Its name in tables.
    pub(crate) name: &'static str,
    pub(crate) filter: Option<Value>,
    is_met: fn(&Facts) -> bool,
}

/// What the metadata of a product say, by chance.
struct Facts {
    is_in_stock: bool,
    brand: u64,
    collection: u64,
    price: u64,
}

/// Returns the filters that are measured.
pub(crate) fn narrowings() -> Vec<Narrowing> {
    let of = |name, filter, is_met| Narrowing {
        name,
        filter,
        is_met,
    };
    let prices = |low: u64, high: u64| Some(json!({"price": {"gte": low, "lt": high}}));
    vec![
        of("none", None, |_| true),
        of("equality, 50 %", Some(json!({"stock": "yes"})), |facts| {
            facts.is_in_stock
        }),
        of("equality, 5 %", Some(json!({"brand": "b3"})), |facts| {
            facts.brand == 3
        }),
        of(
            "equality, 0.5 %",
            Some(json!({"collection": "c77"})),
            |facts| facts.collection == 77,
        ),
        of("range, 50 %", prices(200, 700), |facts| {
            (200..700).contains(&facts.price)
        }),
        of("range, 5 %", prices(300, 350), |facts| {
            (300..350).contains(&facts.price)
        }),
        of("range, 0.5 %", prices(400, 405), |facts| {
            (400..405).contains(&facts.price)
        }),
    ]
}

impl Facts {
    fn of(product: usize) -> Self {
        // The numbers of two products say nothing of each other.
        let mut z = (product as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^= z >> 27;
        Self {
            is_in_stock: z & 1 == 0,
            brand: (z >> 8) % 20,
            collection: (z >> 20) % 200,
            price: (z >> 36) % PRICES,
        }
    }
}

impl Catalog {
    /// Returns the key of an image.
    pub(crate) fn key(&self, image: usize) -> String {
        format!("catalog/folder-{}/{image}.jpg", image % FOLDERS)
    }

    /// Returns the number of the product that an image shows.
    pub(crate) fn product(&self, image: usize) -> usize {
        image / self.images_per_product
    }

    /// Returns the metadata of a product.
    pub(crate) fn metadata(&self, product: usize) -> Metadata {
        let facts = Facts::of(product);
        let members = [
            ("title", json!(format!("Product {product}"))),
            ("stock", json!(if facts.is_in_stock { "yes" } else { "no" })),
            ("brand", json!(format!("b{}", facts.brand))),
            ("collection", json!(format!("c{}", facts.collection))),
            ("price", json!(facts.price)),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Returns the scores of the `k` best products among the first `images` images, best first, by filter and query. As in
    /// searches, scores below 0 are left out.
    pub(crate) fn exact(
        &self,
        images: usize,
        narrowings: &[Narrowing],
        queries: usize,
        k: usize,
    ) -> Vec<Vec<Vec<f32>>> {
        let queries = &self.numbered.queries()[..queries];
        let none = || vec![vec![Vec::new(); queries.len()]; narrowings.len()];
        let products = images.div_ceil(self.images_per_product);
        let add = |mut best: Vec<Vec<Vec<f32>>>, product: usize| {
            let vectors = self.vectors(product, images);
            let facts = Facts::of(product);
            let met = narrowings.iter().map(|one| (one.is_met)(&facts));
            let met: Vec<bool> = met.collect();
            for (number, query) in queries.iter().enumerate() {
                let score = self.best(&vectors, query);
                if score < 0.0 {
                    continue;
                }
                for (best, _) in best.iter_mut().zip(&met).filter(|(_, met)| **met) {
                    keep(&mut best[number], k, score);
                }
            }
            best
        };
        let join = |mut one: Vec<Vec<Vec<f32>>>, other: Vec<Vec<Vec<f32>>>| {
            let pairs = one.iter_mut().flatten().zip(other.into_iter().flatten());
            for (best, scores) in pairs {
                scores.into_iter().for_each(|score| keep(best, k, score));
            }
            one
        };
        (0..products)
            .into_par_iter()
            .fold(none, add)
            .reduce(none, join)
    }

    /// Returns how many of these products are as near to a query as the best `k`, of which these are the scores.
    pub(crate) fn met(
        &self,
        images: usize,
        query: usize,
        products: &[usize],
        scores: &[f32],
    ) -> usize {
        let query = &self.numbered.queries()[query];
        let least = scores.last().copied().unwrap_or_default() - SCORE_TOLERANCE;
        let is_met = |product: &&usize| self.best(&self.vectors(**product, images), query) >= least;
        products.iter().filter(is_met).count()
    }

    fn vectors(&self, product: usize, images: usize) -> Vec<Vec<f32>> {
        let first = product * self.images_per_product;
        let end = images.min(first + self.images_per_product);
        (first..end)
            .map(|image| self.numbered.vector(image as u64))
            .collect()
    }

    fn best(&self, vectors: &[Vec<f32>], query: &[f32]) -> f32 {
        let scores = vectors.iter().map(|vector| dot(vector, query));
        scores.fold(f32::NEG_INFINITY, f32::max)
    }
}
