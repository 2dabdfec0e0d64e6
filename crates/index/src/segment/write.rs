//! Encoding rows into a segment.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::body::SegmentBody;
use super::columns::Columns;
use super::header::{HEADER_BYTES, Header, SegmentKind, malformed};
use crate::dot::MAX_DIMENSIONS;
use crate::error::IndexError;
use crate::graph::{self, BuiltGraph, GraphParameters};
use crate::graph_links::Links;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantise::{Axes, Quantised};
use crate::recall::{self, Recall};
use crate::row::Row;

/// Most rows of a segment: with 64 links each, the links still count in 32 bits.
const MAX_ROWS: usize = u32::MAX as usize / 64;

/// What goes into a segment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentContent {
    /// Rows, each key once.
    pub rows: Vec<Row>,
    /// Keys that are gone.
    pub tombstones: Vec<String>,
    /// Rows of older segments that the rows and tombstones supersede.
    pub superseded: BTreeMap<SegmentId, Vec<u32>>,
}

/// A segment ready to be stored.
#[derive(Debug, Clone)]
pub struct EncodedSegment {
    /// The object.
    pub bytes: Vec<u8>,
    /// Length of header and meta, what a writer has to read.
    pub meta_bytes: u64,
    /// What the graph finds; `None` without a graph, so where it was not asked for or every one that
    /// was built found too little.
    pub recall: Option<Recall>,
}

impl SegmentContent {
    /// Whether the segment would say nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.tombstones.is_empty() && self.superseded.is_empty()
    }

    /// Encodes the content as a delta: no graph.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] when a row's embedding has another length;
    /// [`IndexError::Malformed`] when a key is there twice, or there is more than fits.
    pub fn encode_delta(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
    ) -> Result<EncodedSegment, IndexError> {
        self.encode(SegmentKind::Delta, id, encoder, dimensions, None)
    }

    /// Encodes the content as a base, with a graph when `graph` is given: seconds of work on every
    /// core for 100,000 rows.
    ///
    /// What the graph finds is measured. While that is less than `graph` asks for, it is built again
    /// with more work, and when no work helps the base gets no graph: it is searched exactly.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] when a row's embedding has another length;
    /// [`IndexError::Malformed`] when a key is there twice, or there is more than fits.
    pub fn encode_base(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
        graph: Option<GraphParameters>,
    ) -> Result<EncodedSegment, IndexError> {
        self.encode(SegmentKind::Base, id, encoder, dimensions, graph)
    }

    fn encode(
        &self,
        kind: SegmentKind,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
        graph: Option<GraphParameters>,
    ) -> Result<EncodedSegment, IndexError> {
        self.check_sizes(dimensions)?;
        if let Some(turned) = self.turned() {
            return turned.encode(kind, id, encoder, dimensions, graph);
        }
        let mut effort = graph;
        loop {
            let layout = Layout::of(&self.rows, effort);
            let mut segment = self.lay_out(kind, id, encoder, dimensions, &layout)?;
            let Some(tried) = effort else {
                return Ok(segment.into_encoded());
            };
            if segment.calibrate(tried)? {
                return Ok(segment.into_encoded());
            }
            effort = tried.stronger();
        }
    }

    fn lay_out(
        &self,
        kind: SegmentKind,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
        layout: &Layout,
    ) -> Result<LaidOut, IndexError> {
        let rows: Vec<&Row> = layout.rows().map(|i| &self.rows[i]).collect();
        let mut columns = Columns::after(HEADER_BYTES, self.least_bytes(dimensions));
        self.put_meta(&mut columns, &rows, layout)?;
        let meta_bytes = columns.len();
        self.put_body(&mut columns, layout);
        let bytes = columns.into_bytes();
        let header = Header {
            kind,
            id,
            fingerprint: encoder,
            dimensions: dimensions as u32,
            rows: rows.len() as u32,
            nodes: layout.nodes.len() as u32,
            layers: layout.layers.len() as u32,
            axes: Axes::Turned,
            candidates: 0,
            recall: None,
            meta_bytes: meta_bytes as u64,
            total_bytes: bytes.len() as u64,
            meta_checksum: xxh3_64(&bytes[HEADER_BYTES..meta_bytes]),
            body_checksum: xxh3_64(&bytes[meta_bytes..]),
        };
        Ok(LaidOut { header, bytes })
    }

    /// The same content with all vectors along turned axes, when some are not.
    fn turned(&self) -> Option<Self> {
        let mut turned = None;
        for (i, row) in self.rows.iter().enumerate() {
            if let Some(embedding) = row.embedding.turned() {
                let content = turned.get_or_insert_with(|| self.clone());
                content.rows[i].embedding = embedding;
            }
        }
        turned
    }

    fn check_sizes(&self, dimensions: usize) -> Result<(), IndexError> {
        let lengths = self.rows.iter().map(|row| row.embedding.dimensions());
        if let Some(found) = lengths.into_iter().find(|&found| found != dimensions) {
            return Err(IndexError::Dimensions {
                expected: dimensions,
                found,
            });
        }
        if dimensions > MAX_DIMENSIONS {
            return Err(malformed(format!(
                "vectors have {dimensions} dimensions, more than {MAX_DIMENSIONS}"
            )));
        }
        if self.rows.len() > MAX_ROWS {
            let rows = self.rows.len();
            return Err(malformed(format!(
                "it has {rows} rows, more than {MAX_ROWS}"
            )));
        }
        Ok(())
    }

    /// About as many bytes as the segment gets without its texts and graph.
    fn least_bytes(&self, dimensions: usize) -> usize {
        self.rows.len() * (2 * dimensions + 64)
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
        columns.put_u32(self.tombstones.len() as u32);
        columns.put_texts(self.tombstones.iter().map(String::as_str))?;
        columns.put_u32(self.superseded.len() as u32);
        for (id, rows) in &self.superseded {
            columns.put_bytes(&id.to_bytes());
            columns.put_u32(rows.len() as u32);
            columns.put_u32s(rows.iter().copied());
        }
        columns.finish();
        Ok(())
    }

    fn put_body(&self, columns: &mut Columns, layout: &Layout) {
        let vectors = || {
            layout
                .nodes
                .iter()
                .map(|node| &self.rows[node[0]].embedding)
        };
        columns.put_u32s(vectors().map(|vector| vector.scale.to_bits()));
        columns.put_vectors(vectors().map(Quantised::hi));
        columns.put_vectors(vectors().map(Quantised::lo));
        for layer in &layout.layers {
            columns.put_u32(layer.starts.len() as u32 - 1);
            columns.put_u32s(layer.starts.iter().copied());
            columns.put_u32s(layer.targets.iter().copied());
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
    /// enough. False when none is.
    fn calibrate(&mut self, parameters: GraphParameters) -> Result<bool, IndexError> {
        let nodes = self.header.nodes;
        if nodes == 0 {
            return Ok(true);
        }
        // The bytes are lent to the body and come back whole.
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let body = SegmentBody::open_unchecked(&bytes, &self.header)?;
        let enough = recall::calibrate(&body, nodes, parameters.least_recall);
        drop(body);
        self.bytes = bytes.into();
        let Some((candidates, recall)) = enough else {
            return Ok(false);
        };
        self.header.candidates = candidates;
        self.header.recall = Some(recall);
        Ok(true)
    }

    fn into_encoded(mut self) -> EncodedSegment {
        self.bytes[..HEADER_BYTES].copy_from_slice(&self.header.encode());
        EncodedSegment {
            bytes: self.bytes,
            meta_bytes: self.header.meta_bytes,
            recall: self.header.recall,
        }
    }
}

/// The order in which rows are stored: by node, and nodes as the graph numbers them.
struct Layout {
    /// The rows of each node, as positions in the content.
    nodes: Vec<Vec<usize>>,
    layers: Vec<Links>,
}

impl Layout {
    fn of(rows: &[Row], graph: Option<GraphParameters>) -> Self {
        let mut nodes = distinct_vectors(rows);
        // Within a node by product, then by key: what a search meets first is what it returns.
        for node in nodes.iter_mut().filter(|node| node.len() > 1) {
            node.sort_unstable_by_key(|&i| (&rows[i].product_id, &rows[i].key));
        }
        let mut layers = Vec::new();
        if let Some(parameters) = graph.filter(|_| !nodes.is_empty()) {
            let vectors: Vec<&Quantised> =
                nodes.iter().map(|node| &rows[node[0]].embedding).collect();
            let BuiltGraph {
                layers: built,
                order,
            } = graph::build(&vectors, parameters);
            nodes = order
                .into_iter()
                .map(|old| std::mem::take(&mut nodes[old as usize]))
                .collect();
            layers = built;
        }
        Self { nodes, layers }
    }

    fn rows(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().flatten().copied()
    }
}

/// Groups rows by identical vector, in order of first appearance. Groups of exact duplicates would
/// fill each other's neighbour lists and cut the graph into islands.
fn distinct_vectors(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut seen: HashMap<(u32, &[i8], &[i8]), usize> = HashMap::with_capacity(rows.len());
    let mut nodes: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let v = &row.embedding;
        let node = *seen
            .entry((v.scale.to_bits(), v.hi(), v.lo()))
            .or_insert_with(|| {
                nodes.push(Vec::with_capacity(1));
                nodes.len() - 1
            });
        nodes[node].push(i);
    }
    nodes
}

/// Writes the hashes that keys are found by; a good moment to see a key that is there twice.
fn put_hashes(columns: &mut Columns, rows: &[&Row]) -> Result<(), IndexError> {
    let mut hashes: Vec<(u64, u32)> = rows
        .iter()
        .zip(0..)
        .map(|(row, i)| (xxh3_64(row.key.as_bytes()), i))
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
