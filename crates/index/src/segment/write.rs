//! Encoding rows into a segment.

use std::collections::BTreeMap;

use super::encoding::Encoding;
use super::header::{SegmentKind, malformed};
use crate::dot::MAX_DIMENSIONS;
use crate::error::IndexError;
use crate::graph_parameters::GraphParameters;
use crate::ids::{Fingerprint, SegmentId};
use crate::recall::{self, Calibration, GraphLeftOut, Recall};
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
    /// What the graph finds; `None` without a graph.
    pub recall: Option<Recall>,
    /// Why there is no graph although one was asked for and could have been of use.
    pub left_out: Option<GraphLeftOut>,
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
        self.check_sizes(dimensions)?;
        Encoding::new(self, SegmentKind::Delta, id, encoder, dimensions).without_graph()
    }

    /// Encodes the content as a base, with a graph when `graph` is given, as
    /// [`encode_base_while`](Self::encode_base_while) does with all the time in the world.
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
        self.encode_base_while(id, encoder, dimensions, graph, &mut || true)
    }

    /// Encodes the content as a base, with a graph when `graph` is given: seconds of work on every
    /// core for 100,000 rows.
    ///
    /// What the graph finds is measured. While that is less than `graph` asks for, it is built again, each
    /// time with twice the work of the time before, of which `may_go_on` is asked first. When that says no,
    /// or no work helps, the base gets no graph: it is searched exactly. Nor does it get one when it has so
    /// few distinct vectors that no graph over them would be walked.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] when a row's embedding has another length;
    /// [`IndexError::Malformed`] when a key is there twice, or there is more than fits.
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
        let Some(mut effort) = graph.filter(|_| recall::is_worthwhile(encoding.nodes())) else {
            return encoding.without_graph();
        };
        let wanted = recall::wanted(effort.least_recall);
        let mut best: Option<Recall> = None;
        let (best, cut_short) = loop {
            let (encoded, found) = encoding.with_graph(effort, wanted)?;
            let too_little = match found {
                Calibration::Enough(..) => return Ok(encoded),
                Calibration::TooLittle(too_little) => too_little,
            };
            drop(encoded);
            let better = best.filter(|best| best.found > too_little.found);
            let known = *best.insert(better.unwrap_or(too_little));
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
