//! Reading the meta of a segment.

use std::sync::OnceLock;

use bytes::Bytes;

use super::SegmentMeta;
use crate::error::IndexError;
use crate::ids::SegmentId;
use crate::segment::checks::malformed;
use crate::segment::header::{HEADER_BYTES, Header};
use crate::segment::reader::SegmentReader;
use crate::segment::stored_columns::U32Column;

impl SegmentMeta {
    /// Reads the columns, and checks that they fit together.
    pub(super) fn parse(header: Header, meta: Bytes) -> Result<Self, IndexError> {
        let rows = header.rows as usize;
        let mut reader = SegmentReader::new(meta, HEADER_BYTES);
        let keys = reader.take_texts(rows)?;
        let etags = reader.take_texts(rows)?;
        let product_of_row = reader.take_u32s(rows)?;
        let count = reader.take_u32()? as usize;
        let products = reader.take_texts(count)?;
        let attributes_of_row = reader.take_u32s(rows)?;
        let count = reader.take_u32()? as usize;
        let attributes = reader.take_texts(count)?;
        let hashes = reader.take_u64s(rows)?;
        let hashed_rows = reader.take_u32s(rows)?;
        let node_starts = reader.take_u32s(header.nodes as usize + 1)?;
        let count = reader.take_u32()? as usize;
        let tombstones = reader.take_texts(count)?;
        let deleted = take_deleted(&mut reader)?;
        reader.finish()?;
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
            deleted,
            rows_by_product: OnceLock::new(),
            table: OnceLock::new(),
        };
        meta.check_references()?;
        Ok(meta)
    }

    /// Checks that no number points outside of its column, so that later reads need no checks.
    fn check_references(&self) -> Result<(), IndexError> {
        let below = |column: &U32Column, limit: usize| column.iter().all(|n| (n as usize) < limit);
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
}

fn take_deleted(reader: &mut SegmentReader) -> Result<Vec<(SegmentId, U32Column)>, IndexError> {
    let count = reader.take_u32()?;
    (0..count)
        .map(|_| {
            let mut id = [0; 16];
            id.copy_from_slice(&reader.take(16, 1)?);
            let rows = reader.take_u32()? as usize;
            Ok((SegmentId::from_bytes(id), reader.take_u32s(rows)?))
        })
        .collect()
}
