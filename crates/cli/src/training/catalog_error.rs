//! The reason why a catalog cannot be trained on.

use std::collections::BTreeMap;

/// Maximum number of attributes that an error lists.
const MAX_LISTED: usize = 20;

/// The reason why a catalog cannot be trained on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    /// The bucket has no images.
    #[error(
        "the catalog has no images: upload some with `lookalike upload`, or name a folder with --images"
    )]
    Empty,
    /// No image is indexed.
    #[error(
        "none of the {images} images of the catalog is indexed, the first because: {first}; see `lookalike status \
         --failed`"
    )]
    NoneIndexed { images: usize, first: String },
    /// No image has a label.
    #[error(
        "none of the {images} images of the catalog has a {column:?}: {}",
        advice(attributes)
    )]
    NoLabels {
        column: String,
        images: usize,
        attributes: Attributes,
    },
    /// All labels are the same.
    #[error(
        "all {images} images have the {column} {label:?}, and training learns to tell two or more apart: {}",
        advice(attributes)
    )]
    OneLabel {
        column: String,
        label: String,
        images: usize,
        attributes: Attributes,
    },
    /// Fewer than two labels tell images apart.
    #[error(
        "nearly all of the {images} images have the {column} {common}, and training learns to tell two others or more \
         apart: {}",
        advice(attributes)
    )]
    CommonLabels {
        column: String,
        common: String,
        images: usize,
        attributes: Attributes,
    },
    /// No label has two products.
    #[error(
        "each {column} belongs to one product alone, and training learns what products have in common: {}",
        advice(attributes)
    )]
    LonelyLabels {
        column: String,
        attributes: Attributes,
    },
    /// Too few images have a label.
    #[error(
        "only {images} images of the catalog have a {column}, and training needs {min} or more: add images, or {}",
        advice(attributes)
    )]
    TooFew {
        column: String,
        images: usize,
        min: usize,
        attributes: Attributes,
    },
}

/// The attributes of a catalog's products, each with the number of products that have it.
pub(crate) type Attributes = BTreeMap<String, usize>;

fn advice(attributes: &Attributes) -> String {
    if attributes.is_empty() {
        return "import a table with a column of categories with `lookalike import`, or upload the images in \
                folders of their categories"
            .to_owned();
    }
    let mut names: Vec<(&String, &usize)> = attributes.iter().collect();
    names.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let listed: Vec<&str> = names
        .iter()
        .take(MAX_LISTED)
        .map(|(name, _)| name.as_str())
        .collect();
    let rest = if names.len() > MAX_LISTED {
        " and others"
    } else {
        ""
    };
    format!(
        "choose an attribute of the products that says what is alike with --label-column; they have {}{rest}",
        listed.join(", ")
    )
}
