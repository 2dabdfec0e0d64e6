//! One generation, loaded and searchable.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::IndexError;
use crate::graph_search;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantise::{Quantised, Query};
use crate::row::{Attributes, Row};
use crate::scan;
use crate::scored::Scored;
use crate::segment::{SegmentBody, SegmentMeta};
use crate::view::{Location, View};

/// Candidates that a graph is asked for at least: recall@10 above 0.99 on real photos.
const LEAST_EF: usize = 96;
/// Factor by which more candidates are asked for when too few products were among them.
const WIDEN: usize = 4;

/// A whole segment, opened in place over its bytes.
#[derive(Debug, Clone)]
pub struct Segment {
    meta: Arc<SegmentMeta>,
    body: Arc<SegmentBody>,
}

impl Segment {
    /// Opens a segment and checks every byte of it.
    ///
    /// # Errors
    /// Every [`IndexError`] about segments: not ours, another version, encoder or segment, damaged.
    pub fn open(bytes: &Bytes, id: SegmentId, encoder: Fingerprint) -> Result<Self, IndexError> {
        let meta = SegmentMeta::open(bytes, id, encoder)?;
        let body = SegmentBody::open(bytes, &meta.header)?;
        Ok(Self {
            meta: Arc::new(meta),
            body: Arc::new(body),
        })
    }

    /// Its keys and what it supersedes.
    pub fn meta(&self) -> &Arc<SegmentMeta> {
        &self.meta
    }

    /// Layers of its graph, 0 when it is searched exactly.
    pub fn graph_layers(&self) -> usize {
        self.body.layers().len()
    }

    fn node_of(&self, row: u32) -> u32 {
        let nodes = self.meta.nodes();
        let (mut low, mut high) = (0, nodes);
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if self.meta.rows_of_node(middle).start <= row {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    fn embedding(&self, row: u32) -> Quantised {
        self.body.vector_of(self.node_of(row)).to_owned()
    }

    /// A row in full, to be written into another segment.
    pub fn row(&self, row: u32) -> Row {
        Row {
            key: self.meta.key(row).to_owned(),
            product_id: self.meta.product_id(row).to_owned(),
            etag: self.meta.etag(row).to_owned(),
            attributes: self.meta.attributes(row),
            embedding: self.embedding(row),
        }
    }
}

/// All segments of one generation.
#[derive(Debug, Clone)]
pub struct Snapshot {
    dimensions: usize,
    view: View,
    bodies: Vec<Arc<SegmentBody>>,
    segments: Vec<Segment>,
    images: u64,
    products: u64,
}

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

impl Snapshot {
    /// Joins the segments of one manifest, in its order.
    pub fn new(segments: Vec<Segment>, dimensions: usize) -> Result<Self, IndexError> {
        for segment in &segments {
            let found = segment.meta.header.dimensions as usize;
            if found != dimensions {
                return Err(IndexError::Dimensions {
                    expected: dimensions,
                    found,
                });
            }
        }
        let view = View::new(segments.iter().map(|s| Arc::clone(&s.meta)).collect());
        Ok(Self {
            dimensions,
            images: view.images(),
            products: view.products(),
            bodies: segments.iter().map(|s| Arc::clone(&s.body)).collect(),
            view,
            segments,
        })
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Which rows are live.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Pictures that can be found.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Distinct products among them.
    pub fn products(&self) -> u64 {
        self.products
    }

    /// The live rows of a product.
    pub fn rows_of_product<'a>(
        &'a self,
        product_id: &'a str,
    ) -> impl Iterator<Item = Location> + 'a {
        (0..self.segments.len()).flat_map(move |place| {
            let meta = &self.segments[place].meta;
            let wanted = (0..meta.product_count() as u32)
                .find(|&ordinal| meta.product_at(ordinal) == product_id);
            (0..meta.rows())
                .filter(move |&row| Some(meta.product_ordinal(row)) == wanted)
                .filter(move |&row| self.view.is_live(place, row))
                .map(move |row| Location {
                    segment: place,
                    row,
                })
        })
    }

    /// A row's embedding, `[dimensions]`.
    pub fn embedding(&self, location: Location) -> Vec<f32> {
        self.segments[location.segment]
            .embedding(location.row)
            .to_f32()
    }

    /// The `k` products whose pictures are most similar to the query, best first, ties by key.
    /// Fewer only when there are no more with at least `min_score`.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] or [`IndexError::NoDirection`] when the vector is not of this index.
    pub fn search(&self, request: SearchRequest<'_>) -> Result<Vec<Hit>, IndexError> {
        let query = Query::new(request.vector, self.dimensions)?;
        let mut ef = LEAST_EF.max(2 * request.k);
        loop {
            let (candidates, exhausted) = self.candidates(&query, ef);
            let full = candidates.len() >= ef;
            let hits = self.rank(&query, request, candidates);
            let enough = hits.len() >= request.k;
            // All that was not looked at is less similar than the last candidate, give or take the
            // coarse bytes' error.
            let below = full && hits.last_score < request.min_score - 0.03;
            if enough || exhausted || below {
                return Ok(hits.into_hits(self, request.k));
            }
            ef = ef.saturating_mul(WIDEN);
        }
    }

    /// The `ef` best live nodes by coarse score, and whether these are all there are.
    fn candidates(&self, query: &Query, ef: usize) -> (Vec<(usize, Scored)>, bool) {
        let mut candidates = Vec::new();
        let mut exhausted = true;
        for (place, body) in self.bodies.iter().enumerate() {
            let meta = &self.segments[place].meta;
            let is_live = |node: u32| {
                meta.rows_of_node(node)
                    .any(|row| self.view.is_live(place, row))
            };
            // A walk that must see a fair part of the nodes costs more than looking at each once.
            let nodes = meta.nodes();
            let walk = !body.layers().is_empty() && ef.saturating_mul(8) < nodes as usize;
            let found = if walk {
                exhausted = false;
                let mut found = graph_search::nearest(body, query, nodes, ef);
                found.retain(|scored| is_live(scored.node));
                found
            } else {
                let (found, all) = scan::nearest(body, query, nodes, ef, is_live);
                exhausted &= all;
                found
            };
            candidates.extend(found.into_iter().map(|scored| (place, scored)));
        }
        if candidates.len() > ef {
            exhausted = false;
            candidates.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            candidates.truncate(ef);
        }
        (candidates, exhausted)
    }

    /// Scores candidates in full precision and keeps the best live row of every product.
    fn rank(
        &self,
        query: &Query,
        request: SearchRequest<'_>,
        candidates: Vec<(usize, Scored)>,
    ) -> Ranking<'_> {
        let mut best: HashMap<&str, (f32, Location)> = HashMap::with_capacity(candidates.len());
        let mut last_score = f32::INFINITY;
        for (place, candidate) in candidates {
            let score = query.score(self.bodies[place].vector_of(candidate.node));
            last_score = last_score.min(score);
            if score < request.min_score {
                continue;
            }
            let meta = &self.segments[place].meta;
            for row in meta.rows_of_node(candidate.node) {
                let product_id = meta.product_id(row);
                if !self.view.is_live(place, row) || request.without_product == Some(product_id) {
                    continue;
                }
                let location = Location {
                    segment: place,
                    row,
                };
                match best.entry(product_id) {
                    Entry::Vacant(entry) => {
                        entry.insert((score, location));
                    }
                    Entry::Occupied(mut entry) => {
                        let (known, at) = *entry.get();
                        if self.order(score, location, known, at).is_lt() {
                            entry.insert((score, location));
                        }
                    }
                }
            }
        }
        Ranking { best, last_score }
    }

    /// Best score first, then by key.
    fn order(&self, a: f32, at_a: Location, b: f32, at_b: Location) -> std::cmp::Ordering {
        let key = |at: Location| self.segments[at.segment].meta.key(at.row);
        b.total_cmp(&a).then_with(|| key(at_a).cmp(key(at_b)))
    }
}

/// The best row of every product among the candidates.
struct Ranking<'a> {
    best: HashMap<&'a str, (f32, Location)>,
    last_score: f32,
}

impl Ranking<'_> {
    fn len(&self) -> usize {
        self.best.len()
    }

    fn into_hits(self, snapshot: &Snapshot, k: usize) -> Vec<Hit> {
        let mut ranked: Vec<_> = self.best.into_iter().collect();
        ranked.sort_unstable_by(|(_, (a, at_a)), (_, (b, at_b))| {
            snapshot.order(*a, *at_a, *b, *at_b)
        });
        ranked.truncate(k);
        ranked
            .into_iter()
            .map(|(product_id, (score, at))| {
                let meta = &snapshot.segments[at.segment].meta;
                Hit {
                    product_id: product_id.to_owned(),
                    key: meta.key(at.row).to_owned(),
                    score,
                    attributes: meta.attributes(at.row),
                }
            })
            .collect()
    }
}
