//! Facets: how many products have each value of an attribute.

mod merged_values;

use std::cmp::Reverse;

use crate::columns::{AttributeInfo, Column, Value};
use crate::error::IndexError;
use crate::filter::Number;
use crate::products::Products;
use crate::selection::Selection;
use crate::snapshot::Snapshot;
use merged_values::MergedValues;

/// The values of an attribute, and how many products have each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facet {
    /// The most frequent values, by falling count, then in order: booleans, numbers, texts by code
    /// point. Numbers are included only if there are no more of them than the requested number of
    /// values.
    pub values: Vec<FacetValue>,
    /// Number of distinct values.
    pub distinct: u64,
    /// The smallest and the largest number.
    pub range: Option<(f64, f64)>,
}

/// A value and how many products have it.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetValue {
    /// A text, a number, `true` or `false`.
    pub value: serde_json::Value,
    /// Number of products that have an image with it.
    pub products: u64,
}

impl Snapshot {
    /// Counts how many products have each value of an attribute, over all images or the selected
    /// ones. Returns the `max` most frequent values, or `None` if no image has the attribute.
    ///
    /// # Errors
    /// [`IndexError::OtherSnapshot`] if the selection belongs to another snapshot.
    pub fn facet(
        &self,
        attribute: &str,
        selection: Option<&Selection>,
        max: usize,
    ) -> Result<Facet, IndexError> {
        if let Some(selection) = selection {
            selection.check(self.live_rows())?;
        }
        let merged = MergedValues::new(self, attribute);
        let mut counts = ProductCounts::new(merged.count());
        self.for_each_row_by_product(selection, |product, segment_index, row| {
            if let Some(column) = merged.columns[segment_index] {
                let meta = &self.live_rows().segments()[segment_index];
                for &code in column.codes_of(meta.entry_of(row)) {
                    counts.add(product, merged.number(segment_index, code));
                }
            }
        });
        Ok(facet(&merged, &counts, max))
    }

    /// Returns the attributes that images have, by name.
    pub fn attributes(&self) -> &[AttributeInfo] {
        self.lazy().attributes.get_or_init(|| {
            let known: Vec<_> = self.schema().attributes().collect();
            let mut counts = ProductCounts::new(known.len());
            let columns: Vec<Vec<Option<&Column>>> = self
                .live_rows()
                .segments()
                .iter()
                .map(|meta| {
                    known
                        .iter()
                        .map(|(name, _)| meta.table().column(name))
                        .collect()
                })
                .collect();
            self.for_each_row_by_product(None, |product, segment_index, row| {
                let entry = self.live_rows().segments()[segment_index].entry_of(row);
                for (number, column) in columns[segment_index].iter().enumerate() {
                    if column.is_some_and(|column| !column.codes_of(entry).is_empty()) {
                        counts.add(product, number);
                    }
                }
            });
            let infos = known.iter().zip(&counts.products);
            infos
                .map(|(&(name, types), &products)| AttributeInfo {
                    name: name.to_owned(),
                    types,
                    products: u64::from(products),
                })
                .collect()
        })
    }

    /// Visits the live rows, all or the selected ones, product by product, with a number that
    /// distinguishes products, the segment and the row.
    fn for_each_row_by_product(
        &self,
        selection: Option<&Selection>,
        mut visit: impl FnMut(u32, usize, u32),
    ) {
        let live_rows = self.live_rows();
        let is_wanted = |segment_index: usize, row: u32| match selection {
            Some(selection) => selection.segment(segment_index).rows().contains(row),
            None => live_rows.is_live(segment_index, row),
        };
        if self.images() == self.products() {
            // Every row shows a different product.
            let mut number = 0;
            for (segment_index, meta) in live_rows.segments().iter().enumerate() {
                for row in (0..meta.rows()).filter(|&row| is_wanted(segment_index, row)) {
                    visit(number, segment_index, row);
                    number += 1;
                }
            }
            return;
        }
        let products = self
            .lazy()
            .products
            .get_or_init(|| Products::new(live_rows));
        products.for_each_row(live_rows, |product, segment_index, row| {
            if is_wanted(segment_index, row) {
                visit(product, segment_index, row);
            }
        });
    }
}

/// Counts the products that have each of several things. All rows of a product must be visited in
/// sequence.
struct ProductCounts {
    products: Vec<u32>,
    last: Vec<u32>,
}

impl ProductCounts {
    fn new(size: usize) -> Self {
        Self {
            products: vec![0; size],
            last: vec![u32::MAX; size],
        }
    }

    #[inline]
    fn add(&mut self, product: u32, thing: usize) {
        if std::mem::replace(&mut self.last[thing], product) != product {
            self.products[thing] += 1;
        }
    }
}

/// Makes the facet of the `max` most frequent values.
fn facet(merged: &MergedValues<'_>, counts: &ProductCounts, max: usize) -> Facet {
    let counts = counts.products.iter().enumerate();
    let there = counts.filter(|&(_, &count)| count > 0);
    let mut values: Vec<(Reverse<u32>, Value<'_>)> = there
        .map(|(number, &count)| (Reverse(count), merged.value(number)))
        .collect();
    let distinct = values.len() as u64;
    let numbers = || values.iter().filter_map(|(_, value)| as_number(*value));
    let range = numbers().min().zip(numbers().max());
    if numbers().count() > max {
        values.retain(|(_, value)| as_number(*value).is_none());
    }
    if values.len() > max {
        values.select_nth_unstable(max);
        values.truncate(max);
    }
    values.sort_unstable();
    let values = values
        .into_iter()
        .map(|(Reverse(count), value)| FacetValue {
            value: value.to_json(),
            products: u64::from(count),
        });
    Facet {
        values: values.collect(),
        distinct,
        range: range.map(|(min, max)| (min.get(), max.get())),
    }
}

fn as_number(value: Value<'_>) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number),
        Value::Boolean(_) | Value::Text(_) => None,
    }
}
