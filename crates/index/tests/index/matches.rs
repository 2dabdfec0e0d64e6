//! `match`, in catalogs with families of near-identical images.

use lookalike_index::{Match, MatchThresholds, Row, SearchRequest, Snapshot};

use crate::support::{Vectors, base, content, delta, row};

const DIMENSIONS: usize = 32;
const IMAGES: usize = 700;
/// Images of the catalog that are not in a family.
const OTHERS: usize = 600;
/// The largest change of a threshold that cannot be seen in answers.
const TOLERANCE: f32 = 0.01;

/// A catalog of images of ten kinds, each of a product of its own; the first of them are near-identical.
struct Catalog {
    images: Vec<Vec<f32>>,
    family: usize,
}

impl Catalog {
    fn with_family(family: usize) -> Self {
        let mut vectors = Vectors::new(11, DIMENSIONS);
        let kinds: Vec<Vec<f32>> = (0..10).map(|_| vectors.any()).collect();
        let mut images: Vec<Vec<f32>> = (0..IMAGES)
            .map(|number| vectors.near(&kinds[number % 10], 0.8))
            .collect();
        for member in 1..family {
            images[member] = vectors.near(&images[0].clone(), 0.1);
        }
        Self { images, family }
    }

    fn rows(&self) -> Vec<Row> {
        let images = self.images.iter().enumerate();
        let rows = images.map(|(number, vector)| {
            let name = format!("{number:04}");
            row(&format!("catalog/{name}.jpg"), &name, vector)
        });
        rows.collect()
    }

    fn thresholds(&self) -> MatchThresholds {
        let snapshot = based_on(self.rows());
        MatchThresholds::measure(&snapshot).unwrap().unwrap()
    }

    /// Returns the share of the images outside of the largest family whose copy is called the same.
    fn recall(&self) -> f64 {
        let (snapshot, thresholds) = (based_on(self.rows()), self.thresholds());
        let mut vectors = Vectors::new(12, DIMENSIONS);
        let others = self.images.iter().enumerate().skip(IMAGES - OTHERS);
        let found = others.filter(|(number, image)| {
            let copy = vectors.near(image, 0.15);
            let found = snapshot.search(SearchRequest::new(&copy, 1)).unwrap();
            let best = &found.hits[0];
            best.product_id == format!("{number:04}")
                && thresholds.classify(best.score) == Match::Same
        });
        found.count() as f64 / OTHERS as f64
    }

    /// Returns the share of images that are not in the catalog, but called the same as one.
    fn mistaken(&self) -> f64 {
        let (snapshot, thresholds) = (based_on(self.rows()), self.thresholds());
        let mut vectors = Vectors::new(11, DIMENSIONS);
        let kinds: Vec<Vec<f32>> = (0..10).map(|_| vectors.any()).collect();
        let mut vectors = Vectors::new(13, DIMENSIONS);
        let called_same = (0..1000).filter(|number| {
            let stranger = vectors.near(&kinds[number % 10], 0.8);
            let found = snapshot.search(SearchRequest::new(&stranger, 1)).unwrap();
            thresholds.classify(found.hits[0].score) == Match::Same
        });
        called_same.count() as f64 / 1000.0
    }
}

fn based_on(rows: Vec<Row>) -> Snapshot {
    Snapshot::new(vec![base(1, &content(rows), DIMENSIONS, None)], DIMENSIONS).unwrap()
}

fn difference(one: &MatchThresholds, other: &MatchThresholds) -> f32 {
    [
        one.same - other.same,
        one.variant - other.variant,
        one.similar - other.similar,
    ]
    .into_iter()
    .fold(0.0, |largest, difference| difference.abs().max(largest))
}

#[test]
fn a_family_of_near_identical_images_changes_nothing_for_others() {
    let without = Catalog::with_family(0);
    assert!(without.recall() > 0.99, "{}", without.recall());
    for family in [2, 7, 30, 100] {
        let with = Catalog::with_family(family);
        let changed = difference(&with.thresholds(), &without.thresholds());
        assert!(changed < TOLERANCE, "{family}: {changed}");
        assert!(with.recall() > 0.99, "{family}: {}", with.recall());
        assert!(with.mistaken() <= 0.01, "{family}: {}", with.mistaken());
        // The members of the family are the same as each other.
        let score = |a: usize, b: usize| crate::support::cosine(&with.images[a], &with.images[b]);
        let class = with.thresholds().classify(score(0, with.family - 1) as f32);
        assert_eq!(class, Match::Same);
    }
}

/// A fifth of the catalog is there twice.
#[test]
fn many_pairs_of_near_identical_images_change_little() {
    let without = Catalog::with_family(0);
    let mut with = Catalog::with_family(0);
    let mut vectors = Vectors::new(14, DIMENSIONS);
    for number in 0..IMAGES / 10 {
        with.images[number] = vectors.near(&with.images[IMAGES - 1 - number].clone(), 0.1);
    }
    assert!(with.recall() > 0.98, "{}", with.recall());
    assert!(with.mistaken() <= 0.01, "{}", with.mistaken());
    let changed = difference(&with.thresholds(), &without.thresholds());
    assert!(changed < 2.0 * TOLERANCE, "{changed}");
}

#[test]
fn order_and_segments_do_not_change_thresholds() {
    let rows = Catalog::with_family(30).rows();
    let whole = MatchThresholds::measure(&based_on(rows.clone())).unwrap();
    let mut reversed = rows.clone();
    reversed.reverse();
    let (reversed, rows) = (based_on(reversed), rows.as_slice());
    assert_eq!(MatchThresholds::measure(&reversed).unwrap(), whole);
    for boundary in [1, 200, 699] {
        let (older, newer) = rows.split_at(boundary);
        let segments = vec![
            base(1, &content(older.to_vec()), DIMENSIONS, None),
            delta(2, &content(newer.to_vec()), DIMENSIONS),
        ];
        let split = Snapshot::new(segments, DIMENSIONS).unwrap();
        assert_eq!(MatchThresholds::measure(&split).unwrap(), whole);
    }
}

/// A base ends where the last rebuild happened to be; what came later is in deltas and not measured.
#[test]
fn the_end_of_the_base_changes_thresholds_little() {
    let rows = Catalog::with_family(30).rows();
    let of = |count: usize| {
        let measured = MatchThresholds::measure(&based_on(rows[..count].to_vec()));
        measured.unwrap().unwrap()
    };
    for count in [550, 600, 650, 690] {
        let changed = difference(&of(count), &of(700));
        assert!(changed < 2.0 * TOLERANCE, "{count}: {changed}");
    }
}
