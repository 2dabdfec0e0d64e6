//! The part of a segment that a writer reads: its keys, and the rows of older segments that it deletes.

mod parsing;

use std::sync::OnceLock;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::checks::{check, check_length};
use super::header::{HEADER_BYTES, Header, SegmentKind};
use super::rows_by_product::RowsByProduct;
use super::stored_columns::{TextColumn, U32Column, U64Column};
use crate::bits::Bits;
use crate::columns::AttributeTable;
use crate::error::IndexError;
use crate::gallop::first_not_below;
use crate::ids::{Fingerprint, SegmentId};
use crate::recall::Recall;
use crate::row::Attributes;

/// Header and meta of a segment, opened in place.
#[derive(Debug, Clone)]
pub struct SegmentMeta {
    pub(crate) header: Header,
    keys: TextColumn,
    etags: TextColumn,
    /// Products and attributes are dictionaries: distinct texts, ascending.
    product_of_row: U32Column,
    products: TextColumn,
    attributes_of_row: U32Column,
    attributes: TextColumn,
    /// xxh3-64 of every key, ascending, and the row of each.
    hashes: U64Column,
    hashed_rows: U32Column,
    /// The first row of every node, and the number of rows after the last.
    node_starts: U32Column,
    tombstones: TextColumn,
    deleted: Vec<(SegmentId, U32Column)>,
    /// Made when a product is first searched for: the cold start does not need it.
    rows_by_product: OnceLock<RowsByProduct>,
    /// Made for the first filter or count.
    table: OnceLock<AttributeTable>,
}

impl SegmentMeta {
    /// Opens a segment's first bytes, at least header and meta, and checks them.
    ///
    /// # Errors
    /// The [`IndexError`]s of segments: not ours, another version, encoder or segment, damaged.
    pub fn open(bytes: &Bytes, id: SegmentId, encoder: Fingerprint) -> Result<Self, IndexError> {
        let header = Header::decode(bytes)?;
        if header.id != id {
            return Err(IndexError::OtherSegment {
                expected: id,
                found: header.id,
            });
        }
        if header.fingerprint != encoder {
            return Err(IndexError::Fingerprint {
                object: "segment",
                expected: encoder,
                found: header.fingerprint,
            });
        }
        let end = header.meta_bytes.min(bytes.len() as u64) as usize;
        check_length(header.meta_bytes, end)?;
        let meta = bytes.slice(HEADER_BYTES..end);
        check(header.meta_checksum, &meta)?;
        Self::parse(header, meta)
    }

    /// Returns the segment's name.
    pub fn id(&self) -> SegmentId {
        self.header.id
    }

    /// Returns the kind: base or delta.
    pub fn kind(&self) -> SegmentKind {
        self.header.kind
    }

    /// Returns the recall of its graph, measured when it was built; `None` without a graph and in segments of version
    /// 1.
    pub fn recall(&self) -> Option<Recall> {
        self.header.recall
    }

    /// Returns the number of rows, including deleted ones.
    pub fn rows(&self) -> u32 {
        self.header.rows
    }

    /// Returns the key of a row.
    ///
    /// # Panics
    /// If `row` is not below [`rows`](Self::rows), as in every method that takes a row.
    pub fn key(&self, row: u32) -> &str {
        self.keys.get(row as usize)
    }

    /// Returns the object version of a row.
    pub fn etag(&self, row: u32) -> &str {
        self.etags.get(row as usize)
    }

    /// Returns the product of a row.
    pub fn product_id(&self, row: u32) -> &str {
        self.products.get(self.product_ordinal(row) as usize)
    }

    /// Returns the attributes of a row.
    pub fn attributes(&self, row: u32) -> Attributes {
        let text = self
            .attributes
            .get(self.attributes_of_row.get(row as usize) as usize);
        // Written by serde_json and covered by the checksum.
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Returns the number of entries: distinct attributes of rows.
    pub(crate) fn entry_count(&self) -> u32 {
        self.attributes.len() as u32
    }

    /// Returns the number of the entry that has a row's attributes.
    #[inline]
    pub(crate) fn entry_of(&self, row: u32) -> u32 {
        self.attributes_of_row.get(row as usize)
    }

    /// Returns the rows that have one of these entries.
    pub(crate) fn rows_with_entries(&self, entries: &Bits) -> Bits {
        Bits::of(self.attributes_of_row.words(), |&entry| {
            entries.contains(u32::from_le_bytes(entry))
        })
    }

    /// Returns the attributes of the entries by column.
    pub(crate) fn table(&self) -> &AttributeTable {
        self.table.get_or_init(|| {
            AttributeTable::read((0..self.attributes.len()).map(|entry| self.attributes.get(entry)))
        })
    }

    /// Returns the keys that this segment marks as removed.
    pub fn tombstones(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.tombstones.len()).map(|i| self.tombstones.get(i))
    }

    /// Finds the row of `key`, which may be deleted.
    pub fn find(&self, key: &str) -> Option<u32> {
        let wanted = XxHash3_64::oneshot(key.as_bytes());
        let (mut low, mut high) = (0, self.hashed_rows.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.hashes.get(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut rows = self.rows_of_hash(low, wanted);
        rows.find(|&row| self.key(row) == key)
    }

    /// Returns the rows whose keys another segment has as rows too, which may be deleted.
    pub(crate) fn rows_with_keys_of<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = u32> + 'a {
        let count = other.hashed_rows.len() as u32;
        let mut from = 0;
        // Both are in the order of hashes.
        self.hashed_rows
            .iter()
            .enumerate()
            .filter_map(move |(i, row)| {
                let hash = self.hashes.get(i);
                from = first_not_below(from, count, |other_i| {
                    other.hashes.get(other_i as usize) < hash
                });
                let mut same_hash = other.rows_of_hash(from as usize, hash);
                let is_there = same_hash.any(|other_row| other.key(other_row) == self.key(row));
                is_there.then_some(row)
            })
    }

    /// Returns the rows whose keys have this hash; the first hash that is not below it is at `from`.
    fn rows_of_hash(&self, from: usize, hash: u64) -> impl Iterator<Item = u32> {
        // Keys of equal hash are adjacent.
        (from..self.hashed_rows.len())
            .take_while(move |&i| self.hashes.get(i) == hash)
            .map(|i| self.hashed_rows.get(i))
    }

    /// Returns the rows of older segments that this segment deletes.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = (SegmentId, u32)> {
        self.deleted
            .iter()
            .flat_map(|(id, rows)| rows.iter().map(|row| (*id, row)))
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.header.nodes
    }

    /// Returns the rows that share the vector of `node`.
    #[inline]
    pub(crate) fn rows_of_node(&self, node: u32) -> std::ops::Range<u32> {
        let node = node as usize;
        self.node_starts.get(node)..self.node_starts.get(node + 1)
    }

    /// Returns the node whose vector a row has.
    pub(crate) fn node_of(&self, row: u32) -> u32 {
        let (mut low, mut high) = (0, self.nodes());
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if self.rows_of_node(middle).start <= row {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the number of a row's product among the products of this segment.
    pub(crate) fn product_ordinal(&self, row: u32) -> u32 {
        self.product_of_row.get(row as usize)
    }

    pub(crate) fn product_count(&self) -> u32 {
        self.products.len() as u32
    }

    /// Finds the number of a product.
    pub(crate) fn find_product(&self, product_id: &str) -> Option<u32> {
        self.products.find(product_id).map(|ordinal| ordinal as u32)
    }

    /// Returns the rows of a product, including deleted ones, ascending.
    pub(crate) fn rows_of_product(&self, ordinal: u32) -> impl Iterator<Item = u32> {
        let grouped = self
            .rows_by_product
            .get_or_init(|| RowsByProduct::new(&self.product_of_row, self.products.len()));
        grouped.of(ordinal).iter().copied()
    }

    pub(crate) fn product_at(&self, ordinal: u32) -> &str {
        self.products.get(ordinal as usize)
    }
}
