//! Results of a search.

use crate::row::{Attributes, RowAddress};

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Results, best first, ties by key.
    pub hits: Vec<Hit>,
    /// True if every row that could have been found was compared with the query. If false, a graph
    /// was walked, which may miss something similar.
    pub exact: bool,
}

/// A product found, through its most similar image, or an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The product.
    pub product_id: String,
    /// Key of the image.
    pub key: String,
    /// Cosine similarity of the image, -1 to 1.
    pub score: f32,
    /// Attributes of the image.
    pub attributes: Attributes,
    /// Address of its row, as for [`Snapshot::embedding`](crate::Snapshot::embedding).
    pub address: RowAddress,
}

/// An image of a product, and how similar it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredImage {
    /// Key of the image.
    pub key: String,
    /// Cosine similarity, -1 to 1.
    pub score: f32,
    /// Address of its row.
    pub address: RowAddress,
}
