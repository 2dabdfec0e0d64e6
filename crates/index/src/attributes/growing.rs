//! A column that is being read.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use twox_hash::XxHash3_64;

use super::column::{Codes, Column};
use super::values::{ABSENT, Texts, Values};
use crate::filter::Number;

/// A value as it came: its type above, and its number among those of that type below. So many do not fit into
/// the four gigabytes that the texts of a segment's column may have.
const TYPE: u32 = 1 << 30;
const BOOLEAN: u32 = 0;
const NUMBER: u32 = TYPE;
const TEXT: u32 = 2 * TYPE;

/// Values of one attribute, entry by entry.
#[derive(Default)]
pub(super) struct Growing<'a> {
    /// Entry and value, by entry.
    pairs: Vec<(u32, u32)>,
    numbers: Came<Number, Number>,
    texts: Came<&'a str, Cow<'a, str>>,
    has_booleans: bool,
    /// Whether there are lists.
    pub(super) lists: bool,
}

impl<'a> Growing<'a> {
    pub(super) fn boolean(&mut self, boolean: bool) -> u32 {
        self.has_booleans = true;
        BOOLEAN + u32::from(boolean)
    }

    pub(super) fn number(&mut self, number: Number) -> u32 {
        NUMBER + self.numbers.add(number, number)
    }

    /// A text that stands in the segment as it is.
    pub(super) fn borrowed(&mut self, text: &'a str) -> u32 {
        TEXT + self.texts.add(text, Cow::Borrowed(text))
    }

    /// A text that stands in the segment in another form, with escapes.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        TEXT + self.texts.push(Cow::Owned(text.to_owned()))
    }

    pub(super) fn push(&mut self, entry: u32, value: u32) {
        self.pairs.push((entry, value));
    }

    /// The column of so many entries.
    pub(super) fn into_column(self, entries: u32) -> Column {
        let (numbers, number_places) = in_order(self.numbers.values.len(), |a, b| {
            self.numbers.values[a].cmp(&self.numbers.values[b])
        });
        let (texts, text_places) = texts_in_order(&self.texts.values);
        let first_text = 2 + numbers.len() as u32;
        let code = |value: u32| {
            let number = (value % TYPE) as usize;
            match value - value % TYPE {
                BOOLEAN => number as u32,
                NUMBER => 2 + number_places[number],
                _ => first_text + text_places[number],
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
            values: Values {
                has_booleans: self.has_booleans,
                numbers: numbers.collect(),
                texts: Texts::new(texts),
            },
            codes: match is_one_each {
                true => one_each(entries, &self.pairs, code),
                false => several(entries, &self.pairs, code),
            },
            lists: self.lists,
        }
    }
}

/// Values in the order in which they came, mostly each once.
struct Came<K, V> {
    values: Vec<V>,
    known: HashMap<K, u32, BuildHasherDefault<ValueHash>>,
    added: usize,
}

impl<K, V> Default for Came<K, V> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            known: HashMap::default(),
            added: 0,
        }
    }
}

impl<K: Hash + Eq, V> Came<K, V> {
    /// The number of a value, a new one if it is not known.
    #[inline]
    fn add(&mut self, key: K, value: V) -> u32 {
        /// So many tell whether most are different. Then it is quicker to sort all of them in the end.
        const FEW: usize = 4096;
        self.added += 1;
        let next = self.values.len() as u32;
        if self.values.len() > FEW && self.values.len() > self.added / 2 {
            return self.push(value);
        }
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        number
    }

    fn push(&mut self, value: V) -> u32 {
        self.values.push(value);
        self.values.len() as u32 - 1
    }
}

/// Hash of the one text or number that is hashed.
#[derive(Default)]
struct ValueHash(u64);

impl Hasher for ValueHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        // Every bit of the product's middle depends on all of the number.
        let product = u128::from(number) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    /// Behind every text, to tell several apart.
    fn write_u8(&mut self, _: u8) {}
}

/// The first of every group of equal values, in order, and for each value the place of its group.
fn in_order(count: usize, order: impl Fn(usize, usize) -> Ordering) -> (Vec<u32>, Vec<u32>) {
    let mut sorted: Vec<u32> = (0..count as u32).collect();
    sorted.sort_unstable_by(|&a, &b| order(a as usize, b as usize));
    places(sorted, |a, b| order(a as usize, b as usize).is_eq())
}

/// The same of texts. Most differ in a few bytes, which are compared at once.
fn texts_in_order(texts: &[Cow<'_, str>]) -> (Vec<u32>, Vec<u32>) {
    let bytes = |text: u32| texts[text as usize].as_bytes();
    let common = common_beginning(texts);
    let numbers = 0..texts.len() as u32;
    let mut sorted: Vec<(u64, u32)> = numbers
        .map(|text| (first_bytes(&bytes(text)[common..]), text))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| bytes(a.1).cmp(bytes(b.1))));
    let sorted = sorted.into_iter().map(|(_, text)| text).collect();
    places(sorted, |a, b| bytes(a) == bytes(b))
}

fn places(mut sorted: Vec<u32>, is_same: impl Fn(u32, u32) -> bool) -> (Vec<u32>, Vec<u32>) {
    let mut places = vec![0; sorted.len()];
    let mut place = 0;
    let mut before = None;
    sorted.retain(|&value| {
        let is_new = before.is_none_or(|before| !is_same(before, value));
        place += u32::from(is_new);
        places[value as usize] = place - 1;
        before = Some(value);
        is_new
    });
    (sorted, places)
}

/// Bytes that all texts begin with.
fn common_beginning(texts: &[Cow<'_, str>]) -> usize {
    let Some((first, rest)) = texts.split_first() else {
        return 0;
    };
    rest.iter().fold(first.len(), |common, text| {
        let pairs = first.bytes().zip(text.bytes()).take(common);
        pairs.take_while(|(a, b)| a == b).count()
    })
}

/// The first eight bytes as a number that is ordered like them.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = bytes.len().min(8);
    first[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(first)
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
