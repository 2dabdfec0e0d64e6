//! The rows that a search may return.

use std::collections::BTreeSet;

use super::request::{GroupBy, SearchRequest};
use crate::bits::Bits;
use crate::selection::{SelectedRows, Selection};
use crate::snapshot::Snapshot;

/// Admits live rows, those of the selection if there is one, without those of excluded products.
pub(super) struct RowFilter<'a> {
    snapshot: &'a Snapshot,
    selection: Option<&'a Selection>,
    /// The rows of excluded products, by segment; `None` if a segment has none.
    excluded: Vec<Option<Bits>>,
    max_results: usize,
}

impl<'a> RowFilter<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, request: &SearchRequest<'a>) -> Self {
        let mut excluded: Vec<Option<Bits>> = vec![None; snapshot.segments().len()];
        let (mut products, mut images) = (0, 0);
        let without: BTreeSet<&String> = request.without_products.iter().collect();
        for product in without {
            let mut is_there = false;
            for address in snapshot.rows_of_product(product) {
                let rows = snapshot.live_rows().meta(address).rows();
                let excluded = excluded[address.segment].get_or_insert_with(|| Bits::new(rows));
                excluded.insert(address.row);
                images += 1;
                is_there = true;
            }
            products += u64::from(is_there);
        }
        // The number of products of a selection is not known, but is at most the number of its
        // images.
        let max_results = match (request.filter, request.group_by) {
            (Some(selection), _) => selection.images(),
            (None, GroupBy::Image) => snapshot.images() - images,
            (None, GroupBy::Product) => {
                // Counting looks at every row.
                let at_least = snapshot.live_rows().min_products();
                match at_least.saturating_sub(products) >= request.k as u64 {
                    true => u64::MAX,
                    false => snapshot.products() - products,
                }
            }
        };
        Self {
            snapshot,
            selection: request.filter,
            excluded,
            max_results: usize::try_from(max_results).unwrap_or(usize::MAX),
        }
    }

    /// Returns the maximum number of results; more if there are at least `k`.
    pub(super) fn max_results(&self) -> usize {
        self.max_results
    }

    #[inline]
    pub(super) fn admits_row(&self, segment_index: usize, row: u32) -> bool {
        let is_selected = match self.selection {
            Some(selection) => selection.segment(segment_index).rows().contains(row),
            None => self.snapshot.live_rows().is_live(segment_index, row),
        };
        is_selected
            && !self.excluded[segment_index]
                .as_ref()
                .is_some_and(|rows| rows.contains(row))
    }

    /// True if any row of a node is admitted.
    #[inline]
    pub(super) fn admits_node(&self, segment_index: usize, node: u32) -> bool {
        match (self.selected(segment_index), &self.excluded[segment_index]) {
            (Some(selected), None) => selected.nodes().contains(node),
            _ => {
                let meta = self.snapshot.segments()[segment_index].meta();
                let mut rows = meta.rows_of_node(node);
                rows.any(|row| self.admits_row(segment_index, row))
            }
        }
    }

    /// Returns the selected rows of a segment, if there is a selection.
    pub(super) fn selected(&self, segment_index: usize) -> Option<&'a SelectedRows> {
        self.selection
            .map(|selection| selection.segment(segment_index))
    }
}
