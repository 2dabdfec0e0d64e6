//! Distinct values of an attribute, in order.

use std::ops::Range;

use crate::filter::{self, Number, Operand};

/// The code of an entry without a value.
pub(super) const ABSENT: u32 = u32::MAX;
/// Number of codes for false and true, which exist even if the values do not occur.
const BOOLEANS: u32 = 2;

/// A value of an attribute. In order booleans come first, then numbers, then texts by code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Value<'a> {
    Boolean(bool),
    Number(Number),
    Text(&'a str),
}

impl Value<'_> {
    pub(crate) fn to_json(self) -> serde_json::Value {
        match self {
            Self::Boolean(boolean) => boolean.into(),
            Self::Number(number) => number.to_json(),
            Self::Text(text) => text.into(),
        }
    }
}

/// Distinct values of an attribute. Each has a code, and codes are in the order of values.
#[derive(Debug, Clone, Default)]
pub(crate) struct DistinctValues {
    pub(super) has_booleans: bool,
    /// The numbers, ascending.
    pub(super) numbers: Vec<Number>,
    pub(super) texts: SortedTexts,
}

/// Texts, ascending, in one piece of memory.
#[derive(Debug, Clone, Default)]
pub(super) struct SortedTexts {
    ends: Vec<u32>,
    heap: String,
}

impl DistinctValues {
    /// Returns a number above all codes.
    pub(crate) fn codes(&self) -> u32 {
        self.first_text() + self.texts.ends.len() as u32
    }

    fn first_text(&self) -> u32 {
        BOOLEANS + self.numbers.len() as u32
    }

    /// Returns the value with a code, which must be below [`codes`](Self::codes).
    pub(crate) fn get(&self, code: u32) -> Value<'_> {
        match code.checked_sub(BOOLEANS) {
            None => Value::Boolean(code > 0),
            Some(position) => match self.numbers.get(position as usize) {
                Some(&number) => Value::Number(number),
                None => Value::Text(self.texts.get((code - self.first_text()) as usize)),
            },
        }
    }

    /// Returns the codes of the values that `operand` can mean, at most one of each type.
    pub(super) fn codes_of(&self, operand: &Operand) -> impl Iterator<Item = u32> {
        let boolean = operand.boolean().map(u32::from);
        let number = operand.number();
        let number = number.and_then(|number| self.numbers.binary_search(&number).ok());
        let text = operand.text().and_then(|text| self.texts.find(text));
        let number = number.map(|position| BOOLEANS + position as u32);
        let text = text.map(|position| self.first_text() + position as u32);
        [boolean, number, text].into_iter().flatten()
    }

    /// Returns the codes of the numbers and of the texts between the bounds of a range.
    pub(super) fn codes_between(&self, range: &filter::Range) -> [Range<u32>; 2] {
        let numbers = between(range, Operand::number, self.numbers.len(), |position| {
            self.numbers[position]
        });
        let texts = between(
            range,
            Operand::text_bound,
            self.texts.ends.len(),
            |position| self.texts.get(position),
        );
        let codes = |first: u32, positions: Range<usize>| {
            first + positions.start as u32..first + positions.end as u32
        };
        [codes(BOOLEANS, numbers), codes(self.first_text(), texts)]
    }

    /// Returns whether a code stands for a number, and whether it stands for a text.
    pub(super) fn is_number_or_text(&self, code: u32) -> (bool, bool) {
        let is_text = code >= self.first_text();
        (code >= BOOLEANS && !is_text, is_text)
    }
}

/// Returns the positions of the values between the bounds, among `count` ascending ones; none if a
/// bound has another type.
fn between<'a, T: Ord + Copy>(
    range: &'a filter::Range,
    typed: impl Fn(&'a Operand) -> Option<T>,
    count: usize,
    get: impl Fn(usize) -> T,
) -> Range<usize> {
    let first =
        |is_below: &dyn Fn(T) -> bool| partition_point(count, |position| is_below(get(position)));
    let mut found = 0..count;
    if let Some(bound) = &range.low {
        let Some(low) = typed(&bound.value) else {
            return 0..0;
        };
        found.start = if bound.inclusive {
            first(&|value| value < low)
        } else {
            first(&|value| value <= low)
        };
    }
    if let Some(bound) = &range.high {
        let Some(high) = typed(&bound.value) else {
            return 0..0;
        };
        found.end = if bound.inclusive {
            first(&|value| value <= high)
        } else {
            first(&|value| value < high)
        };
    }
    found.start..found.end.max(found.start)
}

/// Returns the first of `count` positions for which `is_below` is false.
fn partition_point(count: usize, is_below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_below(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl SortedTexts {
    /// Stores texts, which come in ascending order. Together they are no longer than the texts of a
    /// segment's column, whose positions fit into 32 bits.
    pub(super) fn new<'a>(texts: impl ExactSizeIterator<Item = &'a str> + Clone) -> Self {
        let mut kept = Self {
            ends: Vec::with_capacity(texts.len()),
            heap: String::with_capacity(texts.clone().map(str::len).sum()),
        };
        for text in texts {
            kept.heap.push_str(text);
            kept.ends.push(kept.heap.len() as u32);
        }
        kept
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn get(&self, position: usize) -> &str {
        let before = position.checked_sub(1);
        let start = before.map_or(0, |before| self.ends[before] as usize);
        &self.heap[start..self.ends[position] as usize]
    }

    fn find(&self, text: &str) -> Option<usize> {
        let count = self.ends.len();
        let position = partition_point(count, |position| self.get(position) < text);
        (position < count && self.get(position) == text).then_some(position)
    }
}
