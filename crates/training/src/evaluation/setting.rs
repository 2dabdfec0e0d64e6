use std::collections::HashMap;

use lookalike_encoder::Encoder;

use super::further_label::FurtherLabel;
use crate::bootstrap::Bootstrap;
use crate::embedded_images::{ContentHash, EmbeddedImages};
use crate::joined_products::Joined;

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

    /// Counts the queries that are also, byte for byte, in a separate catalog and count there: they
    /// find themselves, so the measures are too good.
    pub fn queries_in_catalog(&self) -> usize {
        let Some(queries) = &self.queries else {
            return 0;
        };
        let mut copies: HashMap<&ContentHash, Vec<usize>> = HashMap::new();
        for (row, content) in self.catalog.contents.iter().enumerate() {
            copies.entry(content).or_default().push(row);
        }
        let finds_itself = |(query, content): &(usize, &ContentHash)| {
            let rows = copies.get(content).into_iter().flatten();
            rows.copied().any(|row| !self.is_itself(*query, row))
        };
        queries
            .contents
            .iter()
            .enumerate()
            .filter(finds_itself)
            .count()
    }

    /// Returns the number of what each query is drawn with for intervals: its product if products are
    /// given, otherwise itself. Queries with the same content are drawn together, and so are products
    /// that they join.
    pub(crate) fn units(&self) -> Vec<u32> {
        let unit = |query: usize| match &self.products {
            Some(products) => products.queries[query],
            None => query as u32,
        };
        let contents = &self.queries().contents;
        let mut joined = Joined::default();
        let mut firsts = HashMap::new();
        for (query, content) in contents.iter().enumerate() {
            joined.join(unit(query), *firsts.entry(content).or_insert(unit(query)));
        }
        (0..contents.len())
            .map(|query| joined.of(unit(query)))
            .collect()
    }

    /// True if a catalog row does not count for a query: it is the query's own image or a copy of
    /// it, or shows its product and products count.
    pub(crate) fn is_itself(&self, query: usize, row: usize) -> bool {
        let products = self.products.as_ref();
        products.is_some_and(|products| products.queries[query] == products.catalog[row])
            || self.leaves_one_out() && self.catalog.contents[query] == self.catalog.contents[row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(contents: &[u8]) -> EmbeddedImages {
        EmbeddedImages {
            images: Vec::new(),
            contents: contents.iter().map(|&content| [content; 32]).collect(),
            vectors: Vec::new(),
            skipped: Vec::new(),
        }
    }

    #[test]
    fn copies_in_the_catalog_count_unless_their_product_does_not() {
        let mut setting = Setting {
            catalog: images(&[1, 2, 3]),
            queries: Some(images(&[1, 2, 4])),
            k: 2,
            bootstrap: Bootstrap::default(),
            products: None,
            further: Vec::new(),
        };
        assert_eq!(setting.queries_in_catalog(), 2);
        let ids = |ids: [&str; 3]| ids.map(str::to_owned);
        let products = Products::new(&ids(["a", "b", "c"]), &ids(["a", "c", "d"]));
        setting.products = Some(products);
        assert_eq!(setting.queries_in_catalog(), 1);
    }

    #[test]
    fn copies_and_the_products_that_they_join_are_drawn_together() {
        let mut setting = Setting {
            catalog: images(&[9]),
            queries: Some(images(&[1, 2, 1, 3, 4])),
            k: 1,
            bootstrap: Bootstrap::default(),
            products: None,
            further: Vec::new(),
        };
        assert_eq!(setting.units(), [0, 1, 0, 3, 4]);
        let ids = ["a", "b", "b", "c", "a"].map(str::to_owned);
        setting.products = Some(Products::new(&[], &ids));
        assert_eq!(setting.units(), [0, 0, 0, 2, 0]);
    }
}
