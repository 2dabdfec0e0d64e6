//! Building a column, entry by entry.

use std::borrow::Cow;

use super::column::{Codes, Column};
use super::interner::Interner;
use super::sorting::{sort, sort_texts};
use super::values::{ABSENT, DistinctValues, SortedTexts};
use crate::filter::Number;

/// The type of a raw value is in the high bits, its number among the values of that type in the low
/// bits. There are never more of them: the texts of a segment's column have at most four gigabytes.
const TYPE: u32 = 1 << 30;
const BOOLEAN: u32 = 0;
const NUMBER: u32 = TYPE;
const TEXT: u32 = 2 * TYPE;

/// Collects the values of one attribute.
#[derive(Default)]
pub(super) struct ColumnBuilder<'a> {
    /// Entry and value, sorted by entry.
    pairs: Vec<(u32, u32)>,
    numbers: Interner<Number, Number>,
    texts: Interner<&'a str, Cow<'a, str>>,
    has_booleans: bool,
    /// True if there are lists.
    pub(super) lists: bool,
}

impl<'a> ColumnBuilder<'a> {
    pub(super) fn boolean(&mut self, boolean: bool) -> u32 {
        self.has_booleans = true;
        BOOLEAN + u32::from(boolean)
    }

    pub(super) fn number(&mut self, number: Number) -> u32 {
        NUMBER + self.numbers.add(number, number)
    }

    /// Adds a text that the segment contains as it is.
    pub(super) fn borrowed(&mut self, text: &'a str) -> u32 {
        TEXT + self.texts.add(text, Cow::Borrowed(text))
    }

    /// Adds a text that the segment contains in another form, with escapes.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        TEXT + self.texts.push(Cow::Owned(text.to_owned()))
    }

    pub(super) fn push(&mut self, entry: u32, value: u32) {
        self.pairs.push((entry, value));
    }

    /// Finishes the column of `entries` entries.
    pub(super) fn into_column(self, entries: u32) -> Column {
        let (numbers, number_ranks) = sort(self.numbers.values.len(), |a, b| {
            self.numbers.values[a].cmp(&self.numbers.values[b])
        });
        let (texts, text_ranks) = sort_texts(&self.texts.values);
        let first_text = 2 + numbers.len() as u32;
        let code = |value: u32| {
            let number = (value % TYPE) as usize;
            match value - value % TYPE {
                BOOLEAN => number as u32,
                NUMBER => 2 + number_ranks[number],
                _ => first_text + text_ranks[number],
            }
        };
        let is_one_each = self.pairs.is_sorted_by(|a, b| a.0 < b.0);
        let numbers = numbers
            .iter()
            .map(|&number| self.numbers.values[number as usize]);
        let texts = texts
            .iter()
            .map(|&text| self.texts.values[text as usize].as_ref());
        Column {
            values: DistinctValues {
                has_booleans: self.has_booleans,
                numbers: numbers.collect(),
                texts: SortedTexts::new(texts),
            },
            codes: if is_one_each {
                one_each(entries, &self.pairs, code)
            } else {
                several(entries, &self.pairs, code)
            },
            lists: self.lists,
        }
    }
}

fn one_each(entries: u32, pairs: &[(u32, u32)], code: impl Fn(u32) -> u32) -> Codes {
    let mut codes = vec![ABSENT; entries as usize];
    for &(entry, value) in pairs {
        codes[entry as usize] = code(value);
    }
    Codes::One(codes)
}

fn several(entries: u32, pairs: &[(u32, u32)], code: impl Fn(u32) -> u32) -> Codes {
    let mut starts = Vec::with_capacity(entries as usize + 1);
    let mut codes: Vec<u32> = Vec::with_capacity(pairs.len());
    let mut own = Vec::new();
    let mut rest = pairs.iter().peekable();
    starts.push(0);
    for entry in 0..entries {
        own.clear();
        while let Some(&(_, value)) = rest.next_if(|pair| pair.0 == entry) {
            own.push(code(value));
        }
        own.sort_unstable();
        own.dedup();
        codes.extend_from_slice(&own);
        starts.push(codes.len() as u32);
    }
    Codes::Many { starts, codes }
}
