//! One content on its way to bytes.

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::body::SegmentBody;
use super::columns::Columns;
use super::graph_view;
use super::header::{HEADER_BYTES, Header, SegmentKind, malformed};
use super::layout::Layout;
use super::write::{EncodedSegment, SegmentContent};
use crate::error::IndexError;
use crate::graph_parameters::GraphParameters;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantise::{Axes, Quantised};
use crate::recall::{self, Calibration};
use crate::row::Row;

/// A content, and what every try to encode it begins with.
pub(super) struct Encoding<'a> {
    content: &'a SegmentContent,
    kind: SegmentKind,
    id: SegmentId,
    encoder: Fingerprint,
    dimensions: usize,
    /// The embedding of every row along turned axes. Those of rows that had it so share their bytes.
    embeddings: Vec<Quantised>,
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
        let embeddings: Vec<Quantised> = embeddings
            .map(|embedding| embedding.turned().unwrap_or_else(|| embedding.clone()))
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

    /// Distinct vectors.
    pub(super) fn nodes(&self) -> u32 {
        self.exact.nodes.len() as u32
    }

    pub(super) fn without_graph(&self) -> Result<EncodedSegment, IndexError> {
        Ok(self.lay_out(&self.exact)?.into_encoded())
    }

    /// Builds a graph and measures what it finds, to know how many candidates it takes to find `wanted`.
    pub(super) fn with_graph(
        &self,
        parameters: GraphParameters,
        wanted: f64,
    ) -> Result<(EncodedSegment, Calibration), IndexError> {
        let layout = self.exact.with_graph(&self.embeddings, parameters);
        let mut segment = self.lay_out(&layout)?;
        drop(layout);
        let calibration = segment.calibrate(wanted)?;
        Ok((segment.into_encoded(), calibration))
    }

    fn lay_out(&self, layout: &Layout) -> Result<LaidOut, IndexError> {
        let rows: Vec<&Row> = layout.rows().map(|i| &self.content.rows[i]).collect();
        let mut columns = Columns::after(HEADER_BYTES, self.least_bytes());
        self.put_meta(&mut columns, &rows, layout)?;
        let meta_bytes = columns.len();
        self.put_body(&mut columns, layout);
        let bytes = columns.into_bytes();
        let header = Header {
            kind: self.kind,
            id: self.id,
            fingerprint: self.encoder,
            dimensions: self.dimensions as u32,
            rows: rows.len() as u32,
            nodes: layout.nodes.len() as u32,
            layers: layout.graph.as_ref().map_or(0, |graph| graph.layers.len()) as u32,
            axes: Axes::Turned,
            candidates: 0,
            recall: None,
            meta_bytes: meta_bytes as u64,
            total_bytes: bytes.len() as u64,
            meta_checksum: XxHash3_64::oneshot(&bytes[HEADER_BYTES..meta_bytes]),
            body_checksum: XxHash3_64::oneshot(&bytes[meta_bytes..]),
        };
        Ok(LaidOut { header, bytes })
    }

    /// About as many bytes as the segment gets without its texts and graph.
    fn least_bytes(&self) -> usize {
        self.content.rows.len() * (2 * self.dimensions + 64)
    }

    fn put_meta(
        &self,
        columns: &mut Columns,
        rows: &[&Row],
        layout: &Layout,
    ) -> Result<(), IndexError> {
        let attributes: Vec<String> = rows
            .iter()
            .map(|row| serde_json::to_string(&row.attributes).expect("JSON values are JSON"))
            .collect();
        columns.put_texts(rows.iter().map(|row| row.key.as_str()))?;
        columns.put_texts(rows.iter().map(|row| row.etag.as_str()))?;
        columns.put_dictionary(rows.iter().map(|row| row.product_id.as_str()))?;
        columns.put_dictionary(attributes.iter().map(String::as_str))?;
        put_hashes(columns, rows)?;
        let ends = layout.nodes.iter().scan(0, |end, node| {
            *end += node.len() as u32;
            Some(*end)
        });
        columns.put_u32s(std::iter::once(0).chain(ends));
        columns.put_u32(self.content.tombstones.len() as u32);
        columns.put_texts(self.content.tombstones.iter().map(String::as_str))?;
        columns.put_u32(self.content.superseded.len() as u32);
        for (id, rows) in &self.content.superseded {
            columns.put_bytes(id.to_bytes());
            columns.put_u32(rows.len() as u32);
            columns.put_u32s(rows.iter().copied());
        }
        columns.finish();
        Ok(())
    }

    fn put_body(&self, columns: &mut Columns, layout: &Layout) {
        let vectors = || layout.nodes.iter().map(|node| &self.embeddings[node[0]]);
        columns.put_u32s(vectors().map(|vector| vector.scale.to_bits()));
        columns.put_vectors(vectors().map(Quantised::hi));
        columns.put_vectors(vectors().map(Quantised::lo));
        if let Some(graph) = &layout.graph {
            graph_view::put(columns, &graph.bottom, &graph.layers);
        }
        columns.finish();
    }
}

/// A segment whose header is not written yet.
struct LaidOut {
    header: Header,
    bytes: Vec<u8>,
}

impl LaidOut {
    /// Measures what the graph finds with more and more candidates, and notes the first number that is
    /// enough.
    fn calibrate(&mut self, wanted: f64) -> Result<Calibration, IndexError> {
        // The bytes are lent to the body and come back whole.
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let body = SegmentBody::open_unchecked(&bytes, &self.header)?;
        let calibration = recall::calibrate(&body, self.header.nodes, wanted);
        drop(body);
        self.bytes = bytes.into();
        if let Calibration::Enough(candidates, recall) = calibration {
            self.header.candidates = candidates;
            self.header.recall = Some(recall);
        }
        Ok(calibration)
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

/// Writes the hashes that keys are found by; a good moment to see a key that is there twice.
fn put_hashes(columns: &mut Columns, rows: &[&Row]) -> Result<(), IndexError> {
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
            return Err(malformed(format!("key {:?} is there twice", pair[0])));
        }
    }
    columns.put_u64s(hashes.iter().map(|&(hash, _)| hash));
    columns.put_u32s(hashes.iter().map(|&(_, row)| row));
    Ok(())
}
