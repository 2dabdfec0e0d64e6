//! The images that pages so far returned, as a cursor carries them.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_index::{RowAddress, Snapshot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::MAX_K;
use crate::options::GroupBy;

const ROWS: u8 = 1;
const NAMES: u8 = 2;

/// The first bytes of the digest of a result's name: a product id, or the key of an image. That two of the some thousand
/// which a search looks at have the same is less likely than one in a hundred thousand, and would leave one result out.
type NameDigest = [u8; 5];

/// The images that were returned on a page and those before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Returned {
    /// Rows of a generation's segments, in no order.
    Rows(Vec<RowAddress>),
    /// Results from an index with a vector base, whose rows have no address that another search knows.
    Names(BTreeSet<NameDigest>),
}

/// The encoded form of rows.
#[derive(Serialize, Deserialize)]
struct RowsContent {
    generation: u64,
    /// For each segment with returned rows: its position, and the rows in ascending order, each minus the one before.
    returned: Vec<(u32, Vec<u32>)>,
}

/// The encoded form of names, ascending.
#[derive(Serialize, Deserialize)]
struct NamesContent {
    generation: u64,
    returned: Vec<NameDigest>,
}

impl Returned {
    /// Returns the rows that a page returned as a cursor carries them, with those that `before` carried.
    pub(crate) fn new(
        rows: Vec<RowAddress>,
        before: Option<&Self>,
        snapshot: &Snapshot,
        group_by: GroupBy,
    ) -> Self {
        match before {
            Some(Self::Names(before)) => {
                let mut names = before.clone();
                names.extend(rows.iter().map(|at| digest(snapshot, *at, group_by)));
                Self::Names(names)
            }
            Some(Self::Rows(_)) | None => Self::Rows(rows),
        }
    }

    /// Returns no result of an index with a vector base.
    pub(crate) fn no_names() -> Self {
        Self::Names(BTreeSet::new())
    }

    /// Returns the rows that a snapshot has of these results: of each the one with the highest score. A row without a score
    /// cannot be a result.
    pub(crate) fn rows_in(
        &self,
        snapshot: &Snapshot,
        group_by: GroupBy,
        score: impl Fn(RowAddress) -> Option<f32>,
    ) -> Vec<RowAddress> {
        let names = match self {
            Self::Rows(rows) => return rows.clone(),
            Self::Names(names) => names,
        };
        let mut best: BTreeMap<NameDigest, (f32, RowAddress)> = BTreeMap::new();
        for at in snapshot.live_rows().addresses() {
            let name = digest(snapshot, at, group_by);
            let Some(score) = names.get(&name).and_then(|_| score(at)) else {
                continue;
            };
            let known = best.entry(name).or_insert((score, at));
            if score > known.0 {
                *known = (score, at);
            }
        }
        best.into_values().map(|(_, at)| at).collect()
    }

    pub(super) fn version(&self) -> u8 {
        match self {
            Self::Rows(_) => ROWS,
            Self::Names(_) => NAMES,
        }
    }

    pub(super) fn encode(&self, generation: u64) -> Vec<u8> {
        let encoded = match self {
            Self::Rows(rows) => postcard::to_stdvec(&RowsContent {
                generation,
                returned: by_segment(rows.clone()),
            }),
            Self::Names(names) => postcard::to_stdvec(&NamesContent {
                generation,
                returned: names.iter().copied().collect(),
            }),
        };
        encoded.expect("numbers are plain data")
    }

    /// Decodes generation and images; `None` if [`encode`](Self::encode) never returned these bytes.
    pub(super) fn decode(version: u8, encoded: &[u8]) -> Option<(u64, Self)> {
        let (generation, returned, count) = match version {
            ROWS => {
                let read: RowsContent = postcard::from_bytes(encoded).ok()?;
                let rows = rows_of(read.returned)?;
                let count = rows.len();
                (read.generation, Self::Rows(rows), count)
            }
            NAMES => {
                let read: NamesContent = postcard::from_bytes(encoded).ok()?;
                let count = read.returned.len();
                let names = read.returned.into_iter().collect();
                (read.generation, Self::Names(names), count)
            }
            _ => return None,
        };
        // The encoding also reads longer forms of numbers, bytes behind the last one, and images in another order.
        let is_own = (1..=MAX_K).contains(&count) && returned.encode(generation) == encoded;
        is_own.then_some((generation, returned))
    }
}

fn digest(snapshot: &Snapshot, at: RowAddress, group_by: GroupBy) -> NameDigest {
    let meta = snapshot.live_rows().meta(at);
    let digest = Sha256::digest(match group_by {
        GroupBy::Product => meta.product_id(at.row),
        GroupBy::Image => meta.key(at.row),
    });
    NameDigest::try_from(&digest[..size_of::<NameDigest>()]).expect("a digest is longer")
}

fn by_segment(mut rows: Vec<RowAddress>) -> Vec<(u32, Vec<u32>)> {
    rows.sort_unstable_by_key(|at| (at.segment, at.row));
    let mut by_segment: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut before = 0;
    for RowAddress { segment, row } in rows {
        let segment = segment as u32;
        match by_segment.last_mut() {
            Some((last, steps)) if *last == segment => steps.push(row - before),
            _ => by_segment.push((segment, vec![row])),
        }
        before = row;
    }
    by_segment
}

fn rows_of(by_segment: Vec<(u32, Vec<u32>)>) -> Option<Vec<RowAddress>> {
    let mut rows = Vec::new();
    for (segment, steps) in by_segment {
        let mut row = 0_u32;
        for step in steps {
            row = row.checked_add(step)?;
            let segment = segment as usize;
            rows.push(RowAddress { segment, row });
        }
    }
    Some(rows)
}
