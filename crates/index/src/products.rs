//! The products of all segments, each once.
//!
//! Every segment numbers its own products. The numbers of the segment with most products, the base,
//! are used for all; the few products of other segments are looked up in it, or get the numbers
//! after them.

use std::collections::HashMap;

use crate::gallop::first_not_below;
use crate::live_rows::LiveRows;

/// The products of a snapshot, including those without a live row.
#[derive(Debug)]
pub(crate) struct Products {
    /// The segment whose numbers are used for all.
    largest: usize,
    /// Number of products of that segment.
    own: u32,
    count: u32,
    /// The products of the other segments, by number.
    others: Vec<OtherProduct>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct OtherProduct {
    number: u32,
    segment_index: usize,
    ordinal: u32,
}

impl Products {
    pub(crate) fn new(rows: &LiveRows) -> Self {
        let metas = rows.segments();
        let sizes = metas.iter().map(|meta| meta.product_count()).enumerate();
        let (largest, own) = sizes.max_by_key(|&(_, size)| size).unwrap_or_default();
        let mut others = Vec::new();
        let mut new: HashMap<&str, u32> = HashMap::new();
        for (segment_index, meta) in metas.iter().enumerate() {
            if segment_index == largest {
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
                let number = if is_known {
                    from
                } else {
                    *new.entry(product).or_insert(next)
                };
                others.push(OtherProduct {
                    number,
                    segment_index,
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

    /// Visits every row of the snapshot, including deleted ones, product by product: number of the product, segment and
    /// row.
    pub(crate) fn for_each_row(&self, rows: &LiveRows, mut visit: impl FnMut(u32, usize, u32)) {
        let metas = rows.segments();
        let mut others = self.others.iter().peekable();
        for number in 0..self.count {
            if number < self.own {
                let rows = metas[self.largest].rows_of_product(number);
                rows.for_each(|row| visit(number, self.largest, row));
            }
            while let Some(other) = others.next_if(|other| other.number == number) {
                let rows = metas[other.segment_index].rows_of_product(other.ordinal);
                rows.for_each(|row| visit(number, other.segment_index, row));
            }
        }
    }
}
