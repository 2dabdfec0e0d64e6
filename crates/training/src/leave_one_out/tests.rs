#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use lookalike_encoder::Augmentation;
use proptest::prelude::*;

use super::*;
use crate::features::Features;
use crate::image_labels::ImageLabels;

/// Makes images whose labels are directions; their own features are the only thing that is known.
fn set(labels: &[Vec<u32>]) -> Set {
    let row = |(image, labels): (usize, &Vec<u32>)| {
        let near = (image % 7) as f32 / 20.0;
        let feature = move |i: u32| f32::from(u8::from(labels.contains(&i))) + near;
        (0..6).map(feature).collect::<Vec<f32>>()
    };
    Set {
        features: Features {
            dimensions: 6,
            blocks: vec![6],
            augmentations: vec![labels.iter().enumerate().flat_map(row).collect()],
        },
        labels: ImageLabels::new(labels.to_vec()),
        products: (0..labels.len() as u32).collect(),
        baseline: Vec::new(),
    }
}

fn dataset(training: &[Vec<u32>], validation: &[Vec<u32>], trained: usize) -> Dataset {
    Dataset {
        categories: (0..6).map(|label| format!("c{label}")).collect(),
        trained,
        training: set(training),
        validation: set(validation),
        others: Vec::new(),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        suspects: Vec::new(),
        notes: Vec::new(),
        counts: BTreeMap::new(),
    }
}

fn measured(dataset: &Dataset) -> Result<LeftOut, TrainingError> {
    let recipe = Recipe {
        epochs: 1,
        batch: 8,
        augmentations: vec![Augmentation::NONE],
        ..Recipe::with_dimensions(8)
    };
    measure(dataset, &recipe, 1, (&Silent, &Stop::default()))
}

/// Labels 0, 1 and 2 come first, 3 and 4 second; 4 only with 2.
const PAIRS: [&[u32]; 6] = [&[0, 3], &[1, 3], &[2, 4], &[0], &[1], &[2]];

fn repeated(labels: &[&[u32]], times: usize) -> Vec<Vec<u32>> {
    let labels = labels.repeat(times).into_iter();
    labels.map(<[u32]>::to_vec).collect()
}

fn pairs(times: usize) -> Vec<Vec<u32>> {
    repeated(&PAIRS, times)
}

#[test]
fn no_image_with_the_category_is_trained_and_nothing_is_left_of_it() {
    let dataset = dataset(&pairs(4), &pairs(1), 5);
    let rest = without(&dataset, 3);
    // Images of 0 and 1 that are of 3 too are gone, and the others stay.
    assert_eq!(
        (rest.training.labels.len(), rest.validation.labels.len()),
        (16, 4)
    );
    assert_eq!(rest.categories, ["c0", "c1", "c2", "c4"]);
    assert_eq!(rest.trained, 4);
    assert_eq!(rest.training.labels.counts(4), [4, 4, 8, 4]);
    // No image has label 4 without 2.
    let rest = without(&dataset, 2);
    assert_eq!(rest.categories, ["c0", "c1", "c3"]);
    assert_eq!((rest.trained, rest.training.labels.len()), (3, 16));
}

#[test]
fn a_label_that_all_the_rest_have_tells_nothing_apart() {
    let labels: [&[u32]; 3] = [&[0, 3], &[1, 3], &[2, 4]];
    let rest = without(&dataset(&repeated(&labels, 4), &repeated(&labels, 1), 5), 4);
    assert_eq!(
        (rest.categories, rest.trained),
        (vec!["c0".to_owned(), "c1".to_owned()], 2)
    );
}

#[test]
fn queries_are_all_images_of_the_category_and_only_its_images_are_right() {
    let found = measured(&dataset(&pairs(4), &pairs(1), 5)).unwrap();
    let queries: Vec<(&str, usize)> = found
        .categories
        .iter()
        .map(|c| (c.category.as_str(), c.fine_tuned.queries))
        .collect();
    assert_eq!(
        queries,
        [("c0", 2), ("c1", 2), ("c2", 2), ("c3", 2), ("c4", 1)]
    );
    assert_eq!(found.fine_tuned.queries, 9);
    assert!(found.skipped.is_empty());
    // That a query shares its first label with images that were trained makes none of them right.
    let sets = LeftOutSets::new(&dataset(&pairs(4), &pairs(1), 5), 3).unwrap();
    assert_eq!(sets.queries.labels, ImageLabels::from(vec![3, 3]));
}

#[test]
fn categories_that_cannot_be_left_out_are_listed() {
    // Label 2 has no validation images.
    let training = pairs(4);
    let validation: Vec<Vec<u32>> = pairs(1).into_iter().filter(|l| !l.contains(&2)).collect();
    let found = measured(&dataset(&training, &validation, 5)).unwrap();
    let skipped: Vec<&str> = found.skipped.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(skipped, ["c2", "c4"]);
    assert!(found.skipped[0].reason.contains("no validation images"));
    let two: [&[u32]; 2] = [&[0], &[1]];
    let refused = measured(&dataset(&repeated(&two, 5), &repeated(&two, 1), 2)).unwrap_err();
    assert!(matches!(refused, TrainingError::NothingToLeaveOut));
}

proptest! {
    #[test]
    fn the_rest_is_a_dataset_of_its_own(
        training in prop::collection::vec(prop::collection::vec(0..6_u32, 1..4), 1..40),
        validation in prop::collection::vec(prop::collection::vec(0..6_u32, 1..4), 1..20),
        left_out in 0..6_u32,
    ) {
        let rest = without(&dataset(&training, &validation, 6), left_out);
        let name = format!("c{left_out}");
        prop_assert!(!rest.categories.contains(&name));
        let kept = training.iter().filter(|labels| !labels.contains(&left_out)).count();
        prop_assert_eq!(rest.training.labels.len(), kept);
        prop_assert_eq!(rest.training.features.plain().len(), 6 * kept);
        // Trained labels are those that occur, without gaps.
        let counts = rest.training.labels.counts(rest.categories.len());
        prop_assert!(counts[..rest.trained].iter().all(|&count| count > 0));
        prop_assert!(counts[rest.trained..].iter().all(|&count| count == 0));
    }
}
