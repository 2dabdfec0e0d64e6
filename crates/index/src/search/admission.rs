//! Which rows a search may return.

use std::collections::BTreeSet;

use super::{GroupBy, SearchRequest};
use crate::bits::Bits;
use crate::selection::{Selected, Selection};
use crate::snapshot::Snapshot;

/// Live rows, of a selection if there is one, but for those of some products.
pub(super) struct Admission<'a> {
    snapshot: &'a Snapshot,
    selection: Option<&'a Selection>,
    /// The live rows that are left out, by segment; none where there are none.
    left_out: Vec<Option<Bits>>,
    /// Results that there can be at most.
    most: usize,
}

impl<'a> Admission<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, request: &SearchRequest<'a>) -> Self {
        let mut left_out: Vec<Option<Bits>> = vec![None; snapshot.segments().len()];
        let (mut products, mut images) = (0, 0);
        let without: BTreeSet<&String> = request.without_products.iter().collect();
        for product in without {
            let mut is_there = false;
            for at in snapshot.rows_of_product(product) {
                let rows = snapshot.view().meta(at).rows();
                let left_out = left_out[at.segment].get_or_insert_with(|| Bits::new(rows));
                left_out.insert(at.row);
                images += 1;
                is_there = true;
            }
            products += u64::from(is_there);
        }
        // How many products a selection has is not known, but no more than it has pictures.
        let most = match (request.filter, request.group_by) {
            (Some(selection), _) => selection.images(),
            (None, GroupBy::Image) => snapshot.images() - images,
            (None, GroupBy::Product) => snapshot.products() - products,
        };
        Self {
            snapshot,
            selection: request.filter,
            left_out,
            most: usize::try_from(most).unwrap_or(usize::MAX),
        }
    }

    /// Results that there can be at most.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    #[inline]
    pub(super) fn admits_row(&self, place: usize, row: u32) -> bool {
        let is_there = match self.selection {
            Some(selection) => selection.segment(place).rows().contains(row),
            None => self.snapshot.view().is_live(place, row),
        };
        is_there
            && !self.left_out[place]
                .as_ref()
                .is_some_and(|rows| rows.contains(row))
    }

    /// Whether any row of a node is admitted.
    #[inline]
    pub(super) fn admits_node(&self, place: usize, node: u32) -> bool {
        match (self.selected(place), &self.left_out[place]) {
            (Some(selected), None) => selected.nodes().contains(node),
            _ => {
                let mut rows = self.snapshot.segments()[place].meta().rows_of_node(node);
                rows.any(|row| self.admits_row(place, row))
            }
        }
    }

    /// What is selected of a segment, if anything is selected at all.
    pub(super) fn selected(&self, place: usize) -> Option<&'a Selected> {
        self.selection.map(|selection| selection.segment(place))
    }
}
