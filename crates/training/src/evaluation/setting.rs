use std::collections::{HashMap, HashSet};

use lookalike_encoder::Encoder;

use super::further_label::FurtherLabel;
use crate::bootstrap::Bootstrap;
use crate::embedded_images::{ContentHash, EmbeddedImages};

/// A catalog, and the queries that are searched for in it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The images to find.
    pub catalog: EmbeddedImages,
    /// The images to search with. If `None`, those of the catalog are used, and none finds itself
    /// or a file of the same content.
    pub queries: Option<EmbeddedImages>,
    /// Number of neighbors for the measures at k.
    pub k: usize,
    /// Parameters of the intervals.
    pub bootstrap: Bootstrap,
    /// The products that the images show. If given, no image of the query's own product counts,
    /// neither as right nor as wrong, and intervals are from drawing products; otherwise images of one product count like others.
    pub products: Option<Products>,
    /// Labels besides the category of which the agreement is measured.
    pub further: Vec<FurtherLabel>,
}

/// The products that the images of a setting show, as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    catalog: Vec<u32>,
    queries: Vec<u32>,
    count: usize,
}

impl Products {
    /// Numbers the product ids of the catalog's images and of the queries.
    pub fn new(catalog: &[String], queries: &[String]) -> Self {
        let mut numbers = HashMap::new();
        let mut number = |ids: &[String]| -> Vec<u32> {
            let ids = ids.iter().map(|id| {
                let next = numbers.len() as u32;
                *numbers.entry(id.clone()).or_insert(next)
            });
            ids.collect()
        };
        Self {
            catalog: number(catalog),
            queries: number(queries),
            count: numbers.len(),
        }
    }

    /// Returns the number of distinct products.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// An encoder, with the name that the user gave.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name, such as `embedded` or a folder.
    pub name: &'a str,
    /// The encoder that made the vectors at the same index of [`EmbeddedImages::vectors`].
    pub encoder: &'a Encoder,
}

impl Setting {
    /// True if the queries are the catalog's own images.
    pub fn leaves_one_out(&self) -> bool {
        self.queries.is_none()
    }

    /// Returns the images to search with.
    pub fn queries(&self) -> &EmbeddedImages {
        self.queries.as_ref().unwrap_or(&self.catalog)
    }

    /// Counts the queries that are also, byte for byte, in a separate catalog: they find
    /// themselves, so the measures are too good.
    pub fn queries_in_catalog(&self) -> usize {
        let Some(queries) = &self.queries else {
            return 0;
        };
        let known: HashSet<&ContentHash> = self.catalog.contents.iter().collect();
        let contents = queries.contents.iter();
        contents.filter(|content| known.contains(content)).count()
    }

    /// Returns the number of what a query is drawn with for intervals: its product if products are
    /// given, otherwise itself.
    pub(crate) fn unit(&self, query: usize) -> u32 {
        match &self.products {
            Some(products) => products.queries[query],
            None => query as u32,
        }
    }

    /// True if a catalog row does not count for a query: it is the query's own image or a copy of
    /// it, or shows its product and products count.
    pub(crate) fn is_itself(&self, query: usize, row: usize) -> bool {
        let products = self.products.as_ref();
        products.is_some_and(|products| products.queries[query] == products.catalog[row])
            || self.leaves_one_out() && self.catalog.contents[query] == self.catalog.contents[row]
    }
}
