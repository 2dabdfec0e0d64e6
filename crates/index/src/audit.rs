//! Looking over a whole catalog: pictures that are there more than once, and pictures whose neighbours say
//! that they are filed under the wrong category.
//!
//! Every distinct vector is looked for once among all others, on every core, from the row on that has it. What
//! comes of it depends on nothing but the snapshot: not on threads, nor on the order of rows.

mod forest;
mod groups;
mod rows;
mod votes;

use rayon::prelude::*;

use crate::error::IndexError;
use crate::search::{GroupBy, SearchRequest};
use crate::snapshot::Snapshot;
use crate::view::Location;
use rows::Rows;

/// Neighbours of other products that are asked for a picture's category.
pub(crate) const NEIGHBOURS: usize = 10;
/// Pictures of its own product, and copies, that a picture may have among its nearest without these taking the
/// places of others.
const MOST_ALIKE: usize = 64;

/// What counts as what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditSettings {
    /// Cosine from which two pictures are nearly the same one.
    pub same: f32,
    /// Cosine from which a neighbour says something of a picture's category; -1 where that is not known.
    pub similar: f32,
}

/// What was found about the pictures of a snapshot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PictureAudit {
    /// Pictures that are identical: the same object version, or the same vector. Those of several products first,
    /// then those of most products and pictures.
    pub duplicates: Vec<PictureGroup>,
    /// Pictures that are nearly the same one, or connected by such; of at least two that are not identical. In the
    /// same order.
    pub near_duplicates: Vec<PictureGroup>,
    /// Pictures whose neighbours are of another category, the surest first.
    pub misplaced: Vec<Misplaced>,
}

/// Pictures that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureGroup {
    /// The pictures, by key.
    pub pictures: Vec<Location>,
    /// Distinct products that they show.
    pub products: usize,
    /// The weakest of the scores that hold the group together, cosine; 1 of identical pictures.
    pub score: f32,
}

/// A picture whose neighbours are of another category.
#[derive(Debug, Clone, PartialEq)]
pub struct Misplaced {
    /// The picture.
    pub at: Location,
    /// Its category.
    pub category: String,
    /// That of most of its neighbours.
    pub suggested: String,
    /// Neighbours of that category.
    pub votes: usize,
    /// Nearest pictures of other products that were asked: ten, fewer in a small catalog.
    pub neighbours: usize,
    /// Mean cosine similarity to those of the suggested category.
    pub score: f32,
}

/// The neighbours of a row, by number, nearest first, and how similar they are.
pub(crate) type Near = Vec<(u32, f32)>;

impl Snapshot {
    /// Looks over all pictures; `None` when `stop` said so before the end. It is asked before every search.
    ///
    /// # Errors
    /// [`IndexError`]; a row can always be looked for in its own snapshot, so this says that it is damaged.
    pub fn audit(
        &self,
        settings: AuditSettings,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<PictureAudit>, IndexError> {
        let rows = Rows::of(self);
        let looked = rows.distinct().par_iter().map(|&row| match stop() {
            true => Ok(None),
            false => near(self, &rows, row).map(Some),
        });
        let looked: Option<Vec<Near>> = looked.collect::<Result<Option<_>, IndexError>>()?;
        Ok(looked.map(|near| {
            let groups = groups::of(&rows, &near, settings.same);
            PictureAudit {
                duplicates: groups.duplicates,
                near_duplicates: groups.near_duplicates,
                misplaced: votes::misplaced(&rows, &near, settings.similar),
            }
        }))
    }
}

/// The rows that are nearest to a row, without itself.
fn near(snapshot: &Snapshot, rows: &Rows<'_>, row: u32) -> Result<Near, IndexError> {
    let at = rows.at(row);
    let vector = snapshot.embedding(at);
    let found = snapshot.search(SearchRequest {
        group_by: GroupBy::Image,
        stored: Some(at),
        ..SearchRequest::new(&vector, 1 + NEIGHBOURS + rows.alike(row).min(MOST_ALIKE))
    })?;
    let others = found.hits.into_iter().filter(|hit| hit.at != at);
    Ok(others.map(|hit| (rows.number(hit.at), hit.score)).collect())
}
