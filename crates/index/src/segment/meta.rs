//! The part of a segment that a writer reads: which keys it holds and what it supersedes.

use std::sync::OnceLock;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::cursor::{Cursor, Texts, U32s, U64s};
use super::header::{HEADER_BYTES, Header, SegmentKind, check, check_length, malformed};
use super::rows_by_product::RowsByProduct;
use crate::attributes::Table;
use crate::bits::Bits;
use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::recall::Recall;
use crate::row::Attributes;

/// Header and meta of a segment, opened in place.
#[derive(Debug, Clone)]
pub struct SegmentMeta {
    pub(crate) header: Header,
    keys: Texts,
    etags: Texts,
    /// Products and attributes are dictionaries: distinct texts, ascending.
    product_of_row: U32s,
    products: Texts,
    attributes_of_row: U32s,
    attributes: Texts,
    /// xxh3-64 of every key, ascending, and the row of each.
    hashes: U64s,
    hashed_rows: U32s,
    /// The first row of every node, and the number of rows behind the last.
    node_starts: U32s,
    tombstones: Texts,
    superseded: Vec<(SegmentId, U32s)>,
    /// Made when a product is first looked for: the start of a function has no need of it.
    rows_by_product: OnceLock<RowsByProduct>,
    /// Made when something is first filtered or counted.
    table: OnceLock<Table>,
}

impl SegmentMeta {
    /// Opens a segment's first bytes, at least header and meta, and checks them.
    ///
    /// # Errors
    /// Every [`IndexError`] about segments: not ours, another version, encoder or segment, damaged.
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

    fn parse(header: Header, meta: Bytes) -> Result<Self, IndexError> {
        let rows = header.rows as usize;
        let mut cursor = Cursor::new(meta, HEADER_BYTES);
        let keys = cursor.take_texts(rows)?;
        let etags = cursor.take_texts(rows)?;
        let product_of_row = cursor.take_u32s(rows)?;
        let count = cursor.take_u32()? as usize;
        let products = cursor.take_texts(count)?;
        let attributes_of_row = cursor.take_u32s(rows)?;
        let count = cursor.take_u32()? as usize;
        let attributes = cursor.take_texts(count)?;
        let hashes = cursor.take_u64s(rows)?;
        let hashed_rows = cursor.take_u32s(rows)?;
        let node_starts = cursor.take_u32s(header.nodes as usize + 1)?;
        let count = cursor.take_u32()? as usize;
        let tombstones = cursor.take_texts(count)?;
        let superseded = take_superseded(&mut cursor)?;
        cursor.finish()?;
        let meta = Self {
            header,
            keys,
            etags,
            product_of_row,
            products,
            attributes_of_row,
            attributes,
            hashes,
            hashed_rows,
            node_starts,
            tombstones,
            superseded,
            rows_by_product: OnceLock::new(),
            table: OnceLock::new(),
        };
        meta.check_references()?;
        Ok(meta)
    }

    /// Makes sure that no number points outside, so that later reads need no checks.
    fn check_references(&self) -> Result<(), IndexError> {
        let below = |column: &U32s, limit: usize| column.iter().all(|n| (n as usize) < limit);
        let rows = self.header.rows;
        let nodes_fit = self.node_starts.get(0) == 0
            && self.node_starts.last() == Some(rows)
            && (1..self.node_starts.len())
                .all(|i| self.node_starts.get(i - 1) < self.node_starts.get(i));
        if below(&self.product_of_row, self.products.len())
            && below(&self.attributes_of_row, self.attributes.len())
            && below(&self.hashed_rows, rows as usize)
            && nodes_fit
        {
            return Ok(());
        }
        Err(malformed("a column points outside of another"))
    }

    /// The segment's name.
    pub fn id(&self) -> SegmentId {
        self.header.id
    }

    /// What the segment is for.
    pub fn kind(&self) -> SegmentKind {
        self.header.kind
    }

    /// What its graph finds, as measured when it was built; `None` without a graph and in segments of
    /// version 1.
    pub fn recall(&self) -> Option<Recall> {
        self.header.recall
    }

    /// Rows in it, superseded ones included.
    pub fn rows(&self) -> u32 {
        self.header.rows
    }

    /// Key of a row.
    ///
    /// # Panics
    /// Like everything that takes a row, when it is not below [`rows`](Self::rows).
    pub fn key(&self, row: u32) -> &str {
        self.keys.get(row as usize)
    }

    /// Object version of a row.
    pub fn etag(&self, row: u32) -> &str {
        self.etags.get(row as usize)
    }

    /// Product of a row.
    pub fn product_id(&self, row: u32) -> &str {
        self.products.get(self.product_ordinal(row) as usize)
    }

    /// Attributes of a row.
    pub fn attributes(&self, row: u32) -> Attributes {
        let text = self
            .attributes
            .get(self.attributes_of_row.get(row as usize) as usize);
        // Written by serde_json and covered by the checksum.
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Distinct attributes of rows: its entries.
    pub(crate) fn entry_count(&self) -> u32 {
        self.attributes.len() as u32
    }

    /// The number of the entry that has a row's attributes.
    #[inline]
    pub(crate) fn entry_of(&self, row: u32) -> u32 {
        self.attributes_of_row.get(row as usize)
    }

    /// The rows that have one of these entries.
    pub(crate) fn rows_with_entries(&self, entries: &Bits) -> Bits {
        Bits::of(self.attributes_of_row.words(), |&entry| {
            entries.contains(u32::from_le_bytes(entry))
        })
    }

    /// The attributes of its entries by column.
    pub(crate) fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            Table::read((0..self.attributes.len()).map(|entry| self.attributes.get(entry)))
        })
    }

    /// Keys that this segment says are gone.
    pub fn tombstones(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.tombstones.len()).map(|i| self.tombstones.get(i))
    }

    /// The row of `key`, if this segment has one; it may be superseded.
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
        // Keys of equal hash stand side by side.
        (low..self.hashed_rows.len())
            .take_while(|&i| self.hashes.get(i) == wanted)
            .map(|i| self.hashed_rows.get(i))
            .find(|&row| self.key(row) == key)
    }

    /// Rows of older segments that this segment supersedes.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = (SegmentId, u32)> {
        self.superseded
            .iter()
            .flat_map(|(id, rows)| rows.iter().map(|row| (*id, row)))
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.header.nodes
    }

    /// The rows that share the vector of `node`.
    #[inline]
    pub(crate) fn rows_of_node(&self, node: u32) -> std::ops::Range<u32> {
        let node = node as usize;
        self.node_starts.get(node)..self.node_starts.get(node + 1)
    }

    /// The node whose vector a row has.
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

    /// The number of a row's product among the products of this segment.
    pub(crate) fn product_ordinal(&self, row: u32) -> u32 {
        self.product_of_row.get(row as usize)
    }

    pub(crate) fn product_count(&self) -> u32 {
        self.products.len() as u32
    }

    /// The number of the product called `product_id`.
    pub(crate) fn find_product(&self, product_id: &str) -> Option<u32> {
        self.products.find(product_id).map(|ordinal| ordinal as u32)
    }

    /// The rows of a product, superseded ones included, ascending.
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

fn take_superseded(cursor: &mut Cursor) -> Result<Vec<(SegmentId, U32s)>, IndexError> {
    let count = cursor.take_u32()?;
    (0..count)
        .map(|_| {
            let mut id = [0; 16];
            id.copy_from_slice(&cursor.take(16, 1)?);
            let rows = cursor.take_u32()? as usize;
            Ok((SegmentId::from_bytes(id), cursor.take_u32s(rows)?))
        })
        .collect()
}
