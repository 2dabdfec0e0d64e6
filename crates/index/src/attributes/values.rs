//! Distinct values in order.

use std::ops::Range;

use crate::filter::{self, Number, Operand};

/// Code of no value.
pub(super) const ABSENT: u32 = u32::MAX;
/// Codes of false and true, whether or not they are there.
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
pub(crate) struct Values {
    pub(super) has_booleans: bool,
    /// Ascending.
    pub(super) numbers: Vec<Number>,
    pub(super) texts: Texts,
}

/// Texts, ascending, in one piece of memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    ends: Vec<u32>,
    heap: String,
}

impl Values {
    /// All codes are below.
    pub(crate) fn codes(&self) -> u32 {
        self.first_text() + self.texts.ends.len() as u32
    }

    fn first_text(&self) -> u32 {
        BOOLEANS + self.numbers.len() as u32
    }

    /// The value with a code, which must be below [`codes`](Self::codes).
    pub(crate) fn get(&self, code: u32) -> Value<'_> {
        match code.checked_sub(BOOLEANS) {
            None => Value::Boolean(code > 0),
            Some(place) => match self.numbers.get(place as usize) {
                Some(&number) => Value::Number(number),
                None => Value::Text(self.texts.get((code - self.first_text()) as usize)),
            },
        }
    }

    /// The codes of the values that `operand` may mean, at most one of each type.
    pub(super) fn codes_of(&self, operand: &Operand) -> impl Iterator<Item = u32> {
        let boolean = operand.boolean().map(u32::from);
        let number = operand.number();
        let number = number.and_then(|number| self.numbers.binary_search(&number).ok());
        let text = operand.text().and_then(|text| self.texts.find(text));
        let number = number.map(|place| BOOLEANS + place as u32);
        let text = text.map(|place| self.first_text() + place as u32);
        [boolean, number, text].into_iter().flatten()
    }

    /// The codes of the numbers, and of the texts, between bounds that mean numbers, or texts.
    pub(super) fn codes_between(&self, range: &filter::Range) -> [Range<u32>; 2] {
        let numbers = between(range, Operand::number, self.numbers.len(), |place| {
            self.numbers[place]
        });
        let texts = between(range, Operand::text, self.texts.ends.len(), |place| {
            self.texts.get(place)
        });
        let behind = |first: u32, places: Range<usize>| {
            first + places.start as u32..first + places.end as u32
        };
        [behind(BOOLEANS, numbers), behind(self.first_text(), texts)]
    }

    /// Whether a code is that of a number; whether it is that of a text.
    pub(super) fn is_number_or_text(&self, code: u32) -> (bool, bool) {
        let is_text = code >= self.first_text();
        (code >= BOOLEANS && !is_text, is_text)
    }
}

/// Which of `count` ascending values lie between bounds; none when a bound is of another type.
fn between<'a, T: Ord + Copy>(
    range: &'a filter::Range,
    typed: impl Fn(&'a Operand) -> Option<T>,
    count: usize,
    get: impl Fn(usize) -> T,
) -> Range<usize> {
    let first = |is_below: &dyn Fn(T) -> bool| partition_point(count, |place| is_below(get(place)));
    let mut places = 0..count;
    if let Some(bound) = &range.low {
        let Some(low) = typed(&bound.value) else {
            return 0..0;
        };
        places.start = match bound.inclusive {
            true => first(&|value| value < low),
            false => first(&|value| value <= low),
        };
    }
    if let Some(bound) = &range.high {
        let Some(high) = typed(&bound.value) else {
            return 0..0;
        };
        places.end = match bound.inclusive {
            true => first(&|value| value <= high),
            false => first(&|value| value < high),
        };
    }
    places.start..places.end.max(places.start)
}

/// The first of `count` places that is not below, where those below come first.
fn partition_point(count: usize, is_below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        match is_below(middle) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

impl Texts {
    /// Keeps texts that come in ascending order. Together they are no longer than the texts of a segment's
    /// column, which count in 32 bits.
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

    fn get(&self, place: usize) -> &str {
        let before = place.checked_sub(1);
        let start = before.map_or(0, |before| self.ends[before] as usize);
        &self.heap[start..self.ends[place] as usize]
    }

    fn find(&self, text: &str) -> Option<usize> {
        let count = self.ends.len();
        let place = partition_point(count, |place| self.get(place) < text);
        (place < count && self.get(place) == text).then_some(place)
    }
}
