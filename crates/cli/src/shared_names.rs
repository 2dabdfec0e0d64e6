//! File names that join images of several folders to one product.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::{CATALOG_PREFIX, product_id_of};
use serde::Serialize;

/// Number of images of a product that are shown.
const SHOWN_IMAGES: usize = 3;

/// The images by the product that their file names make them show.
#[derive(Debug, Default)]
pub(crate) struct SharedNames(BTreeMap<String, Vec<String>>);

/// A product that images of several folders show only because their file names are equal.
#[derive(Debug, Serialize)]
pub(crate) struct SharedName {
    /// The product id.
    pub(crate) product_id: String,
    /// Number of images.
    pub(crate) images: usize,
    /// The first of them, below the folder of the upload.
    pub(crate) first: Vec<String>,
}

impl SharedNames {
    /// Adds an image whose product is its file name.
    pub(crate) fn add(&mut self, key: &str) {
        let images = self.0.entry(product_id_of(key, &BTreeMap::new()));
        images.or_default().push(key.to_owned());
    }

    /// Returns the products with images in several folders.
    pub(crate) fn found(self) -> Vec<SharedName> {
        let is_shared = |keys: &Vec<String>| {
            let folders = keys
                .iter()
                .map(|key| key.rsplit_once('/').map(|(folder, _)| folder));
            folders.collect::<BTreeSet<_>>().len() > 1
        };
        let shared = self.0.into_iter().filter(|(_, keys)| is_shared(keys));
        let found = shared.map(|(product_id, keys)| SharedName {
            product_id,
            images: keys.len(),
            first: (keys.iter().take(SHOWN_IMAGES))
                .map(|key| key[CATALOG_PREFIX.len()..].to_owned())
                .collect(),
        });
        found.collect()
    }
}
