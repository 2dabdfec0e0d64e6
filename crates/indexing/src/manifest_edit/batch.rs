//! The rows that a batch of events writes and removes.

use lookalike_index::{Changed, Row, Segment, SegmentContent};

use super::applied::Successor;
use super::deltas::Deltas;
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;

/// Rows to upsert or to change, and keys to remove. Each key is in one of these, once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    pub(crate) upserts: Vec<Row>,
    /// Rows that replace those of the same version and product; no others, because the writers of those looked at the
    /// image itself.
    pub(crate) attribute_updates: Vec<Row>,
    pub(crate) removals: Vec<String>,
}

impl Batch {
    /// Returns all keys of the batch.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        let rows = self.upserts.iter().chain(&self.attribute_updates);
        rows.map(|row| &row.key).chain(&self.removals)
    }

    /// Returns the index with a delta for the part of the batch that it does not have yet; `None` if it has all of it,
    /// which is also how a write is recognized that arrived although its answer was lost.
    pub(super) fn apply(
        &self,
        current: &Current,
        encoder: &EncoderIdentity,
        deltas: &mut Deltas,
    ) -> Result<Option<Successor>, IndexingError> {
        let content = self.content(current);
        if content.is_empty() {
            return Ok(None);
        }
        let changed = changed(current, &content);
        let segment = deltas.delta(content, encoder)?;
        let mut manifest = current.manifest.clone();
        manifest.segments.push(segment.entry.clone());
        if let Some(base) = manifest.vector_base.as_mut().filter(|base| base.is_serving) {
            base.images = (base.images + changed.added).saturating_sub(changed.removed);
        }
        Ok(Some(Successor {
            segments: vec![segment],
            manifest,
            changed,
        }))
    }

    /// Returns the part of the batch that the index does not have yet.
    fn content(&self, current: &Current) -> SegmentContent {
        let view = &current.view;
        let attribute_updates = self.attribute_updates.iter();
        let attribute_updates = attribute_updates.filter(|row| is_live(current, row));
        let rows: Vec<Row> = self
            .upserts
            .iter()
            .chain(attribute_updates)
            .filter(|row| !has_already(current, row))
            .cloned()
            .collect();
        // A process that fills the vector base may have read an image before it was removed, and write its row later.
        let base = current.manifest.serving_base();
        let is_open = base.is_some_and(|base| base.replaced.is_none());
        let may_come = |key: &str| is_open && !view.tombstones().contains(key);
        let removals = self.removals.iter();
        let tombstones: Vec<String> = removals
            .filter(|key| view.locate(key).is_some() || may_come(key))
            .cloned()
            .collect();
        let keys = rows.iter().map(|row| row.key.as_str());
        let mut deleted = view.deleted_by(keys.chain(tombstones.iter().map(String::as_str)));
        // A row of a vector base is superseded by its key.
        deleted.remove(&Segment::found_id());
        SegmentContent {
            rows,
            tombstones,
            deleted,
        }
    }
}

/// Counts what the content changes in the index.
fn changed(current: &Current, content: &SegmentContent) -> Changed {
    let removed = content.tombstones.iter();
    let removed = removed.filter(|key| current.view.locate(key).is_some());
    let mut changed = Changed {
        removed: removed.count() as u64,
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
fn has_already(current: &Current, row: &Row) -> bool {
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
