//! Encoding of deltas.

use std::collections::HashMap;
use std::sync::Arc;

use lookalike_core::host::Host;
use lookalike_index::{Fingerprint, SegmentContent, SegmentId};

use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::new_segment::NewSegment;

/// The deltas that a commit has encoded, by the encoder of their index. A delta depends on the manifest that it
/// follows; if its content is the same after a lost race, it is stored already and need not be encoded again.
pub(crate) struct Deltas {
    encoded: HashMap<Fingerprint, (SegmentContent, NewSegment)>,
    host: Arc<dyn Host>,
}

impl Deltas {
    pub(crate) fn new(host: Arc<dyn Host>) -> Self {
        Self {
            encoded: HashMap::new(),
            host,
        }
    }

    /// Returns the delta with this content.
    ///
    /// # Errors
    /// [`IndexingError::Index`] if the content cannot be encoded.
    pub(crate) fn delta(
        &mut self,
        content: SegmentContent,
        encoder: &EncoderIdentity,
    ) -> Result<NewSegment, IndexingError> {
        if let Some((same, segment)) = self.encoded.get(&encoder.fingerprint)
            && *same == content
        {
            return Ok(segment.clone());
        }
        let segment = encode_delta(&content, self.host.new_segment_id(), encoder)?;
        let known = (content, segment.clone());
        self.encoded.insert(encoder.fingerprint, known);
        Ok(segment)
    }

    /// Forgets the deltas whose ids `is_lost` selects, so that they are encoded again under other ids. Returns true if
    /// there were any.
    pub(crate) fn forget_if(&mut self, is_lost: impl Fn(SegmentId) -> bool) -> bool {
        let before = self.encoded.len();
        self.encoded
            .retain(|_, (_, segment)| !is_lost(segment.entry.id));
        self.encoded.len() < before
    }

    /// Forgets all deltas, after a manifest write without an answer: it may have arrived, so the deltas may have been
    /// part of the index and replaced. Other writers may have marked their rows or removed them.
    pub(crate) fn clear(&mut self) {
        self.encoded.clear();
    }
}

/// Encodes content as a new delta with this id.
///
/// # Errors
/// [`IndexingError::Index`] if the content cannot be encoded.
pub(crate) fn encode_delta(
    content: &SegmentContent,
    id: SegmentId,
    encoder: &EncoderIdentity,
) -> Result<NewSegment, IndexingError> {
    let encoded = content.encode_delta(id, encoder.fingerprint, encoder.dimensions)?;
    Ok(NewSegment::new(id, encoded, encoder)?)
}
