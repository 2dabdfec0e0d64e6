#![allow(clippy::unwrap_used)]

use super::sample::{STRANGERS, Sample, Stranger};
use super::*;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::QuantizedVector;
use crate::row::{Attributes, CATEGORY, Row};
use crate::segment::{Segment, SegmentContent};
use crate::snapshot::Snapshot;
use bytes::Bytes;

/// A sample whose nearest strangers have these scores, best first.
fn sample(strangers: &[f32], own: Option<f32>) -> Sample {
    let stranger = |&score| Stranger {
        score,
        is_alike: None,
    };
    Sample {
        weight: 1.0,
        strangers: strangers.iter().map(stranger).collect(),
        own,
    }
}

/// The scores of the ten strangers nearest to one of 1,000 rows, distributed as extremes are.
fn strangers(row: usize) -> Vec<f32> {
    let share = (row as f64 + 0.5) / 1000.0;
    let nearest = 0.8 - 0.15 * (-share.ln()).ln();
    let mut closeness = nearest;
    let scores = (1..=STRANGERS).map(|rank| {
        let score = closeness::score(closeness);
        closeness -= 0.1 / rank as f64;
        score
    });
    scores.collect()
}

fn samples() -> Vec<Sample> {
    (0..1000).map(|row| sample(&strangers(row), None)).collect()
}

#[test]
fn hardly_any_image_of_another_product_is_the_same() {
    let measured = MatchThresholds::of(&samples()).unwrap();
    // The most extreme of a thousand rows looks like a family.
    assert_eq!(measured.samples, 999);
    let share = |class| {
        let classes = (0..1000).map(|row| measured.classify(strangers(row)[0]));
        classes.filter(|found| *found >= class).count() as f64 / 1000.0
    };
    assert!(share(Match::Same) <= 0.01 && share(Match::Same) > 0.0);
    assert!(share(Match::Variant) <= 0.11 && share(Match::Variant) > 0.05);
    assert!(share(Match::Similar) <= 0.76 && share(Match::Similar) > 0.7);
    assert!(measured.is_possible());
}

/// A family of three, and one of more members than neighbors are examined.
#[test]
fn near_identical_images_are_no_strangers() {
    let without = MatchThresholds::of(&samples()).unwrap();
    let near = [0.99, 0.985];
    let small = (0..3).map(|row| sample(&[&near[..], &strangers(row)[..8]].concat(), None));
    let large = (0..300).map(|_| sample(&[0.99; STRANGERS], None));
    let with: Vec<Sample> = samples().into_iter().chain(small).chain(large).collect();
    let with = MatchThresholds::of(&with).unwrap();
    assert_eq!(with.samples, without.samples + 3);
    assert!(
        (with.same - without.same).abs() < 0.001,
        "{with:?} {without:?}"
    );
    assert!(
        (with.similar - without.similar).abs() < 0.001,
        "{with:?} {without:?}"
    );
}

/// One product with as many images as all others together.
#[test]
fn a_product_counts_once() {
    let without = MatchThresholds::of(&samples()).unwrap();
    let many = (0..1000).map(|_| Sample {
        weight: 0.001,
        ..sample(&strangers(999), Some(0.99))
    });
    let with: Vec<Sample> = samples().into_iter().chain(many).collect();
    let with = MatchThresholds::of(&with).unwrap();
    assert!(
        (with.same - without.same).abs() < 0.01,
        "{with:?} {without:?}"
    );
}

#[test]
fn images_of_one_product_show_what_variants_are() {
    let own = |row: usize| row.is_multiple_of(4).then_some(0.65 + row as f32 / 5000.0);
    let samples: Vec<Sample> = (0..1000)
        .map(|row| sample(&strangers(row), own(row)))
        .collect();
    let measured = MatchThresholds::of(&samples).unwrap();
    assert!((0.64..=0.73).contains(&measured.variant), "{measured:?}");
    assert!(measured.variant <= measured.same);
}

#[test]
fn categories_show_what_is_similar() {
    // One category from 0.6 on, all categories below.
    let mut samples = samples();
    for (row, sample) in samples.iter_mut().enumerate() {
        for (rank, stranger) in sample.strangers.iter_mut().enumerate() {
            stranger.is_alike = Some(stranger.score >= 0.6 || (row + rank).is_multiple_of(3));
        }
    }
    let measured = MatchThresholds::of(&samples).unwrap();
    assert!((0.45..0.6).contains(&measured.similar), "{measured:?}");
}

#[test]
fn one_category_does_not_show_what_is_similar() {
    let none = MatchThresholds::of(&samples()).unwrap();
    for is_alike in [true, false] {
        let mut samples = samples();
        let strangers = samples.iter_mut().flat_map(|sample| &mut sample.strangers);
        strangers.for_each(|stranger| stranger.is_alike = Some(is_alike));
        assert_eq!(MatchThresholds::of(&samples).unwrap(), none);
    }
}

#[test]
fn few_images_are_not_measured() {
    assert_eq!(MatchThresholds::of(&samples()[..29]), None);
    assert_eq!(MatchThresholds::of(&[]), None);
    // All images are near-identical to one of the few others.
    let family: Vec<Sample> = (0..60).map(|_| sample(&[0.99, 0.2, 0.1], None)).collect();
    assert!(MatchThresholds::of(&family).is_some());
    let alone: Vec<Sample> = (0..60).map(|_| sample(&[], None)).collect();
    assert_eq!(MatchThresholds::of(&alone), None);
}

#[test]
fn scores_out_of_order_are_not_possible() {
    let of = |similar, variant, same| MatchThresholds {
        same,
        variant,
        similar,
        samples: 30,
    };
    assert!(of(0.1, 0.2, 0.3).is_possible());
    assert!(of(0.2, 0.2, 0.2).is_possible());
    for bad in [of(0.3, 0.2, 0.4), of(0.1, 0.5, 0.4), of(-2.0, 0.0, 0.1)] {
        assert!(!bad.is_possible(), "{bad:?}");
    }
    assert!(!of(f32::NAN, 0.2, 0.3).is_possible());
    assert!(!of(0.1, 0.2, 1.5).is_possible());
}

/// Fifty products with two images each, which are a tenth of the way between products apart; and
/// one image that is filed under every product.
#[test]
fn a_catalog_is_measured_by_looking_for_its_rows() {
    let encoder = Fingerprint([7; 32]);
    let vector = |product: usize, image: usize| -> Vec<f32> {
        let mut vector = vec![0.2; 64];
        vector[product] = 1.0;
        vector[60 + image] = 0.45;
        vector
    };
    let mut rows = Vec::new();
    for product in 0..50 {
        for image in 0..3 {
            let shared = image == 2;
            let numbers = if shared {
                vec![1.0; 64]
            } else {
                vector(product, image)
            };
            rows.push(Row {
                key: format!("{product}/{image}"),
                product_id: product.to_string(),
                etag: String::new(),
                attributes: Attributes::from([(CATEGORY.to_owned(), (product % 5).into())]),
                embedding: QuantizedVector::new(&numbers).unwrap(),
            });
        }
    }
    let content = SegmentContent {
        rows,
        ..SegmentContent::default()
    };
    let id = SegmentId::new(1, 1);
    let stored = content.encode_delta(id, encoder, 64).unwrap();
    let segment = Segment::open(&Bytes::from(stored.bytes), id, encoder).unwrap();
    let snapshot = Snapshot::new(vec![segment], 64).unwrap();
    let measured = MatchThresholds::measure(&snapshot).unwrap().unwrap();
    let score = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let own = score(&vector(0, 0), &vector(0, 1));
    let other = score(&vector(0, 0), &vector(1, 0));
    assert!(other < own, "{other} {own}");
    assert!(
        measured.classify(own) >= Match::Variant,
        "{measured:?} {own}"
    );
    assert!(
        measured.classify(other - 0.01) < Match::Variant,
        "{measured:?} {other}"
    );
    assert_eq!(measured.classify(0.999), Match::Same);
}
