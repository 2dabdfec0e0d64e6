//! What an index with a vector base cannot answer.

/// The reason why an index with a vector base cannot answer a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// Counting values looks at every row.
    #[error(
        "facets count the products of the whole catalog, which a vector base does not do: leave facets out"
    )]
    Facets,
    /// A filter that the engine cannot apply left fewer results than were asked for.
    #[error(
        "only {found} of {wanted} results were found: the condition on {} is applied to the nearest images alone, because \
         a vector base finds images by equality and by ranges of numbers, of few values at once and of attributes that \
         were declared when it was made; add a condition that narrows the search down, or ask for {found} results",
        .attributes.join(", ")
    )]
    Filter {
        /// Number of results.
        found: usize,
        /// Number of results asked for.
        wanted: usize,
        /// The attributes of conditions that the engine cannot apply.
        attributes: Vec<String>,
    },
}
