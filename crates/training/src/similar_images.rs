//! Images that are nearly identical, and images whose neighbors have another label, found by the
//! backbone's features before anything is trained.

use std::collections::BTreeMap;

use lookalike_index::{
    Attributes, AuditSettings, CATEGORY, Fingerprint, ImageAudit, QuantizedVector, Row, RowAddress,
    Snapshot,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::catalog_index;
use crate::error::TrainingError;
use crate::progress::Stop;

/// Cosine of the features of two images from which they count as nearly identical. With the features
/// of the built-in encoder, nine of ten photos that were scaled to half their size or stored again
/// as a poorer JPEG reach it, and one pair among 3,068 photos of clothes.
const NEARLY_IDENTICAL: f32 = 0.96;
/// Share of an image's ten nearest that must agree on another label for the image to be a suspect.
/// Of labels of clothes that were changed at random, one of 20, this finds six of ten, and six of
/// ten suspects are such labels; a higher share finds fewer with more certainty.
const SUSPECT_VOTES: f32 = 0.8;

/// What the features of images say about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SimilarImages {
    /// The group of each image: images that are nearly identical, directly or through others, have
    /// the same number, which is the lowest image of the group.
    pub groups: Vec<usize>,
    /// Number of images of several labels that would form one group, if they are most of the images:
    /// the features do not tell images apart, so that each image is a group of its own. Otherwise 0.
    pub indistinct: usize,
    /// Images that may have the wrong label, most certain first.
    pub suspects: Vec<Suspect>,
}

/// An image that may have the wrong label.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The image.
    pub image: usize,
    /// The label of most of its neighbors.
    pub suggested: String,
    /// Number of neighbors with that label.
    pub votes: usize,
    /// Number of nearest images that were looked at.
    pub neighbors: usize,
}

/// A suspect as in `card.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspectImage {
    /// The image.
    #[serde(rename = "image")]
    pub name: String,
    /// Its category.
    pub category: String,
    /// The category of most of its nearest images.
    pub suggested: String,
    /// Number of nearest images of that category.
    pub votes: usize,
    /// Number of nearest images that were looked at.
    pub neighbors: usize,
}

impl SimilarImages {
    /// Compares images by their vectors `[images, dimensions]`, each with its first label. Images
    /// without direction are similar to nothing.
    ///
    /// # Errors
    /// If it was stopped, or the index rejects the vectors.
    pub fn find(
        vectors: &[f32],
        dimensions: usize,
        labels: &[&str],
        stop: &Stop,
    ) -> Result<Self, TrainingError> {
        let rows = vectors.par_chunks_exact(dimensions).zip(labels).enumerate();
        let rows: Vec<Row> = rows
            .filter_map(|(image, (vector, label))| row(image, vector, label))
            .collect();
        let (snapshot, _) = catalog_index::index(rows, dimensions, Fingerprint([0; 32]))?;
        let settings = AuditSettings {
            same: NEARLY_IDENTICAL,
            similar: -1.0,
        };
        let audit = snapshot
            .audit(settings, &|| stop.requested())?
            .ok_or(TrainingError::Stopped)?;
        let mut groups = groups(&snapshot, &audit, labels.len());
        let indistinct = indistinct(&groups, labels);
        if indistinct > 0 {
            groups = (0..labels.len()).collect();
        }
        Ok(Self {
            groups,
            indistinct,
            suspects: suspects(&snapshot, &audit),
        })
    }

    /// Returns the number of images that are nearly identical to another one, and the number of
    /// groups that they form.
    pub fn repeated(&self) -> (usize, usize) {
        let mut sizes = vec![0_usize; self.groups.len()];
        self.groups.iter().for_each(|&group| sizes[group] += 1);
        let several = sizes.into_iter().filter(|&size| size > 1);
        several.fold((0, 0), |(images, groups), size| (images + size, groups + 1))
    }
}

fn row(image: usize, vector: &[f32], label: &str) -> Option<Row> {
    let embedding = QuantizedVector::new(vector).ok()?;
    // Each image counts as a product, so that all others are its neighbors.
    let key = image.to_string();
    let category = (CATEGORY.to_owned(), label.into());
    Some(Row {
        product_id: key.clone(),
        key,
        etag: String::new(),
        attributes: Attributes::from_iter([category]),
        embedding,
    })
}

fn groups(snapshot: &Snapshot, audit: &ImageAudit, images: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..images).collect();
    // Groups of nearly identical images contain those of identical ones.
    for group in audit.duplicates.iter().chain(&audit.near_duplicates) {
        let members = group.images.iter().map(|&address| image(snapshot, address));
        let members: Vec<usize> = members.collect();
        let first = members.iter().copied().min().unwrap_or_default();
        members
            .into_iter()
            .for_each(|member| groups[member] = first);
    }
    groups
}

/// Returns the size of the largest group if it holds most of the images, and several labels.
fn indistinct(groups: &[usize], labels: &[&str]) -> usize {
    let mut of_group: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (group, label) in groups.iter().zip(labels) {
        of_group.entry(*group).or_default().push(label);
    }
    let most = of_group
        .into_values()
        .find(|of_group| of_group.len() * 2 > groups.len());
    match most {
        Some(of_group) if of_group.iter().any(|label| *label != of_group[0]) => of_group.len(),
        _ => 0,
    }
}

fn suspects(snapshot: &Snapshot, audit: &ImageAudit) -> Vec<Suspect> {
    let certain = audit
        .misplaced
        .iter()
        .filter(|found| found.votes as f32 >= SUSPECT_VOTES * found.neighbors as f32);
    certain
        .map(|found| Suspect {
            image: image(snapshot, found.address),
            suggested: found.suggested.clone(),
            votes: found.votes,
            neighbors: found.neighbors,
        })
        .collect()
}

fn image(snapshot: &Snapshot, address: RowAddress) -> usize {
    let key = snapshot.live_rows().meta(address).key(address.row);
    key.parse().expect("keys are numbers of images")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    const DIMENSIONS: usize = 24;

    fn some(rng: &mut StdRng) -> Vec<f32> {
        (0..DIMENSIONS)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect()
    }

    fn near(center: &[f32], spread: f32, rng: &mut StdRng) -> Vec<f32> {
        let moved = center
            .iter()
            .map(|x| x + spread * rng.random_range(-1.0_f32..1.0));
        moved.collect()
    }

    #[test]
    fn near_identical_images_are_grouped_and_images_among_others_are_suspects() {
        let mut rng = StdRng::seed_from_u64(4);
        let (hat, shoe) = (some(&mut rng), some(&mut rng));
        let mut vectors: Vec<Vec<f32>> = (0..30)
            .map(|image| near(if image % 2 == 0 { &hat } else { &shoe }, 0.5, &mut rng))
            .collect();
        let mut labels: Vec<&str> = (0..30)
            .map(|i| if i % 2 == 0 { "hat" } else { "shoe" })
            .collect();
        // A hat that is filed as a shoe, two almost equal images, and one without direction.
        labels[4] = "shoe";
        let copy = near(&vectors[7], 0.01, &mut rng);
        vectors.push(copy);
        labels.push("shoe");
        vectors.push(vec![0.0; DIMENSIONS]);
        labels.push("hat");
        let found = SimilarImages::find(&vectors.concat(), DIMENSIONS, &labels, &Stop::default());
        let found = found.unwrap();
        assert_eq!(found.groups[30], 7);
        assert_eq!(found.repeated(), (2, 1));
        let single = (0..32).filter(|&image| image != 30);
        assert!(single.into_iter().all(|image| found.groups[image] == image));
        let suspects: Vec<usize> = found.suspects.iter().map(|s| s.image).collect();
        assert_eq!(suspects, [4]);
        assert_eq!(found.suspects[0].suggested, "hat");
    }

    #[test]
    fn features_that_do_not_tell_labels_apart_group_nothing() {
        let mut rng = StdRng::seed_from_u64(5);
        let (same, other) = (some(&mut rng), some(&mut rng));
        let mut vectors: Vec<Vec<f32>> = (0..6).map(|_| near(&same, 0.01, &mut rng)).collect();
        vectors.extend((0..4).map(|_| near(&other, 2.0, &mut rng)));
        let find = |labels: [&str; 10]| {
            let vectors = vectors.concat();
            SimilarImages::find(&vectors, DIMENSIONS, &labels, &Stop::default()).unwrap()
        };
        let [a, b] = ["a", "b"];
        let copies = find([a, a, a, a, a, a, b, b, b, b]);
        assert_eq!((copies.indistinct, copies.repeated()), (0, (6, 1)));
        let blind = find([a, a, a, a, a, b, b, b, b, b]);
        assert_eq!((blind.indistinct, blind.repeated()), (6, (0, 0)));
    }

    #[test]
    fn a_stop_ends_it() {
        let stop = Stop::default();
        stop.request();
        let vectors = [1.0, 0.0, 0.0, 1.0];
        let found = SimilarImages::find(&vectors, 2, &["a", "b"], &stop);
        assert!(matches!(found, Err(TrainingError::Stopped)));
    }
}
