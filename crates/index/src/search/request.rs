//! Search requests.

use crate::row::RowAddress;
use crate::selection::Selection;

/// A search request.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// The query's embedding, `[dimensions]`, of any length except zero.
    pub vector: &'a [f32],
    /// Number of results.
    pub k: usize,
    /// Minimum cosine similarity, -1 to 1.
    pub min_score: f32,
    /// Products to leave out, such as those that the query shows.
    pub without_products: &'a [String],
    /// The images that may be found; all if `None`. A selection of the snapshot that is searched.
    pub filter: Option<&'a Selection>,
    /// Unit of results.
    pub group_by: GroupBy,
    /// The row whose embedding is the query, if there is one: a walk that starts there finds as
    /// much with less work. If `vector` is a different one, less is found.
    pub stored: Option<RowAddress>,
}

/// Unit of results: products or images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// A product, once, through its most similar image.
    #[default]
    Product,
    /// An image.
    Image,
}

impl<'a> SearchRequest<'a> {
    /// Asks for the `k` products that are most similar to a vector, without any condition.
    pub fn new(vector: &'a [f32], k: usize) -> Self {
        Self {
            vector,
            k,
            min_score: -1.0,
            without_products: &[],
            filter: None,
            group_by: GroupBy::Product,
            stored: None,
        }
    }
}
