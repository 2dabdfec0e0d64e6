//! A shop whose catalog changes, and a model of it that compares queries with everything.

use std::collections::{BTreeMap, HashSet};

use lookalike_index::{
    Attributes, Found, GraphParameters, GroupBy, Hit, LiveRows, Row, SearchRequest, Segment,
    SegmentContent, Snapshot, merge_deltas, rebuild_base,
};
use proptest::prelude::*;

use crate::support::{Vectors, base, content, cosine, delta, row};

/// Returns the maximum error of a score: components of short vectors are large, and so are their quantization steps.
pub(crate) fn precision(dimensions: usize) -> f64 {
    // Rounding errors of few components do not cancel out.
    if dimensions < 64 { 5e-5 } else { 2e-5 }
}

/// An existing image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) product: String,
    pub(crate) vector: Vec<f32>,
    pub(crate) attributes: Attributes,
}

/// An index and what should be in it.
pub(crate) struct Shop {
    pub(crate) dimensions: usize,
    pub(crate) vectors: Vectors,
    pub(crate) segments: Vec<Segment>,
    /// Images by key.
    pub(crate) images: BTreeMap<String, Image>,
    next: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Upload {
        keys: Vec<(u16, Attributes)>,
        kind: Kind,
    },
    Remove {
        keys: Vec<u16>,
    },
    Merge {
        count: usize,
    },
    Rebuild {
        graph: bool,
    },
}

/// Similarity of the uploaded images to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Different,
    /// Closer together than coarse scores can distinguish.
    Close,
    /// A few vectors, each many times.
    Same,
}

impl Shop {
    pub(crate) fn new(dimensions: usize, steps: Vec<Step>) -> Self {
        let mut shop = Self {
            dimensions,
            vectors: Vectors::new(5, dimensions),
            segments: Vec::new(),
            images: BTreeMap::new(),
            next: 0,
        };
        for step in steps {
            shop.take(step);
        }
        shop
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.segments.clone(), self.dimensions).unwrap()
    }

    /// Returns vectors of rows and others.
    pub(crate) fn queries(&mut self) -> Vec<Vec<f32>> {
        let mut queries: Vec<Vec<f32>> = (0..2).map(|_| self.vectors.any()).collect();
        let stored = self.images.values().map(|image| &image.vector);
        queries.extend(stored.step_by(1 + self.images.len() / 3).cloned());
        queries
    }

    fn live_rows(&self) -> LiveRows {
        LiveRows::new(self.segments.iter().map(|s| s.meta().clone()).collect())
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn publish(&mut self, mut content: SegmentContent) {
        let keys = content.rows.iter().map(|row| row.key.as_str());
        let gone = content.tombstones.iter().map(String::as_str);
        content.deleted = self.live_rows().deleted_by(keys.chain(gone));
        let number = self.number();
        let segment = delta(number, &content, self.dimensions);
        self.segments.push(segment);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Upload { keys, kind } => self.upload(keys, kind),
            Step::Remove { keys } => self.remove(&keys),
            Step::Merge { count } => {
                let range = self.segments.len().saturating_sub(count)..self.segments.len();
                let joined = merge_deltas(
                    &self.live_rows(),
                    range.clone(),
                    &self.segments[range.clone()],
                );
                let number = self.number();
                let joined = delta(number, &joined, self.dimensions);
                self.segments.splice(range, [joined]);
            }
            Step::Rebuild { graph } => {
                let joined = rebuild_base(&self.live_rows(), &self.segments);
                let graph = graph.then(GraphParameters::default);
                let number = self.number();
                self.segments = vec![base(number, &joined, self.dimensions, graph)];
            }
        }
    }

    fn upload(&mut self, keys: Vec<(u16, Attributes)>, kind: Kind) {
        let center = self.vectors.any();
        let few: Vec<_> = (0..3).map(|_| self.vectors.any()).collect();
        let keys: BTreeMap<u16, Attributes> = keys.into_iter().collect();
        let mut rows = Vec::new();
        for (key, attributes) in keys {
            let vector = match kind {
                Kind::Different => self.vectors.any(),
                Kind::Close => self.vectors.near(&center, 0.002),
                Kind::Same => few[usize::from(key) % few.len()].clone(),
            };
            // Two in three images show one of a few products.
            let product = if key % 3 == 0 { key } else { key % 7 };
            let (key, product) = (format!("k{key:05}"), format!("p{product}"));
            rows.push(Row {
                attributes: attributes.clone(),
                ..row(&key, &product, &vector)
            });
            let image = Image {
                product,
                vector,
                attributes,
            };
            self.images.insert(key, image);
        }
        self.publish(content(rows));
    }

    fn remove(&mut self, keys: &[u16]) {
        let keys: HashSet<String> = keys.iter().map(|key| format!("k{key:05}")).collect();
        let tombstones: Vec<String> = keys
            .into_iter()
            .filter(|key| self.images.remove(key).is_some())
            .collect();
        self.publish(SegmentContent {
            tombstones,
            ..SegmentContent::default()
        });
    }

    /// Returns the best score of everything that should be found, by product or by key.
    fn truth(
        &self,
        request: SearchRequest<'_>,
        is_selected: impl Fn(&Image) -> bool,
    ) -> BTreeMap<&str, f64> {
        let mut best: BTreeMap<&str, f64> = BTreeMap::new();
        for (key, image) in &self.images {
            if !request.without_products.contains(&image.product) && is_selected(image) {
                let score = cosine(request.vector, &image.vector);
                let result = match request.group_by {
                    GroupBy::Product => &image.product,
                    GroupBy::Image => key,
                };
                let known = best.entry(result).or_insert(score);
                *known = known.max(score);
            }
        }
        best
    }

    /// Compares an answer with the scores of every selected image.
    pub(crate) fn check(
        &self,
        request: SearchRequest<'_>,
        found: &Found,
        is_selected: impl Fn(&Image) -> bool,
    ) {
        let hits = &found.hits;
        let truth = self.truth(request, &is_selected);
        let mut scores: Vec<f64> = truth.values().copied().collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let min_score = f64::from(request.min_score);
        let precision = precision(self.dimensions);
        let at_least = |limit: f64| scores.iter().filter(|&&s| s >= limit).count();
        let surely = at_least(min_score + precision).min(request.k);
        let perhaps = at_least(min_score - precision).min(request.k);
        assert!(
            (surely..=perhaps).contains(&hits.len()),
            "{} hits",
            hits.len()
        );
        // So few rows are never searched by a walk.
        assert!(found.exact);
        for (hit, score) in hits.iter().zip(scores) {
            let found = f64::from(hit.score);
            assert!((found - score).abs() <= precision, "{found} for {score}");
            let image = &self.images[&hit.key];
            assert_eq!(image.product, hit.product_id);
            assert_eq!(image.attributes, hit.attributes);
            assert!(is_selected(image), "{hit:?}");
            assert!((cosine(request.vector, &image.vector) - found).abs() <= precision);
            assert!((truth[result(request, hit)] - found).abs() <= precision);
        }
        let results: HashSet<&str> = hits.iter().map(|hit| result(request, hit)).collect();
        assert_eq!(results.len(), hits.len(), "a result twice");
        assert_in_order(hits);
    }
}

fn result<'a>(request: SearchRequest<'_>, hit: &'a Hit) -> &'a str {
    match request.group_by {
        GroupBy::Product => &hit.product_id,
        GroupBy::Image => &hit.key,
    }
}

pub(crate) fn assert_in_order(hits: &[Hit]) {
    let ordered = |a: &Hit, b: &Hit| a.score > b.score || a.score == b.score && a.key < b.key;
    assert!(hits.is_sorted_by(ordered));
}

/// Strategy of changes to a shop whose images have these attributes.
pub(crate) fn step(
    attributes: impl Strategy<Value = Attributes> + 'static,
) -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Different), Just(Kind::Close), Just(Kind::Same)];
    let uploads = proptest::collection::vec((0u16..600, attributes), 0..200);
    let removals = proptest::collection::vec(0u16..600, 0..60);
    prop_oneof![
        6 => (uploads, kind).prop_map(|(keys, kind)| Step::Upload { keys, kind }),
        2 => removals.prop_map(|keys| Step::Remove { keys }),
        1 => (2usize..5).prop_map(|count| Step::Merge { count }),
        1 => any::<bool>().prop_map(|graph| Step::Rebuild { graph }),
    ]
}
