//! Sorting values and ranking them.

use std::borrow::Cow;
use std::cmp::Ordering;

/// Sorts `count` values. Returns the first of every group of equal values, in order, and the rank
/// of its group for each value.
pub(super) fn sort(count: usize, order: impl Fn(usize, usize) -> Ordering) -> (Vec<u32>, Vec<u32>) {
    let mut sorted: Vec<u32> = (0..count as u32).collect();
    sorted.sort_unstable_by(|&a, &b| order(a as usize, b as usize));
    ranks(sorted, |a, b| order(a as usize, b as usize).is_eq())
}

/// Sorts texts like [`sort`]. Most texts differ within a few bytes, which are compared at once.
pub(super) fn sort_texts(texts: &[Cow<'_, str>]) -> (Vec<u32>, Vec<u32>) {
    let bytes = |text: u32| texts[text as usize].as_bytes();
    let common = common_prefix(texts);
    let numbers = 0..texts.len() as u32;
    let mut sorted: Vec<(u64, u32)> = numbers
        .map(|text| (first_bytes(&bytes(text)[common..]), text))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| bytes(a.1).cmp(bytes(b.1))));
    let sorted = sorted.into_iter().map(|(_, text)| text).collect();
    ranks(sorted, |a, b| bytes(a) == bytes(b))
}

fn ranks(mut sorted: Vec<u32>, is_same: impl Fn(u32, u32) -> bool) -> (Vec<u32>, Vec<u32>) {
    let mut ranks = vec![0; sorted.len()];
    let mut rank = 0;
    let mut previous = None;
    sorted.retain(|&value| {
        let is_new = previous.is_none_or(|previous| !is_same(previous, value));
        rank += u32::from(is_new);
        ranks[value as usize] = rank - 1;
        previous = Some(value);
        is_new
    });
    (sorted, ranks)
}

/// Counts the bytes with which all texts begin.
fn common_prefix(texts: &[Cow<'_, str>]) -> usize {
    let Some((first, rest)) = texts.split_first() else {
        return 0;
    };
    rest.iter().fold(first.len(), |common, text| {
        let pairs = first.bytes().zip(text.bytes()).take(common);
        pairs.take_while(|(a, b)| a == b).count()
    })
}

/// Returns the first eight bytes as a number that is ordered like them.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = bytes.len().min(8);
    first[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(first)
}
