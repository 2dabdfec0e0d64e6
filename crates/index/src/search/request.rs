//! What to look for, and what was found.

use crate::row::Attributes;
use crate::selection::Selection;
use crate::view::Location;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// The query's embedding, `[dimensions]`, of any length but zero.
    pub vector: &'a [f32],
    /// How many results.
    pub k: usize,
    /// Least cosine similarity, -1 to 1.
    pub min_score: f32,
    /// Products that are not to be found, such as those that the query shows.
    pub without_products: &'a [String],
    /// The pictures that may be found, where not all may; of the snapshot that is searched.
    pub filter: Option<&'a Selection>,
    /// What is a result.
    pub group_by: GroupBy,
    /// The row of which the query is the embedding, if it is of one: a walk that begins there finds as much with
    /// less work. Where `vector` is another one, less is found.
    pub stored: Option<Location>,
}

/// What is a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// A product, once, through its most similar picture.
    #[default]
    Product,
    /// A picture.
    Image,
}

impl<'a> SearchRequest<'a> {
    /// The `k` products most similar to a vector, whatever they are.
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

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first, ties by key.
    pub hits: Vec<Hit>,
    /// Whether everything that could have been found was compared with the query. Else a graph was walked,
    /// which may miss something similar.
    pub exact: bool,
}

/// A product found, through its most similar picture, or a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The product.
    pub product_id: String,
    /// Key of the picture.
    pub key: String,
    /// Cosine similarity to it, -1 to 1.
    pub score: f32,
    /// Its attributes.
    pub attributes: Attributes,
    /// Where it is, such as for [`Snapshot::embedding`](crate::Snapshot::embedding).
    pub at: Location,
}

/// A picture of a product, and how similar it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredPicture {
    /// Its key.
    pub key: String,
    /// Cosine similarity, -1 to 1.
    pub score: f32,
    /// Where it is.
    pub at: Location,
}
