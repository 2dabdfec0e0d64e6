use lookalike_index::IndexError;

use super::setting::Setting;

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
    /// No category tells images apart.
    #[error(
        "nearly all of the {images} images have {common}, and there is no other category to tell them apart: add \
         images of others, or choose labels that differ with --label-column"
    )]
    CommonCategories {
        /// Images in the catalog.
        images: usize,
        /// The categories that nearly all images have.
        common: String,
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
        "none of the {queries} queries has another image of its category to find: every category \
         needs two images of different content"
    )]
    NoneScored {
        /// Number of queries.
        queries: usize,
    },
    /// No query has a right result among the images of other products.
    #[error(
        "none of the {queries} queries has an image of another product of its category to find: every \
         category needs two products. The images show {products} {}; check --product-id, or the column \
         product_id of --labels",
        if *products == 1 { "product" } else { "products" }
    )]
    NoOtherProduct {
        /// Number of queries.
        queries: usize,
        /// Number of products.
        products: usize,
    },
    /// The index rejects a vector.
    #[error("the index cannot be built: {0}")]
    Index(#[from] IndexError),
}

impl EvaluationError {
    /// Returns the reason why no query has a right result.
    pub(super) fn none_scored(setting: &Setting) -> Self {
        let queries = setting.queries().images.len();
        match &setting.products {
            Some(products) => Self::NoOtherProduct {
                queries,
                products: products.count(),
            },
            None => Self::NoneScored { queries },
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "image" } else { "images" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::Bootstrap;
    use crate::embedded_images::EmbeddedImages;
    use crate::evaluation::setting::Products;

    #[test]
    fn without_other_products_the_error_is_about_products() {
        let mut setting = Setting {
            catalog: EmbeddedImages {
                images: Vec::new(),
                contents: Vec::new(),
                vectors: Vec::new(),
                skipped: Vec::new(),
            },
            queries: None,
            k: 1,
            bootstrap: Bootstrap::default(),
            products: None,
            further: Vec::new(),
        };
        let text = |setting: &Setting| EvaluationError::none_scored(setting).to_string();
        assert!(text(&setting).contains("two images of different content"));
        let ids = ["a", "a"].map(str::to_owned);
        setting.products = Some(Products::new(&ids, &ids));
        let text = text(&setting);
        assert!(text.contains("needs two products"), "{text}");
        assert!(
            text.contains("show 1 product; check --product-id"),
            "{text}"
        );
    }
}
