//! Parts a folder into images for training and for validation.

use crate::features::{Features, Hashed};
use crate::split::{self, Item};

/// Images with their features.
pub(super) struct Pooled {
    pub(super) images: Vec<Hashed>,
    pub(super) features: Features,
}

/// Moves a share of the images of each label out of `training`; images of one group stay together.
/// The result has the features of the plain images alone.
pub(super) fn split_off(training: &mut Pooled, groups: &[usize], share: f64, seed: u64) -> Pooled {
    let items: Vec<Item<'_>> = training
        .images
        .iter()
        .map(|hashed| Item {
            content: hashed.content,
            label: hashed.image.first_label(),
        })
        .collect();
    let chosen = split::validates(&items, groups, share, seed);
    let rows = |side: bool| -> Vec<usize> {
        let rows = chosen.iter().enumerate();
        rows.filter(|(_, chosen)| **chosen == side)
            .map(|(row, _)| row)
            .collect()
    };
    let features = training.features.plain_rows(&rows(true));
    training.features.keep_rows(&rows(false));
    let mut validates = chosen.into_iter();
    let (images, rest) = std::mem::take(&mut training.images)
        .into_iter()
        .partition(|_| validates.next().unwrap_or(false));
    training.images = rest;
    Pooled { images, features }
}
