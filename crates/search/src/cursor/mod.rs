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
//! version 1 | digest of all that follows 4 | binding 16 | generation, returned images
//! ```

mod returned;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lookalike_index::{Manifest, RowAddress, Snapshot};
use sha2::{Digest, Sha256};

pub(crate) use self::returned::Returned;
use crate::error::SearchError;
use crate::options::SearchOptions;
use crate::query::Query;

const CHECK: usize = 4;
const BINDING: usize = 16;
/// Maximum length of a cursor. A thousand rows of five bytes each, in base64, are shorter.
const MAX_TEXT_LENGTH: usize = 8192;

/// The end of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    pub(crate) returned: Returned,
    binding: [u8; BINDING],
}

/// Binds a cursor to a query and to the generation that answers it.
#[derive(Clone)]
pub(crate) struct Binding(Sha256);

impl Binding {
    pub(crate) fn new(query: &Query, options: &SearchOptions, manifest: &Manifest) -> Self {
        let mut hash = Sha256::new_with_prefix(b"lookalike cursor");
        for entry in &manifest.segments {
            hash.update(entry.id.to_bytes());
        }
        if let Some(base) = manifest.serving_base() {
            hash.update(base.name.as_str());
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

    fn of(&self, returned: &Returned, content: &[u8]) -> [u8; BINDING] {
        let mut hash = self.0.clone();
        if let Returned::Names(_) = returned {
            hash.update("names");
        }
        let digest = hash.chain_update(content).finalize();
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&digest[..BINDING]);
        binding
    }
}

impl Cursor {
    /// Returns the cursor of the page after the returned images.
    pub(crate) fn encode(generation: u64, returned: &Returned, binding: &Binding) -> String {
        let content = returned.encode(generation);
        text(returned.version(), binding.of(returned, &content), &content)
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
        let (check, bound) = rest.split_first_chunk::<CHECK>().ok_or_else(damaged)?;
        if Sha256::digest(bound)[..CHECK] != *check {
            return Err(damaged());
        }
        let (binding, encoded) = bound.split_first_chunk::<BINDING>().ok_or_else(damaged)?;
        let (generation, returned) = Returned::decode(version, encoded).ok_or_else(damaged)?;
        Ok(Self {
            generation,
            returned,
            binding: *binding,
        })
    }

    /// Refuses a cursor of another query, and a made-up one.
    pub(crate) fn check(&self, binding: &Binding, snapshot: &Snapshot) -> Result<(), SearchError> {
        let content = self.returned.encode(self.generation);
        let segments = snapshot.segments();
        let is_there = |at: &RowAddress| {
            let segment = segments.get(at.segment);
            segment.is_some_and(|segment| at.row < segment.meta().rows())
        };
        let are_there = match &self.returned {
            Returned::Rows(rows) => rows.iter().all(is_there),
            Returned::Names(_) => true,
        };
        if binding.of(&self.returned, &content) != self.binding || !are_there {
            return Err(SearchError::InvalidCursor(
                "it belongs to another query, or was changed: send the query with which it was given out",
            ));
        }
        Ok(())
    }
}

fn text(version: u8, binding: [u8; BINDING], content: &[u8]) -> String {
    let bound = [&binding[..], content].concat();
    let mut bytes = vec![version];
    bytes.extend(&Sha256::digest(&bound)[..CHECK]);
    bytes.extend(bound);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
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
    let content = returned.encode(generation);
    Some(text(returned.version(), binding, &content))
}

#[cfg(test)]
mod tests;
