//! A column that is being read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use twox_hash::XxHash3_64;

use super::column::{Codes, Column};
use super::values::{ABSENT, Texts, Values};
use crate::filter::Number;

/// A value as it was first seen: its type above, and how many of that type were seen before it. So many
/// distinct ones do not fit into the four gigabytes that the texts of a segment's column may have.
const TYPE: u32 = 1 << 30;
const BOOLEAN: u32 = 0;
const NUMBER: u32 = TYPE;
const TEXT: u32 = 2 * TYPE;

/// Values of one attribute, entry by entry.
#[derive(Default)]
pub(super) struct Growing<'a> {
    /// Entry and value, by entry.
    pairs: Vec<(u32, u32)>,
    numbers: HashMap<Number, u32, Hashed>,
    texts: HashMap<Cow<'a, str>, u32, Hashed>,
    /// The text that was seen last: entries are in order, so the next one often has it too.
    last: Option<(&'a str, u32)>,
    has_booleans: bool,
    pub(super) lists: bool,
}

type Hashed = BuildHasherDefault<Hash64>;

/// xxh3-64 of the one text or number that is hashed.
#[derive(Default)]
struct Hash64(u64);

impl Hasher for Hash64 {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_ne_bytes());
    }

    /// Behind every text, to tell several apart.
    fn write_u8(&mut self, _: u8) {}
}

impl<'a> Growing<'a> {
    pub(super) fn boolean(&mut self, boolean: bool) -> u32 {
        self.has_booleans = true;
        BOOLEAN + u32::from(boolean)
    }

    pub(super) fn number(&mut self, number: Number) -> u32 {
        let next = NUMBER + self.numbers.len() as u32;
        *self.numbers.entry(number).or_insert(next)
    }

    /// A text that stands in the segment as it is.
    pub(super) fn borrowed(&mut self, text: &'a str) -> u32 {
        match self.last {
            Some((last, seen)) if last == text => seen,
            _ => {
                let next = TEXT + self.texts.len() as u32;
                let seen = *self.texts.entry(Cow::Borrowed(text)).or_insert(next);
                self.last = Some((text, seen));
                seen
            }
        }
    }

    /// A text that stands in the segment in another form, with escapes.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        match self.texts.get(text) {
            Some(&seen) => seen,
            None => {
                let next = TEXT + self.texts.len() as u32;
                self.texts.insert(Cow::Owned(text.to_owned()), next);
                next
            }
        }
    }

    pub(super) fn push(&mut self, entry: u32, value: u32) {
        self.pairs.push((entry, value));
    }

    /// The column of so many entries.
    pub(super) fn into_column(self, entries: u32) -> Column {
        let (numbers, number_places) = in_order(self.numbers);
        let (texts, text_places) = in_order(self.texts);
        let first_text = 2 + numbers.len() as u32;
        let code = |value: u32| {
            let place = (value % TYPE) as usize;
            match value - value % TYPE {
                BOOLEAN => place as u32,
                NUMBER => 2 + number_places[place],
                _ => first_text + text_places[place],
            }
        };
        let is_one_each = self.pairs.is_sorted_by(|a, b| a.0 < b.0);
        Column {
            codes: match is_one_each {
                true => one_each(entries, &self.pairs, code),
                false => several(entries, self.pairs, code),
            },
            values: Values {
                has_booleans: self.has_booleans,
                numbers,
                texts: Texts::new(texts.iter().map(AsRef::as_ref)),
            },
            lists: self.lists,
        }
    }
}

/// Values in order, and where each is that was the first, second and so on to be seen.
fn in_order<T: Ord>(seen: HashMap<T, u32, Hashed>) -> (Vec<T>, Vec<u32>) {
    let mut sorted: Vec<(T, u32)> = seen.into_iter().collect();
    // As they were seen, many are in order already.
    sorted.sort_unstable_by_key(|&(_, number)| number);
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut places = vec![0; sorted.len()];
    for (place, (_, number)) in (0..).zip(&sorted) {
        places[(number % TYPE) as usize] = place;
    }
    (sorted.into_iter().map(|(value, _)| value).collect(), places)
}

fn one_each(entries: u32, pairs: &[(u32, u32)], code: impl Fn(u32) -> u32) -> Codes {
    let mut codes = vec![ABSENT; entries as usize];
    for &(entry, value) in pairs {
        codes[entry as usize] = code(value);
    }
    Codes::One(codes)
}

fn several(entries: u32, pairs: Vec<(u32, u32)>, code: impl Fn(u32) -> u32) -> Codes {
    let mut pairs: Vec<(u32, u32)> = pairs.into_iter().map(|(e, v)| (e, code(v))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut starts = vec![0; entries as usize + 1];
    for &(entry, _) in &pairs {
        starts[entry as usize + 1] += 1;
    }
    for entry in 0..entries as usize {
        starts[entry + 1] += starts[entry];
    }
    Codes::Many {
        starts,
        codes: pairs.into_iter().map(|(_, code)| code).collect(),
    }
}
