//! Laying out the bytes of a segment.

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::body::SegmentBody;
use super::checks::malformed;
use super::content::{EncodedSegment, SegmentContent};
use super::graph_view;
use super::header::{HEADER_BYTES, Header, SegmentKind};
use super::layout::Layout;
use super::writer::SegmentWriter;
use crate::error::IndexError;
use crate::hnsw::{EfTuning, GraphParameters, tune_ef};
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::{Basis, QuantizedVector};
use crate::row::Row;

/// The content, and the data that every attempt to encode it starts with.
pub(super) struct Encoding<'a> {
    content: &'a SegmentContent,
    kind: SegmentKind,
    id: SegmentId,
    encoder: Fingerprint,
    dimensions: usize,
    /// The embedding of every row in the rotated basis. Embeddings that were in it already share
    /// their bytes.
    embeddings: Vec<QuantizedVector>,
    exact: Layout,
}

impl<'a> Encoding<'a> {
    /// Groups the rows of a content by vector.
    pub(super) fn new(
        content: &'a SegmentContent,
        kind: SegmentKind,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
    ) -> Self {
        let embeddings = content.rows.iter().map(|row| &row.embedding);
        let embeddings: Vec<QuantizedVector> = embeddings
            .map(|embedding| embedding.rotated().unwrap_or_else(|| embedding.clone()))
            .collect();
        Self {
            exact: Layout::exact(&content.rows, &embeddings),
            content,
            kind,
            id,
            encoder,
            dimensions,
            embeddings,
        }
    }

    /// Returns the number of distinct vectors.
    pub(super) fn nodes(&self) -> u32 {
        self.exact.nodes.len() as u32
    }

    pub(super) fn without_graph(&self) -> Result<EncodedSegment, IndexError> {
        Ok(self.lay_out(&self.exact)?.into_encoded())
    }

    /// Builds a graph, and tunes `ef` so that its recall is `wanted`.
    pub(super) fn with_graph(
        &self,
        parameters: GraphParameters,
        wanted: f64,
    ) -> Result<(EncodedSegment, EfTuning), IndexError> {
        let layout = self.exact.with_graph(&self.embeddings, parameters);
        let mut segment = self.lay_out(&layout)?;
        drop(layout);
        let tuning = segment.tune_ef(wanted)?;
        Ok((segment.into_encoded(), tuning))
    }

    fn lay_out(&self, layout: &Layout) -> Result<LaidOut, IndexError> {
        let rows: Vec<&Row> = layout.rows().map(|i| &self.content.rows[i]).collect();
        let mut writer = SegmentWriter::after(HEADER_BYTES, self.min_bytes());
        self.put_meta(&mut writer, &rows, layout)?;
        let meta_bytes = writer.len();
        self.put_body(&mut writer, layout);
        let bytes = writer.into_bytes();
        let header = Header {
            kind: self.kind,
            id: self.id,
            fingerprint: self.encoder,
            dimensions: self.dimensions as u32,
            rows: rows.len() as u32,
            nodes: layout.nodes.len() as u32,
            layers: layout.graph.as_ref().map_or(0, |graph| graph.layers.len()) as u32,
            basis: Basis::Rotated,
            ef: 0,
            recall: None,
            meta_bytes: meta_bytes as u64,
            total_bytes: bytes.len() as u64,
            meta_checksum: XxHash3_64::oneshot(&bytes[HEADER_BYTES..meta_bytes]),
            body_checksum: XxHash3_64::oneshot(&bytes[meta_bytes..]),
        };
        Ok(LaidOut { header, bytes })
    }

    /// Estimates the bytes of the segment without its texts and graph.
    fn min_bytes(&self) -> usize {
        self.content.rows.len() * (2 * self.dimensions + 64)
    }

    fn put_meta(
        &self,
        writer: &mut SegmentWriter,
        rows: &[&Row],
        layout: &Layout,
    ) -> Result<(), IndexError> {
        let attributes: Vec<String> = rows
            .iter()
            .map(|row| serde_json::to_string(&row.attributes).expect("JSON values are JSON"))
            .collect();
        writer.put_texts(rows.iter().map(|row| row.key.as_str()))?;
        writer.put_texts(rows.iter().map(|row| row.etag.as_str()))?;
        writer.put_dictionary(rows.iter().map(|row| row.product_id.as_str()))?;
        writer.put_dictionary(attributes.iter().map(String::as_str))?;
        put_hashes(writer, rows)?;
        let ends = layout.nodes.iter().scan(0, |end, node| {
            *end += node.len() as u32;
            Some(*end)
        });
        writer.put_u32s(std::iter::once(0).chain(ends));
        writer.put_u32(self.content.tombstones.len() as u32);
        writer.put_texts(self.content.tombstones.iter().map(String::as_str))?;
        writer.put_u32(self.content.deleted.len() as u32);
        for (id, rows) in &self.content.deleted {
            writer.put_bytes(id.to_bytes());
            writer.put_u32(rows.len() as u32);
            writer.put_u32s(rows.iter().copied());
        }
        writer.finish();
        Ok(())
    }

    fn put_body(&self, writer: &mut SegmentWriter, layout: &Layout) {
        let vectors = || layout.nodes.iter().map(|node| &self.embeddings[node[0]]);
        writer.put_u32s(vectors().map(|vector| vector.scale.to_bits()));
        writer.put_vectors(vectors().map(QuantizedVector::hi));
        writer.put_vectors(vectors().map(QuantizedVector::lo));
        if let Some(graph) = &layout.graph {
            graph_view::put(writer, &graph.bottom, &graph.layers);
        }
        writer.finish();
    }
}

/// A segment without its header.
struct LaidOut {
    header: Header,
    bytes: Vec<u8>,
}

impl LaidOut {
    /// Tunes the `ef` of the graph, and writes it into the header if it is sufficient.
    fn tune_ef(&mut self, wanted: f64) -> Result<EfTuning, IndexError> {
        // The body borrows the bytes and returns them whole.
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let body = SegmentBody::open_unchecked(&bytes, &self.header)?;
        let tuning = tune_ef(&body, self.header.nodes, wanted);
        drop(body);
        self.bytes = bytes.into();
        if let EfTuning::Sufficient { ef, recall } = tuning {
            self.header.ef = ef;
            self.header.recall = Some(recall);
        }
        Ok(tuning)
    }

    fn into_encoded(mut self) -> EncodedSegment {
        self.bytes[..HEADER_BYTES].copy_from_slice(&self.header.encode());
        EncodedSegment {
            bytes: self.bytes,
            meta_bytes: self.header.meta_bytes,
            recall: self.header.recall,
            left_out: None,
        }
    }
}

/// Writes the hashes for finding keys, and rejects a key that occurs twice.
fn put_hashes(writer: &mut SegmentWriter, rows: &[&Row]) -> Result<(), IndexError> {
    let mut hashes: Vec<(u64, u32)> = rows
        .iter()
        .zip(0..)
        .map(|(row, i)| (XxHash3_64::oneshot(row.key.as_bytes()), i))
        .collect();
    hashes.sort_unstable();
    let key = |&(_, row): &(u64, u32)| &rows[row as usize].key;
    let equal_hashes = hashes.chunk_by(|a, b| a.0 == b.0);
    for group in equal_hashes.filter(|group| group.len() > 1) {
        let mut keys: Vec<&String> = group.iter().map(key).collect();
        keys.sort_unstable();
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(malformed(format!("key {:?} occurs twice", pair[0])));
        }
    }
    writer.put_u64s(hashes.iter().map(|&(hash, _)| hash));
    writer.put_u32s(hashes.iter().map(|&(_, row)| row));
    Ok(())
}
