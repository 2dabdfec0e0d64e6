//! The segments that a commit has uploaded, and the rule by which it may still publish them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::host::Host;
use lookalike_index::{Manifest, SegmentId};

use crate::current::Published;
use crate::error::IndexingError;
use crate::manifest_edit::{Deltas, ManifestEdit};
use crate::new_segment::NewSegment;

/// Times that a commit gives segments another id before giving up: a store so slow that uploads grow old each time, or
/// a collector whose clock is wrong, must not keep it uploading forever.
const MAX_RENEWALS: u32 = 4;

/// The segments of one commit that are in the store.
pub(crate) struct Uploads {
    /// Every segment that was uploaded, published or not.
    begun: HashMap<SegmentId, Upload>,
    /// The age from which a segment is not published, because releases that collect by age alone may remove it.
    max_age: Duration,
    renewals: u32,
    host: Arc<dyn Host>,
}

/// The beginning of an upload.
#[derive(Debug, Clone, Copy)]
struct Upload {
    /// The generation that was read before.
    read: u64,
    /// Milliseconds since 1970.
    at: u64,
}

impl Uploads {
    pub(crate) fn new(max_age: Duration, host: Arc<dyn Host>) -> Self {
        Self {
            begun: HashMap::new(),
            max_age,
            renewals: 0,
            host,
        }
    }

    pub(crate) fn contains(&self, id: SegmentId) -> bool {
        self.begun.contains_key(&id)
    }

    /// Notes an upload that begins now, after generation `read` was read.
    pub(crate) fn begin(&mut self, id: SegmentId, read: u64) {
        let at = self.host.now();
        self.begun.insert(id, Upload { read, at });
    }

    /// True if the manifest names a segment of this commit: a write without an answer has arrived.
    pub(crate) fn are_published(&self, published: &Published) -> bool {
        let mut entries = published.manifest.iter().flat_map(Manifest::entries);
        entries.any(|entry| self.contains(entry.id))
    }

    /// True if one of these segments has become too old, perhaps because its upload took long or the process was asleep.
    pub(crate) fn are_late(&self, segments: &[NewSegment]) -> bool {
        segments
            .iter()
            .any(|segment| self.is_late(segment.entry.id))
    }

    /// Gives every segment that the manifest after `published` must not name another id, so that it is encoded or
    /// copied, and uploaded, again. Segments of the edits are renamed in `edits`; deltas are forgotten in `deltas`.
    ///
    /// # Errors
    /// [`IndexingError::Late`] if that happened too often.
    pub(crate) async fn renew(
        &mut self,
        published: &Published,
        edits: &mut Cow<'_, [ManifestEdit]>,
        deltas: &mut Deltas,
    ) -> Result<(), IndexingError> {
        let is_lost = |id| self.is_late(id) || self.is_fenced(id, published);
        let mut renewed = deltas.forget_if(is_lost);
        for place in 0..edits.len() {
            let made = edits[place].segment();
            if let Some((old, encoder)) = made.filter(|(old, _)| is_lost(old.entry.id)) {
                let new = old.renamed(self.host.new_segment_id(), encoder).await?;
                edits.to_mut()[place].set_segment(new);
                renewed = true;
            }
        }
        self.renewals += u32::from(renewed);
        match self.renewals > MAX_RENEWALS {
            true => Err(IndexingError::Late {
                time_budget: self.max_age,
            }),
            false => Ok(()),
        }
    }

    fn is_late(&self, id: SegmentId) -> bool {
        let max_age = self.max_age.as_millis() as u64;
        let upload = self.begun.get(&id);
        upload.is_some_and(|upload| self.host.now().saturating_sub(upload.at) > max_age)
    }

    fn is_fenced(&self, id: SegmentId, published: &Published) -> bool {
        let upload = self.begun.get(&id).zip(published.manifest.as_ref());
        upload.is_some_and(|(upload, manifest)| manifest.fences_off(id, upload.read))
    }
}
