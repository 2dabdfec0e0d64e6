//! The change that a batch of observed images makes to the index.

use lookalike_core::time::new_segment_id;
use lookalike_index::{Changed, Row, SegmentContent};

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::new_segment::NewSegment;
use crate::proposal::{Proposal, Reuse};
use crate::report::IndexingError;

/// Rows to upsert or to change, and keys to remove. Each key stands in one of these, once.
#[derive(Debug, Default)]
pub(crate) struct BatchChange {
    upserts: Vec<Row>,
    /// Rows that take the place of those of the same version and product; of no others, because who wrote
    /// those looked at the image itself.
    attributes_updated: Vec<Row>,
    removals: Vec<String>,
    /// What was proposed last: unchanged after a lost race, it need not be written again.
    last: Option<(SegmentContent, NewSegment)>,
}

impl BatchChange {
    pub(crate) fn new(upserts: Vec<Row>, removals: Vec<String>) -> Self {
        Self {
            upserts,
            removals,
            ..Self::default()
        }
    }

    /// A change of nothing but the attributes of rows.
    pub(crate) fn updating_attributes(attributes_updated: Vec<Row>) -> Self {
        Self {
            attributes_updated,
            ..Self::default()
        }
    }

    /// True if any row is to be written.
    pub(crate) fn has_upserts(&self) -> bool {
        !self.upserts.is_empty()
    }

    /// The manifest that follows `current`, or `None` when the index says all of this already.
    pub(crate) fn propose(
        &mut self,
        current: &Current,
        encoder: &EncoderIdentity,
        reuse: Reuse,
    ) -> Result<Option<Proposal>, IndexingError> {
        let content = self.content(current);
        if content.is_empty() {
            return Ok(None);
        }
        let segment = match self.last.take() {
            Some((same, segment)) if same == content && reuse == Reuse::Allowed => segment,
            _ => delta(&content, encoder)?,
        };
        let changed = changed(current, &content);
        let mut manifest = current.manifest.clone();
        manifest.segments.push(segment.entry.clone());
        self.last = Some((content, segment.clone()));
        Ok(Some(Proposal {
            segments: vec![segment],
            manifest,
            changed,
        }))
    }

    /// The part of the change that the index does not say yet.
    fn content(&self, current: &Current) -> SegmentContent {
        let view = &current.view;
        let attributes_updated = self
            .attributes_updated
            .iter()
            .filter(|row| is_live(current, row));
        let rows: Vec<Row> = self
            .upserts
            .iter()
            .chain(attributes_updated)
            .filter(|row| !matches_already(current, row))
            .cloned()
            .collect();
        let tombstones: Vec<String> = self
            .removals
            .iter()
            .filter(|key| view.locate(key).is_some())
            .cloned()
            .collect();
        let keys = rows.iter().map(|row| row.key.as_str());
        let deleted = view.deleted_by(keys.chain(tombstones.iter().map(String::as_str)));
        SegmentContent {
            rows,
            tombstones,
            deleted,
        }
    }
}

/// Counts what the content changes in the index.
fn changed(current: &Current, content: &SegmentContent) -> Changed {
    let mut changed = Changed {
        removed: content.tombstones.len() as u64,
        ..Changed::default()
    };
    for row in &content.rows {
        let count = match current.view.locate(&row.key) {
            None => &mut changed.added,
            Some(_) if is_live(current, row) => &mut changed.updated,
            Some(_) => &mut changed.replaced,
        };
        *count += 1;
    }
    changed
}

/// True if the live row of this key has the same version, product and attributes.
fn matches_already(current: &Current, row: &Row) -> bool {
    current.view.locate(&row.key).is_some_and(|at| {
        current.view.meta(at).etag(at.row) == row.etag
            && current.matches(at, &row.product_id, &row.attributes)
    })
}

/// True if the live row of this key has the same version and product.
fn is_live(current: &Current, row: &Row) -> bool {
    current.view.locate(&row.key).is_some_and(|at| {
        let meta = current.view.meta(at);
        meta.etag(at.row) == row.etag && meta.product_id(at.row) == row.product_id
    })
}

/// Encodes content as a new delta.
pub(crate) fn delta(
    content: &SegmentContent,
    encoder: &EncoderIdentity,
) -> Result<NewSegment, IndexingError> {
    let id = new_segment_id();
    let encoded = content.encode_delta(id, encoder.fingerprint, encoder.dimensions)?;
    Ok(NewSegment::new(id, encoded, encoder)?)
}
