//! A label besides the category, such as a color.

use std::collections::HashMap;

use crate::labeled::labels_of;

/// The values of a label for the images of a setting: none, one or several of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherLabel {
    pub(crate) name: String,
    pub(crate) catalog: Vec<Vec<u32>>,
    pub(crate) queries: Vec<Vec<u32>>,
    /// True if it is the category itself, which is measured anyway.
    pub(crate) is_category: bool,
}

impl FurtherLabel {
    /// Takes the texts of the catalog's images and of the queries; several values in one text are
    /// separated by `|`. Upper and lower case count the same.
    pub fn new(name: &str, catalog: &[Option<String>], queries: &[Option<String>]) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut number = |texts: &[Option<String>]| -> Vec<Vec<u32>> {
            let of_text = |text: &Option<String>| {
                let values = text.iter().flat_map(|text| labels_of(text));
                values
                    .map(|value| {
                        let next = numbers.len() as u32;
                        *numbers.entry(value.to_lowercase()).or_insert(next)
                    })
                    .collect()
            };
            texts.iter().map(of_text).collect()
        };
        Self {
            name: name.to_owned(),
            catalog: number(catalog),
            queries: number(queries),
            is_category: false,
        }
    }

    /// Marks the label as the category itself.
    #[must_use]
    pub fn as_category(self) -> Self {
        Self {
            is_category: true,
            ..self
        }
    }

    /// Takes the numbered values of the category.
    pub(crate) fn category(name: &str, catalog: Vec<Vec<u32>>, queries: Vec<Vec<u32>>) -> Self {
        Self {
            name: name.to_owned(),
            catalog,
            queries,
            is_category: true,
        }
    }

    /// Returns the number of catalog images and of queries that have a value.
    pub(crate) fn known(&self) -> (usize, usize) {
        let known = |values: &[Vec<u32>]| values.iter().filter(|v| !v.is_empty()).count();
        (known(&self.catalog), known(&self.queries))
    }

    /// True if a query and a catalog row have a value in common; `None` if one of them has none.
    pub(crate) fn agree(&self, query: usize, row: usize) -> Option<bool> {
        let (own, other) = (&self.queries[query], &self.catalog[row]);
        let known = !own.is_empty() && !other.is_empty();
        known.then(|| own.iter().any(|value| other.contains(value)))
    }
}
