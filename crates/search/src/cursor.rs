//! Where a page ended: what a caller hands back to get the next one.
//!
//! A cursor names the generation that it is about and the images that were returned so far. The next
//! page is the best of what is left, so nothing comes twice and nothing is lost, even where a graph,
//! searched for more, finds what it had missed.
//!
//! Nothing is kept between two pages. A cursor carries two digests: one of its own bytes, so that a
//! damaged one is told from an old one, and one over these bytes, the query, the options that change the ranking, and
//! the names of the segments, which no caller knows: so none can be made up, or used for another query.
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
/// Characters of the longest cursor by far: a thousand rows of five bytes each, in base64.
const LONGEST: usize = 8192;

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
    /// Of each segment that has any: its place, and the rows, ascending, each less the one before.
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
        // What changes the ranking, and not what is shown of it: pages may differ in length.
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
    /// The cursor for the page after one that ended with these.
    pub(crate) fn encode(generation: u64, returned: Vec<RowAddress>, binding: &Binding) -> String {
        let content = content(generation, returned);
        let mut bytes = vec![VERSION];
        let bound = [&binding.of(&content)[..], &content].concat();
        bytes.extend(&Sha256::digest(&bound)[..CHECK]);
        bytes.extend(bound);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor. Whether it belongs to the query is still to be asked.
    pub(crate) fn decode(text: &str) -> Result<Self, SearchError> {
        let damaged =
            || SearchError::InvalidCursor("it is not one that was given out, or was changed");
        if text.len() > LONGEST {
            return Err(damaged());
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
        let Some((&version, rest)) = bytes.split_first() else {
            return Err(damaged());
        };
        if version != VERSION {
            return Err(SearchError::InvalidCursor("another release made it"));
        }
        let (check, bound) = rest.split_first_chunk::<CHECK>().ok_or_else(damaged)?;
        if Sha256::digest(bound)[..CHECK] != *check {
            return Err(damaged());
        }
        let (binding, content) = bound.split_first_chunk::<BINDING>().ok_or_else(damaged)?;
        let content: Content = postcard::from_bytes(content).map_err(|_| damaged())?;
        let mut returned = Vec::new();
        for (segment, steps) in content.returned {
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
        Ok(Self {
            generation: content.generation,
            returned,
            binding: *binding,
        })
    }

    /// Refuses a cursor of another query, or one that was made up.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lookalike_index::{Fingerprint, Match};
    use proptest::prelude::*;

    use super::*;
    use crate::query::QueryItem;

    fn binding(product: &str, options: &SearchOptions) -> Binding {
        let query = Query::new(vec![QueryItem::product(product)]).unwrap();
        let manifest = Manifest::empty("test", Fingerprint([1; 32]), 4);
        Binding::new(&query, options, &manifest)
    }

    fn usual() -> Binding {
        binding("a", &SearchOptions::default())
    }

    fn locations(rows: &[(usize, u32)]) -> Vec<RowAddress> {
        let location = |&(segment, row)| RowAddress { segment, row };
        rows.iter().map(location).collect()
    }

    fn bound_to(text: &str, other: &Binding) -> bool {
        let cursor = Cursor::decode(text).unwrap();
        let content = content(cursor.generation, cursor.returned);
        other.of(&content) == cursor.binding
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was(
            generation in any::<u64>(),
            rows in prop::collection::btree_set((0_usize..40, any::<u32>()), 1..1000),
        ) {
            let mut returned: Vec<RowAddress> = locations(&rows.into_iter().collect::<Vec<_>>());
            returned.reverse();
            let text = Cursor::encode(generation, returned.clone(), &usual());
            let read = Cursor::decode(&text).unwrap();
            returned.reverse();
            prop_assert_eq!((read.generation, read.returned), (generation, returned));
            prop_assert!(bound_to(&text, &usual()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Cursor::decode(&text);
            let _ = Cursor::decode(&BASE64_URL_SAFE_NO_PAD.encode(bytes));
        }
    }

    #[test]
    fn any_change_is_noticed() {
        let text = Cursor::encode(7, locations(&[(0, 5), (0, 9), (2, 1)]), &usual());
        for at in 0..text.len() {
            for other in ['A', 'z', '_'] {
                let mut changed = text.clone().into_bytes();
                if changed[at] == other as u8 {
                    continue;
                }
                changed[at] = other as u8;
                let changed = String::from_utf8(changed).unwrap();
                let read = Cursor::decode(&changed);
                assert!(
                    matches!(read, Err(SearchError::InvalidCursor(_))),
                    "{at} {other}: {read:?}"
                );
            }
        }
        for changed in [
            "",
            "A",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            assert!(Cursor::decode(changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn it_belongs_to_the_query_and_to_what_orders_the_results() {
        let text = Cursor::encode(7, locations(&[(0, 5)]), &usual());
        let with = |change: fn(&mut SearchOptions)| {
            let mut options = SearchOptions::default();
            change(&mut options);
            bound_to(&text, &binding("a", &options))
        };
        assert!(with(|_| ()));
        assert!(with(|options| options.k = 500));
        assert!(with(|options| options.fields = Some(Vec::new())));
        assert!(!with(|options| options.min_score = 0.1));
        assert!(!with(|options| options.min_match = Some(Match::Similar)));
        assert!(!with(|options| options.collapse = true));
        assert!(!with(|options| options.diversity = 0.5));
        assert!(!with(|options| options.filter = Some("category".into())));
        assert!(!bound_to(&text, &binding("b", &SearchOptions::default())));
    }

    #[test]
    fn a_thousand_results_fit_into_a_link() {
        let rows: Vec<(usize, u32)> = (0..1000).map(|n| (0, n * 100)).collect();
        let text = Cursor::encode(1 << 40, locations(&rows), &usual());
        assert!(text.len() < 2000, "{}", text.len());
        let spread: Vec<(usize, u32)> = (0..1000)
            .map(|n| (n as usize % 64, n * 4_000_000))
            .collect();
        let text = Cursor::encode(u64::MAX, locations(&spread), &usual());
        assert!(text.len() < LONGEST, "{}", text.len());
        assert!(Cursor::decode(&text).is_ok());
    }
}
