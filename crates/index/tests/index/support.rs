//! Small builders for rows and segments.

use bytes::Bytes;
use lookalike_index::{
    Attributes, EncodedSegment, Fingerprint, GraphParameters, QuantizedVector, Row, Segment,
    SegmentContent, SegmentId,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) const ENCODER: Fingerprint = Fingerprint([7; 32]);

pub(crate) fn id(number: u64) -> SegmentId {
    SegmentId::new(number, 1)
}

pub(crate) fn row(key: &str, product_id: &str, vector: &[f32]) -> Row {
    Row {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: format!("\"{key}\""),
        attributes: Attributes::new(),
        embedding: QuantizedVector::new(vector).unwrap(),
    }
}

pub(crate) fn content(rows: Vec<Row>) -> SegmentContent {
    SegmentContent {
        rows,
        ..SegmentContent::default()
    }
}

pub(crate) fn delta(number: u64, content: &SegmentContent, dimensions: usize) -> Segment {
    let encoded = content.encode_delta(id(number), ENCODER, dimensions);
    open(number, encoded.unwrap())
}

pub(crate) fn base(
    number: u64,
    content: &SegmentContent,
    dimensions: usize,
    graph: Option<GraphParameters>,
) -> Segment {
    let encoded = content.encode_base(id(number), ENCODER, dimensions, graph);
    open(number, encoded.unwrap())
}

fn open(number: u64, encoded: EncodedSegment) -> Segment {
    Segment::open(&Bytes::from(encoded.bytes), id(number), ENCODER).unwrap()
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Reproducible vectors.
pub(crate) struct Vectors {
    rng: StdRng,
    dimensions: usize,
}

impl Vectors {
    pub(crate) fn new(seed: u64, dimensions: usize) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            dimensions,
        }
    }

    /// Returns a vector of about normally distributed components.
    pub(crate) fn any(&mut self) -> Vec<f32> {
        (0..self.dimensions).map(|_| self.component()).collect()
    }

    /// Returns a vector near another one.
    pub(crate) fn near(&mut self, center: &[f32], spread: f32) -> Vec<f32> {
        center
            .iter()
            .map(|x| x + spread * self.component())
            .collect()
    }

    /// Returns `count` vectors around `centers` centers.
    pub(crate) fn clustered(&mut self, count: usize, centers: usize) -> Vec<Vec<f32>> {
        let centers: Vec<_> = (0..centers).map(|_| self.any()).collect();
        (0..count)
            .map(|i| self.near(&centers[i % centers.len()], 0.7))
            .collect()
    }

    fn component(&mut self) -> f32 {
        (0..4).map(|_| self.rng.random_range(-1.0f32..1.0)).sum()
    }
}
