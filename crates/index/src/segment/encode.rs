//! Encoding rows into a segment.

use super::checks::malformed;
use super::content::{EncodedSegment, SegmentContent};
use super::encoding::Encoding;
use super::header::SegmentKind;
use crate::dot::MAX_DIMENSIONS;
use crate::error::IndexError;
use crate::hnsw::{self, EfTuning, GraphParameters};
use crate::ids::{Fingerprint, SegmentId};
use crate::recall::{GraphLeftOut, Recall};

/// Maximum rows of a segment: with 64 links each, the number of links still fits into 32 bits.
const MAX_ROWS: usize = u32::MAX as usize / 64;

impl SegmentContent {
    /// Encodes the content as a delta, without a graph.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if a row's embedding has another length;
    /// [`IndexError::Malformed`] if a key occurs twice, or the content is too large.
    pub fn encode_delta(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
    ) -> Result<EncodedSegment, IndexError> {
        self.check_sizes(dimensions)?;
        Encoding::new(self, SegmentKind::Delta, id, encoder, dimensions).without_graph()
    }

    /// Encodes the content as a base, with a graph if `graph` is given, like
    /// [`encode_base_while`](Self::encode_base_while) without a time limit.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if a row's embedding has another length;
    /// [`IndexError::Malformed`] if a key occurs twice, or the content is too large.
    pub fn encode_base(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
        graph: Option<GraphParameters>,
    ) -> Result<EncodedSegment, IndexError> {
        self.encode_base_while(id, encoder, dimensions, graph, &mut || true)
    }

    /// Encodes the content as a base, with a graph if `graph` is given. The graph of 100,000 rows
    /// takes seconds on all cores.
    ///
    /// The recall of the graph is measured. While it is lower than `graph` requires, the graph is
    /// built again, each time with twice the work of the time before. `may_go_on` is called before
    /// each; if it returns false, or no amount of work helps, the base gets no graph and is
    /// searched exactly. It also gets none if it has so few distinct vectors that no graph over
    /// them would be walked.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if a row's embedding has another length;
    /// [`IndexError::Malformed`] if a key occurs twice, or the content is too large.
    pub fn encode_base_while(
        &self,
        id: SegmentId,
        encoder: Fingerprint,
        dimensions: usize,
        graph: Option<GraphParameters>,
        may_go_on: &mut dyn FnMut() -> bool,
    ) -> Result<EncodedSegment, IndexError> {
        self.check_sizes(dimensions)?;
        let encoding = Encoding::new(self, SegmentKind::Base, id, encoder, dimensions);
        let Some(mut effort) = graph.filter(|_| hnsw::is_worthwhile(encoding.nodes())) else {
            return encoding.without_graph();
        };
        let wanted = hnsw::required_recall(effort.min_recall);
        let mut best: Option<Recall> = None;
        let (best, cut_short) = loop {
            let (encoded, tuning) = encoding.with_graph(effort, wanted)?;
            let recall = match tuning {
                EfTuning::Sufficient { .. } => return Ok(encoded),
                EfTuning::Insufficient(recall) => recall,
            };
            drop(encoded);
            let better = best.filter(|best| best.found > recall.found);
            let known = *best.insert(better.unwrap_or(recall));
            effort = match effort.stronger() {
                None => break (known, false),
                Some(_) if !may_go_on() => break (known, true),
                Some(stronger) => stronger,
            };
        };
        let left_out = GraphLeftOut {
            best,
            wanted,
            cut_short,
        };
        Ok(EncodedSegment {
            left_out: Some(left_out),
            ..encoding.without_graph()?
        })
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
}
