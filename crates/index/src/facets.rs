//! What the pictures of a snapshot have in common: how many products have which value of an attribute.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::attributes::{AttributeInfo, Column, Value};
use crate::error::IndexError;
use crate::filter::Number;
use crate::products::{Products, first_not_below};
use crate::selection::Selection;
use crate::snapshot::Snapshot;

/// The values of an attribute, and how many products have each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facet {
    /// The values that most products have, by falling count, then in order: booleans, numbers, texts by
    /// code point. Numbers are among them only where there are no more than values were asked for.
    pub values: Vec<FacetValue>,
    /// Distinct values.
    pub distinct: u64,
    /// The least and the greatest number.
    pub range: Option<(f64, f64)>,
}

/// A value and who has it.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetValue {
    /// A text, a number, true or false.
    pub value: serde_json::Value,
    /// Products of which a picture has it.
    pub products: u64,
}

impl Snapshot {
    /// The values that pictures have for an attribute, all pictures or those that are selected, and how many
    /// products have each: the `most` most frequent ones. Empty when no picture has the attribute.
    ///
    /// # Errors
    /// [`IndexError::OtherSnapshot`] when the selection is of another one.
    pub fn facet(
        &self,
        attribute: &str,
        selection: Option<&Selection>,
        most: usize,
    ) -> Result<Facet, IndexError> {
        selection.map_or(Ok(()), |selection| selection.check(self))?;
        let joined = Joined::new(self, attribute);
        let mut counts = Counts::new(joined.count());
        self.for_each_row_by_product(selection, |product, place, row| {
            if let Some(column) = joined.columns[place] {
                let meta = &self.view().segments()[place];
                for &code in column.codes_of(meta.entry_of(row)) {
                    counts.add(product, joined.number(place, code));
                }
            }
        });
        Ok(joined.facet(&counts, most))
    }

    /// The attributes that pictures have, by name.
    pub fn attributes(&self) -> &[AttributeInfo] {
        self.lazy().attributes.get_or_init(|| {
            let known: Vec<_> = self.schema().attributes().collect();
            let mut counts = Counts::new(known.len());
            let columns: Vec<Vec<Option<&Column>>> = self
                .view()
                .segments()
                .iter()
                .map(|meta| {
                    known
                        .iter()
                        .map(|(name, _)| meta.table().column(name))
                        .collect()
                })
                .collect();
            self.for_each_row_by_product(None, |product, place, row| {
                let entry = self.view().segments()[place].entry_of(row);
                for (number, column) in columns[place].iter().enumerate() {
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

    /// The live rows, all or those that are selected, those of a product one after the other: a number that
    /// products differ in, segment and row.
    fn for_each_row_by_product(
        &self,
        selection: Option<&Selection>,
        mut act: impl FnMut(u32, usize, u32),
    ) {
        let view = self.view();
        let is_wanted = |place: usize, row: u32| match selection {
            Some(selection) => selection.segment(place).rows().contains(row),
            None => view.is_live(place, row),
        };
        if self.images() == self.products() {
            // Every row is a product.
            let mut number = 0;
            for (place, meta) in view.segments().iter().enumerate() {
                for row in (0..meta.rows()).filter(|&row| is_wanted(place, row)) {
                    act(number, place, row);
                    number += 1;
                }
            }
            return;
        }
        let products = self.lazy().products.get_or_init(|| Products::new(self));
        products.for_each_row(self, |product, place, row| {
            if is_wanted(place, row) {
                act(product, place, row);
            }
        });
    }
}

/// How many products have what, where those of a product come one after the other.
struct Counts {
    products: Vec<u32>,
    last: Vec<u32>,
}

impl Counts {
    fn new(size: usize) -> Self {
        Self {
            products: vec![0; size],
            last: vec![u32::MAX; size],
        }
    }

    #[inline]
    fn add(&mut self, product: u32, what: usize) {
        if std::mem::replace(&mut self.last[what], product) != product {
            self.products[what] += 1;
        }
    }
}

/// The distinct values of an attribute in all segments, numbered: the segment that has most lends its codes,
/// and what the others have besides is numbered behind.
struct Joined<'a> {
    columns: Vec<Option<&'a Column>>,
    largest: Option<&'a Column>,
    /// What the codes of a segment mean, where they are not those of the largest.
    numbers: Vec<Option<Vec<u32>>>,
    behind: Vec<Value<'a>>,
}

impl<'a> Joined<'a> {
    fn new(snapshot: &'a Snapshot, attribute: &str) -> Self {
        let metas = snapshot.view().segments().iter();
        let columns: Vec<_> = metas.map(|meta| meta.table().column(attribute)).collect();
        let sizes = columns
            .iter()
            .map(|column| column.map(|column| column.values().codes()));
        let largest = (0..).zip(sizes).max_by_key(|&(_, size)| size);
        let largest = largest.map_or(0, |(place, _)| place);
        let mut joined = Self {
            largest: columns.get(largest).copied().flatten(),
            numbers: vec![None; columns.len()],
            columns,
            behind: Vec::new(),
        };
        let mut new: HashMap<Value<'a>, u32> = HashMap::new();
        for place in (0..joined.columns.len()).filter(|&place| place != largest) {
            if let (Some(column), Some(largest)) = (joined.columns[place], joined.largest) {
                joined.numbers[place] = Some(joined.numbers_of(column, largest, &mut new));
            }
        }
        joined
    }

    fn numbers_of(
        &mut self,
        column: &'a Column,
        largest: &'a Column,
        new: &mut HashMap<Value<'a>, u32>,
    ) -> Vec<u32> {
        let (values, known) = (column.values(), largest.values());
        let mut from = 0;
        let number = |code| {
            let value = values.get(code);
            from = first_not_below(from, known.codes(), |code| known.get(code) < value);
            if from < known.codes() && known.get(from) == value {
                return from;
            }
            *new.entry(value).or_insert_with(|| {
                self.behind.push(value);
                known.codes() + self.behind.len() as u32 - 1
            })
        };
        (0..values.codes()).map(number).collect()
    }

    fn count(&self) -> usize {
        let known = self.largest.map_or(0, |column| column.values().codes());
        known as usize + self.behind.len()
    }

    #[inline]
    fn number(&self, place: usize, code: u32) -> usize {
        match &self.numbers[place] {
            None => code as usize,
            Some(numbers) => numbers[code as usize] as usize,
        }
    }

    fn value(&self, number: usize) -> Value<'a> {
        let known = self.largest.map(Column::values);
        match known.filter(|known| number < known.codes() as usize) {
            Some(known) => known.get(number as u32),
            None => self.behind[number - known.map_or(0, |known| known.codes() as usize)],
        }
    }

    fn facet(&self, counts: &Counts, most: usize) -> Facet {
        let counts = counts.products.iter().enumerate();
        let there = counts.filter(|&(_, &count)| count > 0);
        let mut values: Vec<(Reverse<u32>, Value<'_>)> = there
            .map(|(number, &count)| (Reverse(count), self.value(number)))
            .collect();
        let distinct = values.len() as u64;
        let numbers = || values.iter().filter_map(|(_, value)| as_number(*value));
        let range = numbers().min().zip(numbers().max());
        if numbers().count() > most {
            values.retain(|(_, value)| as_number(*value).is_none());
        }
        if values.len() > most {
            values.select_nth_unstable(most);
            values.truncate(most);
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
            range: range.map(|(least, greatest)| (least.get(), greatest.get())),
        }
    }
}

fn as_number(value: Value<'_>) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number),
        Value::Boolean(_) | Value::Text(_) => None,
    }
}
