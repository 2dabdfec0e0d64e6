//! Selecting rows of a snapshot.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::recent::RecentSelections;
use super::rows::{SelectedRows, Selection};
use crate::columns::Schema;
use crate::filter::{Filter, FilterError};
use crate::snapshot::Snapshot;

/// Maximum number of rows whose entries are looked up in a fraction of a millisecond.
const BRIEF_ROWS: u64 = 1 << 18;

impl Snapshot {
    /// Selects the images that match a filter.
    ///
    /// The first use of a segment's attributes parses them, which takes tens of milliseconds for
    /// 100,000 rows with different ones. The last selections are kept for further requests.
    /// `declared` are attributes that a filter may name although no image has them: nothing matches
    /// them.
    ///
    /// # Errors
    /// [`FilterError::UnknownAttribute`], [`FilterError::Type`] or [`FilterError::NumberRange`].
    pub fn select(
        &self,
        filter: &Filter,
        declared: &[String],
    ) -> Result<Arc<Selection>, FilterError> {
        self.schema().check(filter, declared)?;
        if let Some(known) = self.recent().get(filter) {
            return Ok(known);
        }
        let segments: Vec<SelectedRows> = self
            .live_rows()
            .segments()
            .iter()
            .enumerate()
            .map(|(segment_index, meta)| {
                SelectedRows::new(meta, self.live_rows().deleted(segment_index), filter.expr())
            })
            .collect();
        let images = segments
            .iter()
            .map(|selected| u64::from(selected.rows.count()));
        let selection = Arc::new(Selection {
            images: images.sum(),
            segments,
        });
        self.recent().put(filter, &selection);
        Ok(selection)
    }

    /// Selects images if that takes a fraction of a millisecond: `None` if it may take longer. A
    /// caller that also serves other requests then runs the selection elsewhere.
    ///
    /// # Errors
    /// The errors of [`select`](Self::select).
    pub fn select_briefly(
        &self,
        filter: &Filter,
        declared: &[String],
    ) -> Result<Option<Arc<Selection>>, FilterError> {
        let is_brief =
            self.knows_schema() && (self.rows() <= BRIEF_ROWS || self.recent().has(filter));
        is_brief.then(|| self.select(filter, declared)).transpose()
    }

    /// Checks that images have an attribute, or that it is declared.
    ///
    /// # Errors
    /// [`FilterError::UnknownAttribute`].
    pub fn check_attribute(&self, name: &str, declared: &[String]) -> Result<(), FilterError> {
        self.schema().check_attribute(name, declared)
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.lazy()
            .schema
            .get_or_init(|| Schema::new(self.live_rows()))
    }

    fn knows_schema(&self) -> bool {
        self.lazy().schema.get().is_some()
    }

    fn recent(&self) -> MutexGuard<'_, RecentSelections> {
        let recent = self.lazy().recent_selections.lock();
        // A thread that panicked left the list as it was before or after its change.
        recent.unwrap_or_else(PoisonError::into_inner)
    }
}
