//! The end of a page: a caller sends it back to get the next page.
//!
//! A cursor names its generation and the images that were returned so far. The next page is the best of the remaining
//! images, so no result comes twice and none is lost, even if a graph, searched for more results, finds an image that it
//! missed before.
//!
//! The service keeps nothing between two pages. A cursor carries two digests: one of its own bytes, which tells a damaged
//! cursor from an old one, and one of these bytes, the query, the options that change the ranking, and the names of the
//! segments. No caller knows these names, so no cursor can be made up, or used for another query.
//!
//! ```text
//! version 1 | digest of all that follows 4 | binding 16 | generation, returned rows by segment
//! ```

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lookalike_index::{Manifest, RowAddress, Snapshot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::SearchError;
use crate::limits::MAX_K;
use crate::options::SearchOptions;
use crate::query::Query;

const VERSION: u8 = 1;
const CHECK: usize = 4;
const BINDING: usize = 16;
/// Maximum length of a cursor. A thousand rows of five bytes each, in base64, are shorter.
const MAX_TEXT_LENGTH: usize = 8192;

/// The end of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    /// The images that were returned on this page and those before, in no order.
    pub(crate) returned: Vec<RowAddress>,
    binding: [u8; BINDING],
}

/// The encoded form.
#[derive(Serialize, Deserialize)]
struct Content {
    generation: u64,
    /// For each segment with returned rows: its position, and the rows in ascending order, each minus the one before.
    returned: Vec<(u32, Vec<u32>)>,
}

/// Binds a cursor to a query and to the generation that answers it.
pub(crate) struct Binding(Sha256);

impl Binding {
    pub(crate) fn new(query: &Query, options: &SearchOptions, manifest: &Manifest) -> Self {
        let mut hash = Sha256::new_with_prefix(b"lookalike cursor");
        for entry in &manifest.segments {
            hash.update(entry.id.to_bytes());
        }
        query.hash(&mut hash);
        // Only options that change the ranking: pages may differ in length and in what they show.
        let ranking = (
            options.min_score.to_bits(),
            options.min_match,
            &options.filter,
            options.group_by,
            options.diversity.to_bits(),
            options.collapse,
        );
        hash.update(format!("{ranking:?}"));
        Self(hash)
    }

    fn of(&self, content: &[u8]) -> [u8; BINDING] {
        let digest = self.0.clone().chain_update(content).finalize();
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&digest[..BINDING]);
        binding
    }
}

impl Cursor {
    /// Returns the cursor of the page after the returned images.
    pub(crate) fn encode(generation: u64, returned: Vec<RowAddress>, binding: &Binding) -> String {
        let content = content(generation, returned);
        text(binding.of(&content), &content)
    }

    /// Reads a cursor; [`check`](Self::check) compares it with the query.
    ///
    /// # Errors
    /// [`SearchError::InvalidCursor`] if it is damaged or of another release.
    pub(crate) fn decode(text: &str) -> Result<Self, SearchError> {
        let damaged =
            || SearchError::InvalidCursor("this release did not give it out, or it was changed");
        if text.len() > MAX_TEXT_LENGTH {
            return Err(damaged());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
        let Some((&version, rest)) = bytes.split_first() else {
            return Err(damaged());
        };
        if version != VERSION {
            return Err(damaged());
        }
        let (check, bound) = rest.split_first_chunk::<CHECK>().ok_or_else(damaged)?;
        if Sha256::digest(bound)[..CHECK] != *check {
            return Err(damaged());
        }
        let (binding, encoded) = bound.split_first_chunk::<BINDING>().ok_or_else(damaged)?;
        let read: Content = postcard::from_bytes(encoded).map_err(|_| damaged())?;
        let mut returned = Vec::new();
        for (segment, steps) in read.returned {
            let mut row = 0_u32;
            for step in steps {
                row = row.checked_add(step).ok_or_else(damaged)?;
                returned.push(RowAddress {
                    segment: segment as usize,
                    row,
                });
            }
        }
        if returned.is_empty() || returned.len() > MAX_K {
            return Err(damaged());
        }
        // The encoding also reads longer forms of numbers, and bytes behind the last one.
        if content(read.generation, returned.clone()) != encoded {
            return Err(damaged());
        }
        Ok(Self {
            generation: read.generation,
            returned,
            binding: *binding,
        })
    }

    /// Refuses a cursor of another query, and a made-up one.
    pub(crate) fn check(&self, binding: &Binding, snapshot: &Snapshot) -> Result<(), SearchError> {
        let content = content(self.generation, self.returned.clone());
        let segments = snapshot.segments();
        let is_there = |at: &RowAddress| {
            let segment = segments.get(at.segment);
            segment.is_some_and(|segment| at.row < segment.meta().rows())
        };
        if binding.of(&content) != self.binding || !self.returned.iter().all(is_there) {
            return Err(SearchError::InvalidCursor(
                "it belongs to another query, or was changed: send the query with which it was given out",
            ));
        }
        Ok(())
    }
}

fn text(binding: [u8; BINDING], content: &[u8]) -> String {
    let bound = [&binding[..], content].concat();
    let mut bytes = vec![VERSION];
    bytes.extend(&Sha256::digest(&bound)[..CHECK]);
    bytes.extend(bound);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn content(generation: u64, mut returned: Vec<RowAddress>) -> Vec<u8> {
    returned.sort_unstable_by_key(|at| (at.segment, at.row));
    let mut content = Content {
        generation,
        returned: Vec::new(),
    };
    let mut before = 0;
    for RowAddress { segment, row } in returned {
        let segment = segment as u32;
        match content.returned.last_mut() {
            Some((last, steps)) if *last == segment => steps.push(row - before),
            _ => content.returned.push((segment, vec![row])),
        }
        before = row;
    }
    postcard::to_stdvec(&content).expect("numbers are plain data")
}

/// Reads a cursor and writes it again; `None` if it is refused. Only for fuzzing: no caller of the service can tell a
/// cursor that is read from one that is only refused later.
#[cfg(fuzzing)]
pub fn rewritten_cursor(cursor: &str) -> Option<String> {
    let Cursor {
        generation,
        returned,
        binding,
    } = Cursor::decode(cursor).ok()?;
    Some(text(binding, &content(generation, returned)))
}

#[cfg(test)]
mod tests;
