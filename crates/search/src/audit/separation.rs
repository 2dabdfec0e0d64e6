//! How well the present encoder separates the catalog's categories, from the index alone.

use std::sync::Arc;

use lookalike_core::time::Deadline;
pub use lookalike_index::CategorySeparation;
use lookalike_index::SeparationLimits;

use super::AuditError;
use crate::error::SearchError;
use crate::run_blocking::run_blocking;
use crate::searcher::Searcher;

/// Minimum number of products with a category: figures of fewer are mostly chance.
pub const MIN_SEPARATED_PRODUCTS: usize = 20;

/// Maximum number of rows that a query is compared with. With a thousand queries, that takes
/// seconds.
const MAX_ROWS: usize = 200_000;

/// The reason why nothing can be said about the categories.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSeparable {
    /// Too few products have a category.
    #[error(
        "expected {MIN_SEPARATED_PRODUCTS} or more indexed products with a category, found {products}: \
         upload images in folders of their categories, or import a table with a column category"
    )]
    FewProducts {
        /// Number of products with a category.
        products: usize,
    },
    /// All products are of one category.
    #[error(
        "all {products} products are of the category {category:?}: there is nothing to tell apart"
    )]
    OneCategory {
        /// Number of products.
        products: usize,
        /// The category.
        category: String,
    },
    /// No category has two products.
    #[error(
        "none of the {categories} categories has two products with different images: a product can \
         only find others of its category"
    )]
    Singles {
        /// Number of categories.
        categories: usize,
    },
}

impl Searcher {
    /// Searches for at most `queries` products in the newest index and tells whether others of their
    /// category are nearest. No image is read or embedded, but every row of a vector base. The inner error says why such
    /// figures would mean nothing.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn category_separation(
        &self,
        queries: usize,
        until: Deadline,
    ) -> Result<Result<CategorySeparation, NotSeparable>, AuditError> {
        let newest = self.newest_for_certain().await?;
        let check = |_| match until.remaining().is_zero() {
            true => Err(AuditError::Late),
            false => Ok(()),
        };
        let loaded = self.with_every_row(newest, check).await?;
        let snapshot = Arc::clone(&loaded.snapshot);
        let limits = SeparationLimits {
            queries,
            rows: MAX_ROWS,
        };
        let is_late = move || until.remaining().is_zero();
        let measured = run_blocking(move || snapshot.category_separation(limits, &is_late)).await?;
        let measured = measured
            .map_err(SearchError::from)?
            .ok_or(AuditError::Late)?;
        Ok(checked(measured))
    }
}

fn checked(measured: CategorySeparation) -> Result<CategorySeparation, NotSeparable> {
    let products = measured.products;
    if products < MIN_SEPARATED_PRODUCTS {
        return Err(NotSeparable::FewProducts { products });
    }
    if let [category] = measured.categories.as_slice() {
        return Err(NotSeparable::OneCategory {
            products,
            category: category.clone(),
        });
    }
    if measured.queries.is_empty() {
        return Err(NotSeparable::Singles {
            categories: measured.categories.len(),
        });
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn found(products: usize, categories: &[&str]) -> NotSeparable {
        let categories = categories.iter().map(|&name| name.to_owned());
        let measured = CategorySeparation {
            products,
            categories: categories.collect(),
            ..CategorySeparation::default()
        };
        checked(measured).unwrap_err()
    }

    #[test]
    fn small_and_uniform_catalogs_have_no_figures() {
        assert!(found(0, &[]).to_string().contains("found 0: upload"));
        assert_eq!(
            found(19, &["a"]),
            NotSeparable::FewProducts { products: 19 }
        );
        assert!(found(20, &["a"]).to_string().contains("category \"a\""));
        assert!(matches!(
            found(20, &["a", "b"]),
            NotSeparable::Singles { categories: 2 }
        ));
    }
}
