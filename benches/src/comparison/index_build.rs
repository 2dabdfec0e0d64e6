//! Timing the build of a base.

use std::path::PathBuf;
use std::time::Instant;

use lookalike_index::{
    CompactionPolicy, Fingerprint, Manifest, QuantizedVector, SegmentContent, SegmentEntry,
    SegmentId, SegmentKind,
};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::AnyError;
use crate::folder::Folder;
use crate::vectors::{self, at};

/// A base to build.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexBuild {
    /// Vectors, `[rows, dimensions]` as `f32`.
    vectors: PathBuf,
    /// The other columns of each row.
    rows: PathBuf,
    /// Attributes other than the category, a JSON object per row.
    attributes: Option<PathBuf>,
    dimensions: usize,
    /// The fingerprint of the encoder of the vectors.
    fingerprint: Fingerprint,
    threads: usize,
    /// Builds the graph that a base of this size gets; without it, a search scans every row.
    graph: bool,
    /// The folder of the index, in the layout of the index bucket.
    folder: PathBuf,
}

impl IndexBuild {
    /// Returns seconds from vectors in memory to the bytes of a segment in memory, and the number
    /// of bytes.
    pub(crate) fn run(self) -> Result<Value, AnyError> {
        let numbers = vectors::read(&self.vectors)?;
        let texts = vectors::read_rows(&self.rows, self.attributes.as_deref())?;
        if numbers.len() != texts.len() * self.dimensions {
            let expected = texts.len() * self.dimensions;
            let found = numbers.len();
            let problem = format!("expected {expected} numbers, found {found}");
            return Err(at(&self.vectors, problem));
        }
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let graph = (CompactionPolicy::default().graph_for(texts.len())).filter(|_| self.graph);
        let id = SegmentId::new(1, u128::from(self.graph));
        let begun = Instant::now();
        let (encoded, rows) = pool.install(|| {
            let embeddings = numbers
                .par_chunks_exact(self.dimensions)
                .map(QuantizedVector::new)
                .collect::<Result<Vec<_>, _>>()?;
            let rows = texts.into_iter().zip(embeddings);
            let content = SegmentContent {
                rows: rows.map(|(text, embedding)| text.with(embedding)).collect(),
                ..SegmentContent::default()
            };
            let encoded = content.encode_base(id, self.fingerprint, self.dimensions, graph)?;
            Ok::<_, AnyError>((encoded, content.rows.len()))
        })?;
        let seconds = begun.elapsed().as_secs_f64();
        let bytes = encoded.bytes.len() as u64;
        let entry = SegmentEntry {
            id,
            kind: SegmentKind::Base,
            rows: rows as u32,
            bytes,
            meta_bytes: encoded.meta_bytes,
            recall: encoded.recall,
            match_thresholds: None,
        };
        let manifest = Manifest {
            generation: 1,
            segments: vec![entry],
            ..Manifest::empty("measured", self.fingerprint, self.dimensions)
        };
        Folder::at(&self.folder).write(&manifest, id, &encoded.bytes)?;
        Ok(json!({"seconds": seconds, "bytes": bytes, "has_graph": encoded.recall.is_some()}))
    }
}
