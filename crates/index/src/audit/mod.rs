//! Auditing a whole catalog: images that occur more than once, and images whose neighbors indicate
//! that they are filed under the wrong category.
//!
//! Every distinct vector is searched for once among all others, on every core. The walk starts at
//! the row that has it. The result depends on the snapshot alone: neither on threads nor on the
//! order of rows.

mod average_precision;
mod groups;
mod neighbors;
mod report;
mod rows;
mod separation;
mod union_find;
mod votes;

use rayon::prelude::*;

use crate::error::IndexError;
use crate::search::{GroupBy, SearchRequest};
use crate::snapshot::Snapshot;
use neighbors::{MAX_VOTES, Neighbors};
pub use report::{AuditSettings, ImageAudit, ImageGroup, Misplaced};
use rows::AuditedRows;
pub use separation::{CategorySeparation, SeparationLimits, SeparationQuery};

/// Maximum number of images of its own product, and copies, for which an image gets additional neighbors, so that
/// they do not take the places of others.
const MAX_ALIKE: usize = 64;

impl Snapshot {
    /// Audits all images; `None` if `stop` returned true before the end. It is called before every search.
    ///
    /// # Errors
    /// [`IndexError`] if the snapshot is damaged.
    pub fn audit(
        &self,
        settings: AuditSettings,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<ImageAudit>, IndexError> {
        let rows = AuditedRows::of(self);
        let searched = rows.distinct().par_iter().map(|&row| {
            if stop() {
                return Ok(None);
            }
            neighbors(self, &rows, row).map(Some)
        });
        let searched: Option<Vec<Neighbors>> =
            searched.collect::<Result<Option<_>, IndexError>>()?;
        Ok(searched.map(|neighbors| {
            let groups = groups::of(&rows, &neighbors, settings.same);
            ImageAudit {
                duplicates: groups.duplicates,
                near_duplicates: groups.near_duplicates,
                misplaced: votes::misplaced(&rows, &neighbors, settings.similar),
            }
        }))
    }
}

/// Searches for the rows that are nearest to a row, excluding the row itself.
fn neighbors(
    snapshot: &Snapshot,
    rows: &AuditedRows<'_>,
    row: u32,
) -> Result<Neighbors, IndexError> {
    let address = rows.address(row);
    let vector = snapshot.embedding(address);
    let found = snapshot.search(SearchRequest {
        group_by: GroupBy::Image,
        stored: Some(address),
        ..SearchRequest::new(&vector, 1 + MAX_VOTES + rows.alike(row).min(MAX_ALIKE))
    })?;
    let others = found.hits.into_iter().filter(|hit| hit.address != address);
    Ok(others
        .map(|hit| (rows.number(hit.address), hit.score))
        .collect())
}
