//! The live rows of a set of segments.

mod distinct_products;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::bits::Bits;
use crate::ids::SegmentId;
use crate::row::RowAddress;
use crate::segment::{SegmentKind, SegmentMeta};

/// The live rows of one generation: everything that a writer needs to know. Holds no vectors.
///
/// A row is deleted once a newer row or a tombstone has its key. The newer segment lists the rows that it deletes, so
/// that readers need not compare keys.
#[derive(Debug, Clone, Default)]
pub struct LiveRows {
    segments: Vec<Arc<SegmentMeta>>,
    /// The deleted rows of every segment.
    deleted: Vec<Bits>,
    /// The keys of all tombstones. Made on first use: only rows of a vector base are compared with them.
    tombstones: Arc<OnceLock<HashSet<String>>>,
}

impl LiveRows {
    /// Joins segments, oldest first, and marks the rows that they delete. Marks on segments that are no longer part
    /// of the index are ignored.
    pub fn new(segments: Vec<Arc<SegmentMeta>>) -> Self {
        let indexes: HashMap<SegmentId, usize> = segments.iter().map(|s| s.id()).zip(0..).collect();
        let mut deleted: Vec<Bits> = segments
            .iter()
            .map(|segment| Bits::new(segment.rows()))
            .collect();
        for (id, row) in segments.iter().flat_map(|segment| segment.deleted()) {
            if let Some(&segment_index) = indexes.get(&id) {
                deleted[segment_index].insert(row);
            }
        }
        Self {
            segments,
            deleted,
            tombstones: Arc::default(),
        }
    }

    /// Adds rows that were read from the vector base of the same index, behind the segments, whose addresses stay. Those
    /// are live whose key no segment has, neither as a row nor as a tombstone: segments are newer.
    #[must_use]
    pub fn with_found(&self, found: Arc<SegmentMeta>) -> Self {
        let tombstones = self.tombstones();
        let is_removed = |row| !tombstones.is_empty() && tombstones.contains(found.key(row));
        let mut deleted = Bits::of_numbers(found.rows(), is_removed);
        for segment in &self.segments {
            found
                .rows_with_keys_of(segment)
                .for_each(|row| _ = deleted.insert(row));
        }
        let mut all = self.clone();
        all.segments.push(found);
        all.deleted.push(deleted);
        all
    }

    /// Returns the keys of all tombstones.
    pub fn tombstones(&self) -> &HashSet<String> {
        self.tombstones.get_or_init(|| {
            let keys = self.segments.iter().flat_map(|meta| meta.tombstones());
            keys.map(str::to_owned).collect()
        })
    }

    /// Returns the last segment alone, with the rows of it that are live among all.
    #[must_use]
    pub fn last_alone(&self) -> Self {
        Self {
            segments: self.segments.last().cloned().into_iter().collect(),
            deleted: self.deleted.last().cloned().into_iter().collect(),
            tombstones: Arc::default(),
        }
    }

    /// Returns the segments, oldest first.
    pub fn segments(&self) -> &[Arc<SegmentMeta>] {
        &self.segments
    }

    /// Returns the segment that a row is in.
    pub fn meta(&self, address: RowAddress) -> &SegmentMeta {
        &self.segments[address.segment]
    }

    /// Finds the live row of a key.
    pub fn locate(&self, key: &str) -> Option<RowAddress> {
        (0..self.segments.len()).rev().find_map(|segment| {
            let row = self.segments[segment].find(key)?;
            self.is_live(segment, row)
                .then_some(RowAddress { segment, row })
        })
    }

    /// Returns the address of every live row, segment by segment.
    pub fn addresses(&self) -> impl Iterator<Item = RowAddress> + '_ {
        (0..self.segments.len()).flat_map(move |segment| {
            (0..self.segments[segment].rows())
                .filter(move |&row| self.is_live(segment, row))
                .map(move |row| RowAddress { segment, row })
        })
    }

    /// Returns the live rows of a product, segment by segment.
    pub fn rows_of_product<'a>(
        &'a self,
        product_id: &'a str,
    ) -> impl Iterator<Item = RowAddress> + 'a {
        let segments = self.segments.iter().enumerate();
        segments
            .filter_map(move |(segment, meta)| {
                Some((
                    segment,
                    meta.rows_of_product(meta.find_product(product_id)?),
                ))
            })
            .flat_map(move |(segment, rows)| {
                rows.filter(move |&row| self.is_live(segment, row))
                    .map(move |row| RowAddress { segment, row })
            })
    }

    /// Counts the live rows, one for each image.
    pub fn images(&self) -> u64 {
        self.segments
            .iter()
            .zip(&self.deleted)
            .map(|(segment, deleted)| u64::from(segment.rows() - deleted.count()))
            .sum()
    }

    /// Counts the distinct products of live rows.
    pub fn products(&self) -> u64 {
        let live: Vec<Bits> = (0..self.segments.len())
            .map(|segment_index| self.live_products(segment_index))
            .collect();
        distinct_products::count(&self.segments, &live)
    }

    /// Returns a number of products of live rows that there are at least.
    pub(crate) fn min_products(&self) -> u64 {
        let segments = self.segments.iter().zip(&self.deleted);
        // Every deleted row may be the only one of its product.
        let least = segments
            .map(|(segment, deleted)| segment.product_count().saturating_sub(deleted.count()));
        least.max().map_or(0, u64::from)
    }

    /// Returns the products of a segment that have a live row.
    fn live_products(&self, segment_index: usize) -> Bits {
        let segment = &self.segments[segment_index];
        let mut products = Bits::new(segment.product_count());
        for row in 0..segment.rows() {
            if self.is_live(segment_index, row) {
                products.insert(segment.product_ordinal(row));
            }
        }
        products
    }

    /// Returns the live rows of these keys, which a segment with newer rows or tombstones for them
    /// deletes; grouped as in [`SegmentContent::deleted`](crate::SegmentContent::deleted).
    pub fn deleted_by<'a>(
        &self,
        keys: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<SegmentId, Vec<u32>> {
        let mut deleted: BTreeMap<SegmentId, Vec<u32>> = BTreeMap::new();
        for address in keys.filter_map(|key| self.locate(key)) {
            deleted
                .entry(self.segments[address.segment].id())
                .or_default()
                .push(address.row);
        }
        deleted.values_mut().for_each(|rows| {
            rows.sort_unstable();
            rows.dedup();
        });
        deleted
    }

    /// Counts the live rows of the base, and the entries that a rebuild would move into it or drop: rows of deltas,
    /// deleted rows of the base, and tombstones.
    pub(crate) fn base_and_changed(&self) -> (u64, u64) {
        let (mut base, mut deleted_of_base, mut rows, mut tombstones) = (0, 0, 0, 0);
        for (segment, deleted) in self.segments.iter().zip(&self.deleted) {
            let deleted = u64::from(deleted.count());
            match segment.kind() {
                SegmentKind::Base => {
                    base += u64::from(segment.rows()) - deleted;
                    deleted_of_base += deleted;
                }
                SegmentKind::Delta => rows += u64::from(segment.rows()),
            }
            tombstones += segment.tombstones().len() as u64;
        }
        // Most tombstones delete rows of the base, which must not count twice.
        (base, rows + tombstones.max(deleted_of_base))
    }

    /// Returns the deleted rows of a segment.
    pub(crate) fn deleted(&self, segment_index: usize) -> &Bits {
        &self.deleted[segment_index]
    }

    #[inline]
    pub(crate) fn is_live(&self, segment_index: usize, row: u32) -> bool {
        !self.deleted[segment_index].contains(row)
    }
}
