//! The values of one attribute.

use std::ops::Range;

use super::value_types::ValueTypes;
use super::values::{ABSENT, DistinctValues};
use crate::bits::Bits;
use crate::filter::Test;

/// The values of an attribute in the entries of a segment.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(super) values: DistinctValues,
    pub(super) codes: Codes,
    /// True if some values are in lists.
    pub(super) lists: bool,
}

/// The codes of every entry.
#[derive(Debug, Clone)]
pub(super) enum Codes {
    /// At most one code for each entry.
    One(Vec<u32>),
    /// The codes of entry `i` are `codes[starts[i]..starts[i + 1]]`, ascending.
    Many { starts: Vec<u32>, codes: Vec<u32> },
}

/// Codes that a condition accepts.
enum Accepted {
    Between(Range<u32>),
    OneOf(Bits),
}

impl Column {
    pub(crate) fn values(&self) -> &DistinctValues {
        &self.values
    }

    /// Returns the codes of an entry.
    #[inline]
    pub(crate) fn codes_of(&self, entry: u32) -> &[u32] {
        let entry = entry as usize;
        match &self.codes {
            Codes::One(codes) => match &codes[entry] {
                &ABSENT => &[],
                code => std::slice::from_ref(code),
            },
            Codes::Many { starts, codes } => {
                &codes[starts[entry] as usize..starts[entry + 1] as usize]
            }
        }
    }

    /// Returns the entries that pass a test.
    pub(super) fn matching(&self, test: &Test) -> Bits {
        match self.accepted(test) {
            // One subtraction and one comparison for each code, which compilers vectorize.
            Accepted::Between(range) => {
                let length = range.end - range.start;
                self.each(|code| code.wrapping_sub(range.start) < length)
            }
            Accepted::OneOf(codes) => self.each(|code| codes.contains(code)),
        }
    }

    fn each(&self, accepts: impl Fn(u32) -> bool) -> Bits {
        match &self.codes {
            Codes::One(codes) => Bits::of(codes, |&code| accepts(code)),
            Codes::Many { starts, .. } => Bits::of_numbers(starts.len() as u32 - 1, |entry| {
                self.codes_of(entry).iter().any(|&code| accepts(code))
            }),
        }
    }

    fn accepted(&self, test: &Test) -> Accepted {
        let all = self.values.codes();
        match test {
            Test::Exists => Accepted::Between(0..all),
            Test::OneOf(operands) => {
                let codes = operands.iter().flat_map(|o| self.values.codes_of(o));
                let mut codes: Vec<u32> = codes.collect();
                codes.sort_unstable();
                codes.dedup();
                match codes[..] {
                    [] => Accepted::Between(0..0),
                    [first, .., last] if last - first + 1 == codes.len() as u32 => {
                        Accepted::Between(first..last + 1)
                    }
                    [only] => Accepted::Between(only..only + 1),
                    _ => Accepted::OneOf(Bits::containing(all, codes.into_iter())),
                }
            }
            Test::Range(range) => match self.values.codes_between(range) {
                [numbers, texts] if texts.is_empty() => Accepted::Between(numbers),
                [numbers, texts] if numbers.is_empty() => Accepted::Between(texts),
                both => Accepted::OneOf(Bits::containing(all, both.into_iter().flatten())),
            },
        }
    }

    /// Returns the types of the values of these entries.
    pub(super) fn types(&self, entries: &Bits) -> ValueTypes {
        let values = &self.values;
        let all = ValueTypes {
            texts: !values.texts.is_empty(),
            numbers: !values.numbers.is_empty(),
            booleans: values.has_booleans,
            lists: self.lists,
        };
        let mut found = ValueTypes::default();
        for &code in entries.iter().flat_map(|entry| self.codes_of(entry)) {
            let (is_number, is_text) = values.is_number_or_text(code);
            found.texts |= is_text;
            found.numbers |= is_number;
            found.booleans |= !is_number && !is_text;
            found.lists = self.lists;
            if found == all {
                break;
            }
        }
        found
    }
}
