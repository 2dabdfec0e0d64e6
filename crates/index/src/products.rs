//! Products that several segments have, as one.
//!
//! Every segment numbers its own products. The segment with most of them, the base, lends its numbers to
//! all; the few of the others are looked up in it, or numbered behind.

use std::collections::HashMap;

use crate::snapshot::Snapshot;

/// The products of a snapshot, those without a live row included.
#[derive(Debug)]
pub(crate) struct Products {
    /// The segment whose numbers are those of all.
    largest: usize,
    /// How many products that has.
    own: u32,
    count: u32,
    /// The products of the other segments, by number.
    others: Vec<Other>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Other {
    number: u32,
    place: usize,
    ordinal: u32,
}

impl Products {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let metas = snapshot.view().segments();
        let sizes = metas.iter().map(|meta| meta.product_count()).enumerate();
        let (largest, own) = sizes.max_by_key(|&(_, size)| size).unwrap_or_default();
        let mut others = Vec::new();
        let mut new: HashMap<&str, u32> = HashMap::new();
        for (place, meta) in metas.iter().enumerate() {
            if place == largest {
                continue;
            }
            let mut from = 0;
            for ordinal in 0..meta.product_count() {
                let product = meta.product_at(ordinal);
                from = first_not_below(from, own, |known| {
                    metas[largest].product_at(known) < product
                });
                let is_known = from < own && metas[largest].product_at(from) == product;
                let next = own + new.len() as u32;
                let number = match is_known {
                    true => from,
                    false => *new.entry(product).or_insert(next),
                };
                others.push(Other {
                    number,
                    place,
                    ordinal,
                });
            }
        }
        others.sort_unstable();
        Self {
            largest,
            own,
            count: own + new.len() as u32,
            others,
        }
    }

    /// Every row of the snapshot, superseded ones included, product by product: number of the product,
    /// segment and row.
    pub(crate) fn for_each_row(&self, snapshot: &Snapshot, mut act: impl FnMut(u32, usize, u32)) {
        let metas = snapshot.view().segments();
        let mut others = self.others.iter().peekable();
        for number in 0..self.count {
            if number < self.own {
                let rows = metas[self.largest].rows_of_product(number);
                rows.for_each(|row| act(number, self.largest, row));
            }
            while let Some(other) = others.next_if(|other| other.number == number) {
                let rows = metas[other.place].rows_of_product(other.ordinal);
                rows.for_each(|row| act(number, other.place, row));
            }
        }
    }
}

/// The first of the ascending items from `from` on that is not below what is looked for. As quick as
/// comparing with the next one where that is it, and never much slower than halving.
pub(crate) fn first_not_below(from: u32, count: u32, is_below: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut step) = (from, 1);
    while step <= count - low && is_below(low + step - 1) {
        low += step;
        step = step.saturating_mul(2);
    }
    let mut high = count.min(low.saturating_add(step - 1));
    while low < high {
        let middle = u32::midpoint(low, high);
        match is_below(middle) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_from_wherever_it_is_looked_for() {
        let items: Vec<u32> = (0..50).map(|i| 2 * i + i / 7).collect();
        for count in [0, 1, 2, 3, 17, 50] {
            for from in 0..=count {
                for wanted in 0..120 {
                    let below = items[..count as usize].partition_point(|&item| item < wanted);
                    let found = first_not_below(from, count, |i| items[i as usize] < wanted);
                    assert_eq!(found, from.max(below as u32), "{count} {from} {wanted}");
                }
            }
        }
    }
}
