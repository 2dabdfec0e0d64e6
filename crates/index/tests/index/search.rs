//! Searching against a model that compares the query with everything.

use std::collections::{BTreeMap, HashSet};

use lookalike_index::{
    GraphParameters, Hit, IndexError, SearchRequest, Segment, SegmentContent, Snapshot, View,
    merge_deltas, rebuild_base,
};
use proptest::prelude::*;

use crate::support::{Vectors, base, content, cosine, delta, row};

/// What a score may be off: components of short vectors are large, and so are the steps they are
/// stored in.
fn precision(dimensions: usize) -> f64 {
    // Rounding errors of few components do not even out.
    if dimensions < 64 { 5e-5 } else { 2e-5 }
}

/// An index and what should be in it.
struct Shop {
    dimensions: usize,
    vectors: Vectors,
    segments: Vec<Segment>,
    /// Product and vector of every key.
    pictures: BTreeMap<String, (String, Vec<f32>)>,
    next: u64,
}

#[derive(Debug, Clone)]
enum Step {
    Upload { keys: Vec<u16>, kind: Kind },
    Remove { keys: Vec<u16> },
    Merge { count: usize },
    Rebuild { graph: bool },
}

/// How similar the uploaded pictures are to each other.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Different,
    /// Closer together than coarse scores can tell.
    Close,
    /// A handful of vectors, each many times.
    Same,
}

impl Shop {
    fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            vectors: Vectors::new(5, dimensions),
            segments: Vec::new(),
            pictures: BTreeMap::new(),
            next: 0,
        }
    }

    fn view(&self) -> View {
        View::new(self.segments.iter().map(|s| s.meta().clone()).collect())
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn publish(&mut self, mut content: SegmentContent) {
        let keys = content.rows.iter().map(|row| row.key.as_str());
        let gone = content.tombstones.iter().map(String::as_str);
        content.superseded = self.view().superseded_by(keys.chain(gone));
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
                let joined =
                    merge_deltas(&self.view(), range.clone(), &self.segments[range.clone()]);
                let number = self.number();
                let joined = delta(number, &joined, self.dimensions);
                self.segments.splice(range, [joined]);
            }
            Step::Rebuild { graph } => {
                let joined = rebuild_base(&self.view(), &self.segments);
                let graph = graph.then(GraphParameters::default);
                let number = self.number();
                self.segments = vec![base(number, &joined, self.dimensions, graph)];
            }
        }
    }

    fn upload(&mut self, keys: Vec<u16>, kind: Kind) {
        let centre = self.vectors.any();
        let few: Vec<_> = (0..3).map(|_| self.vectors.any()).collect();
        let keys: HashSet<u16> = keys.into_iter().collect();
        let mut rows = Vec::new();
        for key in keys {
            let vector = match kind {
                Kind::Different => self.vectors.any(),
                Kind::Close => self.vectors.near(&centre, 0.002),
                Kind::Same => few[usize::from(key) % few.len()].clone(),
            };
            // Two in three pictures show one of a few products.
            let product = if key % 3 == 0 { key } else { key % 7 };
            let (key, product) = (format!("k{key:05}"), format!("p{product}"));
            rows.push(row(&key, &product, &vector));
            self.pictures.insert(key, (product, vector));
        }
        self.publish(content(rows));
    }

    fn remove(&mut self, keys: &[u16]) {
        let keys: HashSet<String> = keys.iter().map(|key| format!("k{key:05}")).collect();
        let tombstones: Vec<String> = keys
            .into_iter()
            .filter(|key| self.pictures.remove(key).is_some())
            .collect();
        self.publish(SegmentContent {
            tombstones,
            ..SegmentContent::default()
        });
    }

    /// Best score of every product but `without`.
    fn truth(&self, query: &[f32], without: Option<&str>) -> BTreeMap<&str, f64> {
        let mut best: BTreeMap<&str, f64> = BTreeMap::new();
        for (product, vector) in self.pictures.values() {
            if without != Some(product) {
                let score = cosine(query, vector);
                let known = best.entry(product).or_insert(score);
                *known = known.max(score);
            }
        }
        best
    }

    fn check(&self, request: SearchRequest<'_>) {
        let snapshot = Snapshot::new(self.segments.clone(), self.dimensions).unwrap();
        let hits = snapshot.search(request).unwrap();
        let truth = self.truth(request.vector, request.without_product);
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
        for (hit, score) in hits.iter().zip(scores) {
            let found = f64::from(hit.score);
            assert!((found - score).abs() <= precision, "{found} for {score}");
            let (product, vector) = &self.pictures[&hit.key];
            assert_eq!(*product, hit.product_id);
            assert!((cosine(request.vector, vector) - found).abs() <= precision);
            assert!((truth[hit.product_id.as_str()] - found).abs() <= precision);
        }
        assert_in_order(&hits);
    }
}

fn assert_in_order(hits: &[Hit]) {
    let products: HashSet<&str> = hits.iter().map(|hit| hit.product_id.as_str()).collect();
    assert_eq!(products.len(), hits.len(), "a product twice");
    let ordered = |a: &Hit, b: &Hit| a.score > b.score || a.score == b.score && a.key < b.key;
    assert!(hits.is_sorted_by(ordered));
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Different), Just(Kind::Close), Just(Kind::Same)];
    let keys = |most| proptest::collection::vec(0u16..600, 0..most);
    prop_oneof![
        6 => (keys(200), kind).prop_map(|(keys, kind)| Step::Upload { keys, kind }),
        2 => keys(60).prop_map(|keys| Step::Remove { keys }),
        1 => (2usize..5).prop_map(|count| Step::Merge { count }),
        1 => any::<bool>().prop_map(|graph| Step::Rebuild { graph }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn finds_what_comparing_with_everything_finds(
        dimensions in prop_oneof![Just(1usize), Just(2), Just(3), Just(8), Just(33), Just(64)],
        steps in proptest::collection::vec(step(), 1..9),
        k in prop_oneof![Just(0usize), Just(1), Just(10), Just(50), Just(1000), Just(usize::MAX)],
        min_score in prop_oneof![2 => Just(-1.0f32), 1 => -0.5f32..1.0],
    ) {
        let mut shop = Shop::new(dimensions);
        for step in steps {
            shop.take(step);
        }
        let mut queries: Vec<Vec<f32>> = (0..2).map(|_| shop.vectors.any()).collect();
        let stored = shop.pictures.values().map(|(_, vector)| vector);
        queries.extend(stored.step_by(1 + shop.pictures.len() / 3).cloned());
        for vector in &queries {
            for without_product in [None, Some("p0"), Some("p1"), Some("none")] {
                shop.check(SearchRequest { vector, k, min_score, without_product, stored: None });
            }
        }
    }
}

fn request(vector: &[f32], k: usize) -> SearchRequest<'_> {
    SearchRequest {
        vector,
        k,
        min_score: -1.0,
        without_product: None,
        stored: None,
    }
}

#[test]
fn an_empty_snapshot_has_no_answer_and_no_error() {
    let empty = Snapshot::new(Vec::new(), 3).unwrap();
    assert_eq!(empty.search(request(&[1.0, 0.0, 0.0], 10)), Ok(Vec::new()));
    let hollow = delta(1, &SegmentContent::default(), 3);
    let hollow = Snapshot::new(vec![hollow], 3).unwrap();
    assert_eq!(hollow.search(request(&[1.0, 0.0, 0.0], 10)), Ok(Vec::new()));
    assert_eq!((hollow.images(), hollow.products()), (0, 0));
}

#[test]
fn vectors_that_are_no_query_are_refused() {
    let snapshot = Snapshot::new(
        vec![delta(1, &content(vec![row("a", "a", &[1.0, 0.0])]), 2)],
        2,
    );
    let snapshot = snapshot.unwrap();
    let found = snapshot.search(request(&[1.0], 1));
    assert_eq!(
        found,
        Err(IndexError::Dimensions {
            expected: 2,
            found: 1
        })
    );
    for bad in [[0.0, 0.0], [f32::NAN, 0.0], [f32::INFINITY, 0.0]] {
        assert_eq!(
            snapshot.search(request(&bad, 1)),
            Err(IndexError::NoDirection)
        );
    }
    for factor in [1e-30, 1e30] {
        let hits = snapshot.search(request(&[factor, 0.0], 1)).unwrap();
        assert!((hits[0].score - 1.0).abs() < 2e-5, "any length will do");
    }
}

#[test]
fn segments_of_other_dimensions_are_refused() {
    let two = delta(1, &content(vec![row("a", "a", &[1.0, 0.0])]), 2);
    let error = Snapshot::new(vec![two], 3).unwrap_err();
    assert_eq!(
        error,
        IndexError::Dimensions {
            expected: 3,
            found: 2
        }
    );
}

/// However many pictures a product has, and in however many segments, it takes one place.
#[test]
fn a_product_with_thousands_of_pictures_leaves_room_for_others() {
    let mut vectors = Vectors::new(1, 16);
    let centre = vectors.any();
    let mut rows: Vec<_> = (0..5000)
        .map(|i| row(&format!("many/{i}"), "many", &vectors.near(&centre, 0.01)))
        .collect();
    rows.extend((0..3000).map(|i| row(&format!("same/{i}"), "same", &centre)));
    rows.extend((0..9).map(|i| {
        let far = vectors.any();
        row(&format!("few/{i}"), &format!("few{i}"), &far)
    }));
    for graph in [None, Some(GraphParameters::default())] {
        let base = base(1, &content(rows.clone()), 16, graph);
        let newer = content(vec![row("new", "new", &centre)]);
        let segments = vec![base, delta(2, &newer, 16)];
        let snapshot = Snapshot::new(segments, 16).unwrap();
        assert_eq!((snapshot.images(), snapshot.products()), (8010, 12));
        for k in [1, 10, 12, 100] {
            let hits = snapshot.search(request(&centre, k)).unwrap();
            assert_eq!(hits.len(), k.min(12));
            assert_in_order(&hits);
            assert_eq!(hits[0].key, "new", "of equal ones the first key");
        }
        let similar = SearchRequest {
            without_product: Some("many"),
            stored: None,
            ..request(&centre, 10)
        };
        assert_eq!(snapshot.search(similar).unwrap().len(), 10);
    }
}

/// Which segment a row is in must not show in the answer, not even among equals.
#[test]
fn equal_scores_are_ordered_by_key_wherever_they_are() {
    let vector = [0.3, -0.2, 0.9];
    let rows: Vec<_> = (0..400)
        .map(|i| row(&format!("k{:03}", i * 37 % 400), &format!("p{i}"), &vector))
        .collect();
    for parts in [1, 3, 40, 400] {
        let segments = rows
            .chunks(rows.len() / parts)
            .zip(1..)
            .map(|(part, number)| delta(number, &content(part.to_vec()), 3))
            .collect();
        let snapshot = Snapshot::new(segments, 3).unwrap();
        let hits = snapshot.search(request(&vector, 20)).unwrap();
        let keys: Vec<_> = hits.into_iter().map(|hit| hit.key).collect();
        let first: Vec<_> = (0..20).map(|i| format!("k{i:03}")).collect();
        assert_eq!(keys, first, "{parts} segments");
    }
}

#[test]
fn rows_of_a_product_are_its_live_ones() {
    let first = content(vec![
        row("a1", "a", &[1.0, 0.0]),
        row("b1", "b", &[0.0, 1.0]),
        row("a2", "a", &[1.0, 1.0]),
    ]);
    let first = delta(1, &first, 2);
    let view = View::new(vec![first.meta().clone()]);
    let mut second = content(vec![
        row("a2", "c", &[1.0, 0.5]),
        row("a3", "a", &[1.0, 0.2]),
    ]);
    second.superseded = view.superseded_by(["a2", "a3"].into_iter());
    let snapshot = Snapshot::new(vec![first, delta(2, &second, 2)], 2).unwrap();
    let keys = |product: &str| -> Vec<String> {
        snapshot
            .rows_of_product(product)
            .map(|at| snapshot.view().meta(at).key(at.row).to_owned())
            .collect()
    };
    assert_eq!(keys("a"), ["a1", "a3"]);
    assert_eq!(keys("b"), ["b1"]);
    assert_eq!(keys("c"), ["a2"]);
    assert!(keys("").is_empty() && keys("d").is_empty());
    assert_eq!((snapshot.images(), snapshot.products()), (4, 3));
    let at = snapshot.rows_of_product("c").next().unwrap();
    assert!(cosine(&snapshot.embedding(at), &[1.0, 0.5]) > 0.99999);
}

/// Products are counted by looking the few of a delta up in the base, or by comparing all texts where deltas have
/// many: both count what is live, once.
#[test]
fn products_of_several_segments_are_counted_once() {
    for (base_products, changes) in [(200, 3), (200, 150)] {
        let name = |i: usize| format!("p{i:03}");
        let rows = |products: std::ops::Range<usize>, suffix: &str| {
            let rows =
                products.map(|i| row(&format!("{}{suffix}", name(i)), &name(i), &[1.0, 0.5]));
            content(rows.collect())
        };
        let first = base(1, &rows(0..base_products, "a"), 2, None);
        let view = View::new(vec![first.meta().clone()]);
        // Another picture of each of the first few, none of the next few, and as many new products.
        let mut second = rows(0..changes, "b");
        second.rows.extend(rows(300..300 + changes, "a").rows);
        let gone: Vec<String> = (40..40 + changes / 2).map(|i| name(i) + "a").collect();
        second.superseded = view.superseded_by(gone.iter().map(String::as_str));
        second.tombstones = gone.clone();
        let shadowed = (40..40 + changes / 2).filter(|&i| i < changes).count();
        let expected = base_products - gone.len() + shadowed + changes;
        let view = View::new(vec![
            first.meta().clone(),
            delta(2, &second, 2).meta().clone(),
        ]);
        assert_eq!(view.products(), expected as u64, "{changes}");
    }
}
