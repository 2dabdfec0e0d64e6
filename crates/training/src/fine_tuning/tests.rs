#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use lookalike_encoder::View;
use rand::RngExt;

use super::*;
use crate::features::Features;
use crate::leave_one_out;
use crate::progress::Silent;

const FEATURES: usize = 24;
const LABELS: u32 = 4;

/// Features of which a few tell the label, quietly, and the others are loud and say nothing.
fn set(count: usize, views: usize, dice: &mut StdRng) -> Set {
    let labels: Vec<u32> = (0..count).map(|i| i as u32 % LABELS).collect();
    let mut view = || {
        let row = |label: &u32| {
            let label = *label as usize;
            let tells = move |i: usize| {
                if i % LABELS as usize == label && i < 8 {
                    1.0
                } else {
                    0.0
                }
            };
            let loud = |i: usize| if i < 8 { 0.5 } else { 4.0 };
            let row: Vec<f32> = (0..FEATURES)
                .map(|i| 3.0 + tells(i) + loud(i) * dice.random_range(-1.0_f32..1.0))
                .collect();
            row
        };
        labels.iter().flat_map(row).collect()
    };
    Set {
        features: Features {
            dimensions: FEATURES,
            blocks: vec![FEATURES - 4, 4],
            views: (0..views).map(|_| view()).collect(),
        },
        labels: labels.clone(),
    }
}

fn dataset() -> Dataset {
    let mut dice = StdRng::seed_from_u64(11);
    Dataset {
        categories: (0..LABELS).map(|label| label.to_string()).collect(),
        trained: LABELS as usize,
        training: set(240, 2, &mut dice),
        validation: set(80, 1, &mut dice),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        notes: Vec::new(),
        counts: BTreeMap::new(),
    }
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 12,
        batch: 48,
        learning_rate: 1e-2,
        // Few loud features tell the labels apart here: the discriminant analysis is right as it is.
        temperature: 1.0,
        views: vec![View::PLAIN, View::PLAIN.flip()],
        ..Recipe::with_dimensions(16)
    }
}

#[test]
fn what_tells_labels_apart_is_found_among_what_does_not() {
    let dataset = dataset();
    let stop = Stop::default();
    let trained = train(&dataset, &recipe(), 1, (&Silent, &stop)).unwrap();
    let measured = |tail| {
        let scores = measure::scores(&dataset.training, &dataset.validation, tail);
        Measures::of(&scores).average_precision
    };
    let (before, after) = (measured(None), measured(Some(&trained.tail)));
    assert!(before < 0.4 && after > 0.7, "{before} to {after}");
    assert!((trained.course.best_map - after).abs() < 1e-9);
    assert_eq!(trained.tail.dimensions(), 16);
    assert!(!trained.course.interrupted);
}

#[test]
fn a_seed_decides_everything() {
    let dataset = dataset();
    let stop = Stop::default();
    let tail = |seed| {
        train(&dataset, &recipe(), seed, (&Silent, &stop))
            .unwrap()
            .tail
    };
    assert_eq!(tail(5), tail(5));
    assert_ne!(tail(5), tail(6));
}

/// Asks to stop once an epoch is over.
struct After<'a>(usize, &'a Stop);

impl Progress for After<'_> {
    fn begin(&self, _: Stage, _: u64) {}
    fn advance(&self, _: u64) {}
    fn epoch(&self, number: usize, _: f32, _: f64) {
        if number == self.0 {
            self.1.request();
        }
    }
}

#[test]
fn stopping_keeps_the_best_so_far() {
    let dataset = dataset();
    let stop = Stop::default();
    let trained = train(&dataset, &recipe(), 1, (&After(3, &stop), &stop)).unwrap();
    assert!(trained.course.interrupted);
    assert_eq!(trained.course.epochs, 3);
    let error = train(&dataset, &recipe(), 1, (&Silent, &stop)).unwrap_err();
    assert!(matches!(error, TrainingError::Stopped));
}

#[test]
fn no_progress_ends_it() {
    let dataset = dataset();
    let still = Recipe {
        learning_rate: 0.0,
        patience: 2,
        ..recipe()
    };
    let trained = train(&dataset, &still, 1, (&Silent, &Stop::default())).unwrap();
    assert_eq!((trained.course.best_epoch, trained.course.epochs), (0, 2));
}

#[test]
fn numbers_out_of_range_are_an_error() {
    let dataset = dataset();
    let wild = Recipe {
        learning_rate: 1e30,
        ..recipe()
    };
    let error = train(&dataset, &wild, 1, (&Silent, &Stop::default())).unwrap_err();
    assert!(matches!(error, TrainingError::NotFinite { .. }), "{error}");
}

#[test]
fn every_category_is_left_out_once() {
    let dataset = dataset();
    let stop = Stop::default();
    let quick = Recipe {
        epochs: 2,
        ..recipe()
    };
    let left_out = leave_one_out::measure(&dataset, &quick, 1, (&Silent, &stop));
    let left_out = left_out.unwrap().unwrap();
    let names: Vec<&str> = left_out
        .categories
        .iter()
        .map(|c| c.category.as_str())
        .collect();
    assert_eq!(names, ["0", "1", "2", "3"]);
    assert_eq!(left_out.fine_tuned.queries, 80);
    let gain = left_out.fine_tuned.average_precision - left_out.backbone.average_precision;
    assert!((left_out.average_precision_gain.mean - gain).abs() < 1e-9);
}
