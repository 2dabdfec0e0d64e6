//! Searching a snapshot: candidates by coarse score, ranked by full score, the best picture of each
//! product kept.
//!
//! Segments without a graph, small ones and whatever a graph could not answer are looked at node by
//! node, and that part is exact: more candidates are fetched until what was not fetched cannot, even
//! with the coarse score's error, belong to the answer. A graph answers approximately, but never with
//! too few: it proves nothing about what it did not find, so a search that comes out short is done
//! again by looking at every node.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::error::IndexError;
use crate::graph_search;
use crate::quantise::QueryForms;
use crate::row::Attributes;
use crate::scan;
use crate::scored::Scored;
use crate::segment::Segment;
use crate::snapshot::Snapshot;
use crate::view::Location;

/// Best rows for which it was measured how many candidates a graph must be asked for.
const MEASURED_FOR: usize = 10;
/// Candidates that are asked for where that was not measured.
const LEAST_EF: usize = 96;
/// Candidates that are ranked at once, before it is asked whether others can still be better.
const LEAST_RANKED: usize = 32;
/// Factor by which more candidates are asked for when those at hand were not enough.
const WIDEN: usize = 4;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// The query's embedding, `[dimensions]`, of any length but zero.
    pub vector: &'a [f32],
    /// How many products.
    pub k: usize,
    /// Least cosine similarity, -1 to 1.
    pub min_score: f32,
    /// A product that is not to be found, such as the one that the query shows.
    pub without_product: Option<&'a str>,
}

/// A product found, through its most similar picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The product.
    pub product_id: String,
    /// Key of its most similar picture.
    pub key: String,
    /// Cosine similarity to that picture, -1 to 1.
    pub score: f32,
    /// That picture's attributes.
    pub attributes: Attributes,
}

/// Live nodes to be ranked.
struct Candidates {
    /// Segment and node.
    found: Vec<(usize, Scored)>,
    /// Coarse score that no node surpasses which was looked at and left out.
    left_out: f32,
    /// Whether part of them comes from walking a graph.
    walked: bool,
}

/// The best picture of a product.
struct Best<'a> {
    product_id: &'a str,
    key: &'a str,
    score: f32,
    at: Location,
}

impl Snapshot {
    /// The `k` products whose pictures are most similar to the query, best first, ties by key.
    /// Fewer only when there are no more with at least `min_score`.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`] when the vector is not of this index.
    pub fn search(&self, request: SearchRequest<'_>) -> Result<Vec<Hit>, IndexError> {
        let axes = self.segments().iter().map(|s| s.body().axes());
        let query = QueryForms::new(request.vector, self.dimensions(), axes)?;
        let wanted = request.k.min(self.products() as usize);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let doubt = query.doubt(self.largest_scale());
        let mut ef = self.first_ef(wanted);
        let mut may_walk = true;
        loop {
            let candidates = self.candidates(&query, ef, may_walk);
            let best = self.rank(&query, request, &candidates.found, wanted, doubt);
            let unknown = candidates.left_out + doubt;
            let complete = match best.last() {
                Some(last) if best.len() == wanted => unknown < last.score,
                _ => {
                    may_walk = false;
                    !candidates.walked && unknown < request.min_score
                }
            };
            if complete || candidates.left_out == f32::NEG_INFINITY && !candidates.walked {
                return Ok(best.into_iter().map(|best| self.hit(best)).collect());
            }
            ef = ef.saturating_mul(WIDEN);
        }
    }

    /// Whether a search for `k` products begins by walking a graph, which answers approximately,
    /// or looks at every row of every segment, which is exact.
    pub fn walks_a_graph(&self, k: usize) -> bool {
        let ef = self.first_ef(k.min(self.products() as usize));
        self.segments().iter().any(|segment| is_walked(segment, ef))
    }

    /// Candidates that are asked for first: as many as the graph in use needs, and more the more products
    /// are wanted.
    fn first_ef(&self, wanted: usize) -> usize {
        let walked = self.segments().iter().filter(|s| is_walked(s, 0));
        let least = walked.map(needed).max().unwrap_or(LEAST_EF);
        let more = wanted.saturating_sub(MEASURED_FOR);
        least.saturating_add(more.saturating_mul(2))
    }

    /// The about `ef` best live nodes by coarse score.
    fn candidates(&self, query: &QueryForms, ef: usize, may_walk: bool) -> Candidates {
        let mut candidates = Candidates {
            found: Vec::with_capacity(2 * ef.min(self.images() as usize)),
            left_out: f32::NEG_INFINITY,
            walked: false,
        };
        for (place, segment) in self.segments().iter().enumerate() {
            let (meta, body) = (segment.meta(), segment.body());
            let query = query.along(body.axes());
            let is_live = |node: u32| {
                meta.rows_of_node(node)
                    .any(|row| self.view().is_live(place, row))
            };
            let nodes = meta.nodes();
            let walked = if may_walk && is_walked(segment, ef) {
                graph_search::nearest(body, query, nodes, ef, is_live)
            } else {
                Vec::new()
            };
            // A walk that comes out short says nothing of what it did not reach.
            let found = if walked.len() == ef {
                candidates.walked = true;
                walked
            } else {
                let (found, left_out) = scan::nearest(body, query, nodes, ef, is_live);
                candidates.left_out = candidates.left_out.max(left_out);
                found
            };
            let found = found.into_iter().map(|scored| (place, scored));
            candidates.found.extend(found);
        }
        candidates.sort_and_cut(ef);
        candidates
    }

    /// Scores candidates in full precision, until no other can be among the `wanted` best products;
    /// the best live row of each of those.
    fn rank<'a>(
        &'a self,
        query: &QueryForms,
        request: SearchRequest<'_>,
        candidates: &[(usize, Scored)],
        wanted: usize,
        doubt: f32,
    ) -> Vec<Best<'a>> {
        let mut ranked: Vec<(usize, Scored)> = Vec::with_capacity(candidates.len());
        let mut best = Vec::new();
        for part in candidates.chunks(LEAST_RANKED.max(wanted)) {
            let next = part[0].1.score() + doubt;
            let full = best.len() == wanted;
            let least = best.last().filter(|_| full);
            if next < request.min_score || least.is_some_and(|best: &Best<'_>| next < best.score) {
                break;
            }
            for &(place, candidate) in part {
                self.segments()[place]
                    .body()
                    .prefetch_full(candidate.node());
            }
            let scored = part.iter().map(|&(place, candidate)| {
                let body = self.segments()[place].body();
                let score = body.score(query.along(body.axes()), candidate.node());
                (place, Scored::new(score, candidate.node()))
            });
            ranked.extend(scored.filter(|(_, scored)| scored.score() >= request.min_score));
            ranked.sort_unstable_by_key(|ranked| Reverse(ranked.1));
            best = self.best_products(&ranked, request.without_product, wanted);
        }
        best
    }

    /// The best live row of each of the `wanted` best products of nodes that are given best first.
    /// Names are looked up only as far down as it takes: they lie scattered in memory.
    fn best_products<'a>(
        &'a self,
        ranked: &[(usize, Scored)],
        without: Option<&str>,
        wanted: usize,
    ) -> Vec<Best<'a>> {
        let mut products: HashMap<&str, Best<'a>> = HashMap::with_capacity(wanted);
        let mut last = f32::NEG_INFINITY;
        for &(place, scored) in ranked {
            // A node as good as the last one may still have a key that comes before.
            if products.len() >= wanted && scored.score() < last {
                break;
            }
            last = scored.score();
            self.best_of_node(place, scored.node(), last)
                .filter(|best| without != Some(best.product_id))
                .for_each(|best| keep_better(&mut products, best));
        }
        let mut best: Vec<Best<'a>> = products.into_values().collect();
        best.sort_unstable_by(Best::order);
        best.truncate(wanted);
        best
    }

    /// The live row with the least key of every product of a node. Rows of a node are stored by
    /// product, then by key.
    fn best_of_node(&self, place: usize, node: u32, score: f32) -> impl Iterator<Item = Best<'_>> {
        let meta = self.segments()[place].meta();
        let mut last = None;
        let live = meta
            .rows_of_node(node)
            .filter(move |&row| self.view().is_live(place, row));
        live.filter(move |&row| {
            let product = Some(meta.product_ordinal(row));
            std::mem::replace(&mut last, product) != product
        })
        .map(move |row| Best {
            product_id: meta.product_id(row),
            key: meta.key(row),
            score,
            at: Location {
                segment: place,
                row,
            },
        })
    }

    fn hit(&self, best: Best<'_>) -> Hit {
        Hit {
            product_id: best.product_id.to_owned(),
            key: best.key.to_owned(),
            score: best.score,
            attributes: self.view().meta(best.at).attributes(best.at.row),
        }
    }
}

/// Candidates that a walk over a segment's graph needs to find enough.
fn needed(segment: &Segment) -> usize {
    segment.body().candidates().unwrap_or(LEAST_EF)
}

/// Whether a segment has a graph, and walking it with `ef` candidates, or as many as it needs, is quicker
/// than looking at every node.
fn is_walked(segment: &Segment, ef: usize) -> bool {
    let ef = ef.max(needed(segment));
    graph_search::is_quicker(ef, segment.meta().nodes()) && !segment.body().layers().is_empty()
}

fn keep_better<'a>(products: &mut HashMap<&'a str, Best<'a>>, candidate: Best<'a>) {
    match products.entry(candidate.product_id) {
        Entry::Vacant(entry) => {
            entry.insert(candidate);
        }
        Entry::Occupied(mut entry) => {
            if candidate.order(entry.get()).is_lt() {
                entry.insert(candidate);
            }
        }
    }
}

impl Candidates {
    /// Puts the candidates of all segments in order, best first, and keeps the `ef` best.
    fn sort_and_cut(&mut self, ef: usize) {
        // Quick where there is but one segment, whose candidates are in order.
        self.found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.found.len() > ef {
            self.left_out = self.left_out.max(self.found[ef].1.score());
            self.found.truncate(ef);
        }
    }
}

impl Best<'_> {
    /// Best score first, then by key.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.key.cmp(other.key))
    }
}
