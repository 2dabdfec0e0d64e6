//! One page of results: the next ones after those that were returned, in the order of the options.

use std::collections::HashSet;

use lookalike_index::{IndexError, RowAddress, Snapshot};

use crate::answer::FoundProduct;
use crate::diversity::diverse;
use crate::limits::MAX_K;
use crate::options::{GroupBy, Images, SearchOptions};
use crate::scope::{Attempt, Scope};
use crate::vector_math::{dot, unit};
use crate::vectors::QueryVector;

/// Cosine similarity from which two images are nearly the same.
///
/// Measured with the built-in encoder: of 341 photos that were saved again, with JPEG quality 50 or 75, three
/// quarters of the size or a tenth more light, at least 95 of 100 are so similar to the original; of half the size
/// about two thirds. The most similar other photo of 3,068 is at 0.94 at most, except for one duplicate.
const NEARLY_THE_SAME: f32 = 0.97;

/// Number of candidates for each diverse result; the next two bound the number of all candidates.
const CANDIDATES_PER_RESULT: usize = 5;
const MIN_CANDIDATES: usize = 50;
const MAX_CANDIDATES: usize = 1000;

/// One page of results.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) results: Vec<FoundProduct>,
    /// Images that were returned on this page and those before; empty when there is no page after it.
    pub(crate) returned: Vec<RowAddress>,
    /// True if every image that may be found was compared.
    pub(crate) exact: bool,
    /// The candidates among which the results were chosen.
    pub(crate) pool: Pool,
}

/// The candidates of a page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pool {
    /// Number of candidates.
    pub(crate) found: usize,
    /// Number of candidates that were looked for.
    pub(crate) wanted: usize,
    /// Lowest score of a candidate; `None` without any.
    pub(crate) lowest: Option<f32>,
}

impl Page {
    /// Makes the page of an index without images.
    pub(crate) fn empty() -> Self {
        Self {
            results: Vec::new(),
            returned: Vec::new(),
            exact: true,
            pool: Pool::default(),
        }
    }
}

/// The inputs of a page.
pub(crate) struct Source<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) wanted: &'a [QueryVector],
    pub(crate) scope: &'a Scope,
    pub(crate) options: &'a SearchOptions,
    /// Images that were returned on the pages before.
    pub(crate) returned: &'a [RowAddress],
}

impl Source<'_> {
    /// Returns the page; `None` if a quick attempt is not enough.
    pub(crate) fn page(&self, attempt: Attempt) -> Result<Option<Page>, IndexError> {
        let returned = self.returned;
        // All pages together have at most `MAX_K` results.
        let k = self.options.k.min(MAX_K - returned.len().min(MAX_K));
        let chooses = self.options.diversity > 0.0;
        let candidates = match chooses {
            true => (k * CANDIDATES_PER_RESULT).clamp(MIN_CANDIDATES, MAX_CANDIDATES.max(k)),
            false => k,
        };
        let Some((mut next, exact)) = self.candidates(returned, candidates + 1, attempt)? else {
            return Ok(None);
        };
        let more = next.len() > k;
        next.truncate(candidates);
        let pool = Pool {
            found: next.len(),
            wanted: candidates,
            lowest: next.iter().map(|found| found.score).reduce(f32::min),
        };
        if chooses {
            let candidates = next.into_iter();
            let candidates = candidates.map(|found| (self.direction(found.address), found));
            let returned = returned.iter().map(|&at| self.direction(at));
            next = diverse(candidates, returned, self.options.diversity, k);
        }
        next.truncate(k);
        if self.options.images == Images::All && self.options.group_by == GroupBy::Product {
            self.scope
                .add_images(self.snapshot, self.wanted, &mut next)?;
        }
        let ends_here = !more || returned.len() + next.len() >= MAX_K;
        let returned = match ends_here {
            true => Vec::new(),
            false => {
                let now = next.iter().map(|found| found.address);
                returned.iter().copied().chain(now).collect()
            }
        };
        Ok(Some(Page {
            results: next,
            returned,
            exact,
            pool,
        }))
    }

    /// Returns the `wanted` most similar results that were not returned yet, and true if every candidate was compared.
    fn candidates(
        &self,
        returned: &[RowAddress],
        wanted: usize,
        attempt: Attempt,
    ) -> Result<Option<(Vec<FoundProduct>, bool)>, IndexError> {
        let names = self.names(returned);
        let mut depth = returned.len() + wanted;
        if self.options.collapse {
            depth = depth.max(MIN_CANDIDATES);
        }
        loop {
            let found = self
                .scope
                .find(self.snapshot, self.wanted, depth, attempt)?;
            let Some((mut next, exact)) = found else {
                return Ok(None);
            };
            let all = next.len() < depth;
            next.retain(|found| !names.contains(self.name(found.address)));
            if self.options.collapse {
                next = self.collapsed(next, returned);
            }
            if all || next.len() >= wanted {
                next.truncate(wanted);
                return Ok(Some((next, exact)));
            }
            depth *= 2;
        }
    }

    /// Returns the names of results that must not come again: products, or images if these are the results.
    fn names(&self, returned: &[RowAddress]) -> HashSet<&str> {
        returned.iter().map(|&at| self.name(at)).collect()
    }

    fn name(&self, at: RowAddress) -> &str {
        let meta = self.snapshot.live_rows().meta(at);
        match self.options.group_by {
            GroupBy::Product => meta.product_id(at.row),
            GroupBy::Image => meta.key(at.row),
        }
    }

    /// Returns the embedding of a row, scaled to unit length again, since its bytes are rounded.
    fn direction(&self, at: RowAddress) -> Vec<f32> {
        let embedding = self.snapshot.embedding(at);
        unit(embedding).unwrap_or_default()
    }

    /// Drops images that are nearly the same as a better one of another product. The better one counts them, unless an
    /// earlier page returned it.
    fn collapsed(
        &self,
        candidates: Vec<FoundProduct>,
        returned: &[RowAddress],
    ) -> Vec<FoundProduct> {
        struct Kept {
            embedding: Vec<f32>,
            product_id: String,
            /// Position among the results of this page.
            position: Option<usize>,
        }
        let view = self.snapshot.live_rows();
        let before = returned.iter().map(|&at| Kept {
            embedding: self.direction(at),
            product_id: view.meta(at).product_id(at.row).to_owned(),
            position: None,
        });
        let mut kept: Vec<Kept> = before.collect();
        let mut results: Vec<FoundProduct> = Vec::new();
        for candidate in candidates {
            let embedding = self.direction(candidate.address);
            let same = kept.iter().find(|kept| {
                kept.product_id != candidate.product_id
                    && dot(&kept.embedding, &embedding) >= NEARLY_THE_SAME
            });
            match same {
                Some(kept) => {
                    if let Some(position) = kept.position {
                        *results[position].collapsed.get_or_insert(0) += 1;
                    }
                }
                None => {
                    kept.push(Kept {
                        embedding,
                        product_id: candidate.product_id.clone(),
                        position: Some(results.len()),
                    });
                    results.push(FoundProduct {
                        collapsed: Some(0),
                        ..candidate
                    });
                }
            }
        }
        results
    }
}
