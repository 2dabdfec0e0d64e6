#![allow(clippy::unwrap_used)]

use super::measurement::Sample;
use super::*;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::QuantizedVector;
use crate::row::{Attributes, CATEGORY, Row};
use crate::segment::{Segment, SegmentContent};
use crate::snapshot::Snapshot;
use bytes::Bytes;

fn sample(other: f32, own: Option<f32>, labeled: &[(f32, bool)]) -> Sample {
    Sample {
        other: Some(other),
        own,
        labeled: labeled.to_vec(),
    }
}

/// 0.5, 0.501, ... 0.699
fn others() -> impl Iterator<Item = f32> {
    (0..200).map(|i| 0.5 + i as f32 / 1000.0)
}

#[test]
fn hardly_any_image_of_another_product_is_the_same() {
    let samples: Vec<Sample> = others().map(|score| sample(score, None, &[])).collect();
    let measured = MatchThresholds::of(&samples).unwrap();
    assert_eq!(measured.samples, 200);
    let share = |class| {
        let classes = others().map(|score| measured.classify(score));
        classes.filter(|found| *found >= class).count() as f64 / 200.0
    };
    assert!(share(Match::Same) <= 0.01 && share(Match::Same) > 0.0);
    assert!(share(Match::Variant) <= 0.1 && share(Match::Variant) > 0.05);
    assert!(share(Match::Similar) <= 0.75 && share(Match::Similar) > 0.7);
    assert!(measured.is_possible());
}

#[test]
fn images_of_one_product_show_what_variants_are() {
    let own = |i: usize| i.is_multiple_of(4).then_some(0.65 + i as f32 / 2000.0);
    let samples = others().enumerate();
    let samples: Vec<Sample> = samples
        .map(|(i, score)| sample(score, own(i), &[]))
        .collect();
    let measured = MatchThresholds::of(&samples).unwrap();
    assert!((0.64..=0.699).contains(&measured.variant), "{measured:?}");
    assert!(measured.variant <= measured.same);
}

#[test]
fn categories_show_what_is_similar() {
    // One category from 0.6 on, all categories below.
    let labeled: Vec<(f32, bool)> = others()
        .enumerate()
        .map(|(i, score)| (score, score >= 0.6 || i.is_multiple_of(3)))
        .collect();
    let samples: Vec<Sample> = others()
        .map(|score| sample(score, None, &labeled))
        .collect();
    let measured = MatchThresholds::of(&samples).unwrap();
    assert!((0.54..0.6).contains(&measured.similar), "{measured:?}");
}

#[test]
fn one_category_does_not_show_what_is_similar() {
    let samples = |labeled: &[(f32, bool)]| -> Vec<Sample> {
        let labeled = labeled.to_vec();
        others()
            .map(|score| sample(score, None, &labeled))
            .collect()
    };
    let none = MatchThresholds::of(&samples(&[])).unwrap();
    for labels in [[(0.6, true)], [(0.6, false)]] {
        assert_eq!(MatchThresholds::of(&samples(&labels)).unwrap(), none);
    }
}

#[test]
fn few_images_are_not_measured() {
    let samples: Vec<Sample> = others().take(29).map(|s| sample(s, None, &[])).collect();
    assert_eq!(MatchThresholds::of(&samples), None);
    assert_eq!(MatchThresholds::of(&[]), None);
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
