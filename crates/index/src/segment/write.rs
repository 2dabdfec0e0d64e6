//! Encoding rows into a segment.

use std::collections::{BTreeMap, HashMap};

use xxhash_rust::xxh3::xxh3_64;

use super::header::{HEADER_BYTES, Header, SegmentKind};
use crate::error::IndexError;
use crate::graph::{self, BuiltGraph, GraphParameters, Links};
use crate::ids::{Fingerprint, SegmentId};
use crate::row::Row;

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
}

impl SegmentContent {
    /// Whether the segment would say nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.tombstones.is_empty() && self.superseded.is_empty()
    }

    /// Encodes the content as a delta: no graph.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] when a row's embedding has another length.
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
    /// # Errors
    /// [`IndexError::Dimensions`] when a row's embedding has another length.
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
        for row in &self.rows {
            if row.embedding.dimensions() != dimensions {
                return Err(IndexError::Dimensions {
                    expected: dimensions,
                    found: row.embedding.dimensions(),
                });
            }
        }
        let layout = Layout::of(&self.rows, graph);
        let meta = self.meta(&layout);
        let body = self.body(&layout);
        let meta_bytes = (HEADER_BYTES + meta.len()) as u64;
        let header = Header {
            kind,
            id,
            fingerprint: encoder,
            dimensions: dimensions as u32,
            rows: self.rows.len() as u32,
            nodes: layout.nodes.len() as u32,
            layers: layout.layers.len() as u32,
            meta_bytes,
            total_bytes: meta_bytes + body.len() as u64,
            meta_checksum: xxh3_64(&meta),
            body_checksum: xxh3_64(&body),
        };
        let mut bytes = Vec::with_capacity(header.total_bytes as usize);
        bytes.extend(header.encode());
        bytes.extend(meta);
        bytes.extend(body);
        Ok(EncodedSegment { bytes, meta_bytes })
    }

    fn meta(&self, layout: &Layout) -> Vec<u8> {
        let rows: Vec<&Row> = layout.rows().map(|i| &self.rows[i]).collect();
        let mut out = Vec::new();
        put_texts(&mut out, rows.iter().map(|row| row.key.as_str()));
        put_texts(&mut out, rows.iter().map(|row| row.etag.as_str()));
        put_dictionary(&mut out, rows.iter().map(|row| row.product_id.clone()));
        put_dictionary(
            &mut out,
            rows.iter().map(|row| {
                serde_json::to_string(&row.attributes).expect("a map of JSON values is JSON")
            }),
        );
        put_hashes(&mut out, &rows);
        let mut start = 0;
        put_u32(&mut out, 0);
        for node in &layout.nodes {
            start += node.len() as u32;
            put_u32(&mut out, start);
        }
        put_u32(&mut out, self.tombstones.len() as u32);
        put_texts(&mut out, self.tombstones.iter().map(String::as_str));
        put_u32(&mut out, self.superseded.len() as u32);
        for (id, rows) in &self.superseded {
            out.extend(id.to_bytes());
            put_u32(&mut out, rows.len() as u32);
            rows.iter().for_each(|&row| put_u32(&mut out, row));
        }
        out
    }

    fn body(&self, layout: &Layout) -> Vec<u8> {
        let vectors = || layout.nodes.iter().map(|node| &self.rows[node[0]].embedding);
        let mut out = Vec::new();
        vectors().for_each(|v| put_u32(&mut out, v.scale.to_bits()));
        vectors().for_each(|v| out.extend_from_slice(bytemuck::cast_slice(&v.hi)));
        vectors().for_each(|v| out.extend_from_slice(bytemuck::cast_slice(&v.lo)));
        for layer in &layout.layers {
            put_u32(&mut out, layer.starts.len() as u32 - 1);
            layer.starts.iter().for_each(|&n| put_u32(&mut out, n));
            layer.targets.iter().for_each(|&n| put_u32(&mut out, n));
        }
        out
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
        let mut layers = Vec::new();
        if let Some(parameters) = graph.filter(|_| !nodes.is_empty()) {
            let vectors: Vec<(f32, &[i8])> = nodes
                .iter()
                .map(|node| &rows[node[0]].embedding)
                .map(|v| (v.scale, &*v.hi))
                .collect();
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
            .entry((v.scale.to_bits(), &v.hi, &v.lo))
            .or_insert_with(|| {
                nodes.push(Vec::with_capacity(1));
                nodes.len() - 1
            });
        nodes[node].push(i);
    }
    nodes
}

fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}

fn put_texts<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str> + Clone) {
    let mut end = 0;
    for text in texts.clone() {
        end += text.len() as u32;
        put_u32(out, end);
    }
    texts.for_each(|text| out.extend(text.as_bytes()));
}

/// A number per row, then the distinct texts that the numbers mean.
fn put_dictionary(out: &mut Vec<u8>, texts: impl Iterator<Item = String>) {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        let next = distinct.len() as u32;
        let number = *numbers.entry(text).or_insert_with_key(|text| {
            distinct.push(text.clone());
            next
        });
        put_u32(out, number);
    }
    put_u32(out, distinct.len() as u32);
    put_texts(out, distinct.iter().map(String::as_str));
}

fn put_hashes(out: &mut Vec<u8>, rows: &[&Row]) {
    let mut hashes: Vec<(u64, u32)> = rows
        .iter()
        .zip(0..)
        .map(|(row, i)| (xxh3_64(row.key.as_bytes()), i))
        .collect();
    hashes.sort_unstable();
    hashes.iter().for_each(|(hash, _)| out.extend(hash.to_le_bytes()));
    hashes.iter().for_each(|&(_, row)| put_u32(out, row));
}
