//! The values of an attribute in all segments, each once.

use std::collections::HashMap;

use crate::columns::{Column, Value};
use crate::gallop::first_not_below;
use crate::snapshot::Snapshot;

/// The distinct values of an attribute in all segments, numbered. The codes of the segment with
/// most values are kept as numbers; further values of the other segments get the numbers after
/// them.
pub(super) struct MergedValues<'a> {
    /// The column of every segment.
    pub(super) columns: Vec<Option<&'a Column>>,
    largest: Option<&'a Column>,
    /// The number of each code of a segment; `None` for the largest segment, whose codes are the
    /// numbers.
    numbers: Vec<Option<Vec<u32>>>,
    further: Vec<Value<'a>>,
}

impl<'a> MergedValues<'a> {
    /// Merges the values that an attribute has in all segments.
    pub(super) fn new(snapshot: &'a Snapshot, attribute: &str) -> Self {
        let metas = snapshot.live_rows().segments().iter();
        let columns: Vec<_> = metas.map(|meta| meta.table().column(attribute)).collect();
        let sizes = columns
            .iter()
            .map(|column| column.map(|column| column.values().codes()));
        let largest = (0..).zip(sizes).max_by_key(|&(_, size)| size);
        let largest = largest.map_or(0, |(segment_index, _)| segment_index);
        let mut merged = Self {
            largest: columns.get(largest).copied().flatten(),
            numbers: vec![None; columns.len()],
            columns,
            further: Vec::new(),
        };
        let mut new: HashMap<Value<'a>, u32> = HashMap::new();
        for segment_index in
            (0..merged.columns.len()).filter(|&segment_index| segment_index != largest)
        {
            if let (Some(column), Some(largest)) = (merged.columns[segment_index], merged.largest) {
                merged.numbers[segment_index] = Some(merged.numbers_of(column, largest, &mut new));
            }
        }
        merged
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
                self.further.push(value);
                known.codes() + self.further.len() as u32 - 1
            })
        };
        (0..values.codes()).map(number).collect()
    }

    /// Returns the number of values, including those that no row may have.
    pub(super) fn count(&self) -> usize {
        let known = self.largest.map_or(0, |column| column.values().codes());
        known as usize + self.further.len()
    }

    /// Returns the number of the value with a code in a segment.
    #[inline]
    pub(super) fn number(&self, segment_index: usize, code: u32) -> usize {
        match &self.numbers[segment_index] {
            None => code as usize,
            Some(numbers) => numbers[code as usize] as usize,
        }
    }

    /// Returns the value with a number.
    pub(super) fn value(&self, number: usize) -> Value<'a> {
        let known = self.largest.map(Column::values);
        match known.filter(|known| number < known.codes() as usize) {
            Some(known) => known.get(number as u32),
            None => self.further[number - known.map_or(0, |known| known.codes() as usize)],
        }
    }
}
