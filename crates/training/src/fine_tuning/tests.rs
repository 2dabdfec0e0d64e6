#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use lookalike_encoder::Augmentation;
use rand::RngExt;

use super::*;
use crate::features::Features;
use crate::leave_one_out;
use crate::progress::Silent;

const FEATURES: usize = 24;
const LABELS: u32 = 4;

/// Makes features of which a few weak ones determine the label; the others are strong and have no
/// information.
fn set(count: usize, augmentations: usize, rng: &mut StdRng) -> Set {
    let labels: Vec<u32> = (0..count).map(|i| i as u32 % LABELS).collect();
    let mut augmentation = || {
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
                .map(|i| 3.0 + tells(i) + loud(i) * rng.random_range(-1.0_f32..1.0))
                .collect();
            row
        };
        labels.iter().flat_map(row).collect()
    };
    Set {
        features: Features {
            dimensions: FEATURES,
            blocks: vec![FEATURES - 4, 4],
            augmentations: (0..augmentations).map(|_| augmentation()).collect(),
        },
        products: (0..count as u32).collect(),
        baseline: Vec::new(),
        labels: labels.into(),
    }
}

fn dataset() -> Dataset {
    let mut rng = StdRng::seed_from_u64(11);
    Dataset {
        categories: (0..LABELS).map(|label| label.to_string()).collect(),
        trained: LABELS as usize,
        training: set(240, 2, &mut rng),
        validation: set(80, 1, &mut rng),
        others: Vec::new(),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        suspects: Vec::new(),
        notes: Vec::new(),
        counts: BTreeMap::new(),
    }
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 12,
        batch: 48,
        learning_rate: 1e-2,
        // A few strong features determine the labels here: the discriminant analysis is already
        // right.
        temperature: 1.0,
        augmentations: vec![Augmentation::NONE, Augmentation::NONE.flip()],
        ..Recipe::with_dimensions(16)
    }
}

#[test]
fn informative_features_are_found_among_others() {
    let dataset = dataset();
    let stop = Stop::default();
    let trained = train(&dataset, &recipe(), 1, (&Silent, &stop)).unwrap();
    let measured = |head| {
        let scores = metrics::scores(&dataset.training, &dataset.validation, head);
        Measures::of(&scores).average_precision
    };
    let (before, after) = (measured(None), measured(Some(&trained.head)));
    assert!(before < 0.4 && after > 0.7, "{before} to {after}");
    assert!((trained.log.best_map - after).abs() < 1e-9);
    assert_eq!(trained.head.dimensions(), 16);
    assert!(!trained.log.interrupted);
}

#[test]
fn a_seed_decides_everything() {
    let dataset = dataset();
    let stop = Stop::default();
    let head = |seed| {
        train(&dataset, &recipe(), seed, (&Silent, &stop))
            .unwrap()
            .head
    };
    assert_eq!(head(5), head(5));
    assert_ne!(head(5), head(6));
}

/// Requests a stop once an epoch is over.
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
    assert!(trained.log.interrupted);
    assert_eq!(trained.log.epochs, 3);
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
    assert_eq!((trained.log.best_epoch, trained.log.epochs), (0, 2));
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
    let left_out = left_out.unwrap();
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
