use lookalike_index::IndexError;

/// The reason why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// All images are of one category.
    #[error(
        "expected a catalog of two categories or more, found one, {category:?}, with {images} \
         {}: there is nothing to tell apart", plural(*images)
    )]
    OneCategory {
        /// Images in the catalog.
        images: usize,
        /// The category.
        category: String,
    },
    /// No category of the queries is in the catalog.
    #[error(
        "the queries have no category in common with the catalog: expected some of {catalog}; found \
         {queries}"
    )]
    NothingInCommon {
        /// Categories of the catalog.
        catalog: String,
        /// Categories of the queries.
        queries: String,
    },
    /// The measures at k are not possible.
    #[error("k is {k}, but a query can find {found} {}: choose 1 to {found}", plural(*found))]
    K {
        /// The requested k.
        k: usize,
        /// Number of images that a query can find.
        found: usize,
    },
    /// No query has a right result.
    #[error(
        "none of the {queries} queries has another picture of its category to find: every category \
         needs two pictures of different content"
    )]
    NoneScored {
        /// Number of queries.
        queries: usize,
    },
    /// The index rejects a vector.
    #[error("the index cannot be built: {0}")]
    Index(#[from] IndexError),
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "image" } else { "images" }
}
