//! Labels that nearly all images have. They tell nothing apart: with such a label, any image is
//! right for any other, so that each measure is nearly 1 whatever an encoder does.

use std::collections::{BTreeMap, BTreeSet};

use crate::labeled_image::LabeledImage;

/// Of this many images, one may lack a label that nearly all have.
const IMAGES_FOR_EACH_WITHOUT: usize = 20;

/// True if so many of the images have a label that it tells nothing apart: all, or all but one in
/// twenty.
pub(crate) fn is_common(with: usize, images: usize) -> bool {
    images > 0 && (images - with) * IMAGES_FOR_EACH_WITHOUT <= images
}

/// The labels that nearly all of some images have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonLabels {
    /// Number of images that have each.
    counts: BTreeMap<String, usize>,
    /// Number of all images.
    images: usize,
}

impl CommonLabels {
    /// Finds the labels that nearly all of the images have.
    pub fn of<'a>(images: impl IntoIterator<Item = &'a LabeledImage>) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut count = 0;
        for image in images {
            count += 1;
            for label in image.labels().collect::<BTreeSet<&str>>() {
                *counts.entry(label).or_default() += 1;
            }
        }
        let common = counts
            .into_iter()
            .filter(|(_, with)| is_common(*with, count));
        Self {
            counts: common
                .map(|(label, with)| (label.to_owned(), with))
                .collect(),
            images: count,
        }
    }

    /// Returns the labels, each with the number of images that have it, in order.
    pub fn counts(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }

    /// Returns the number of all images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Returns the labels of an image that tell it apart from others; possibly none.
    pub fn others<'a>(&self, image: &'a LabeledImage) -> impl Iterator<Item = &'a str> {
        image
            .labels()
            .filter(|label| !self.counts.contains_key(*label))
    }

    /// Returns the label under which an image is counted: the first that tells it apart, otherwise
    /// its first.
    pub fn name<'a>(&self, image: &'a LabeledImage) -> &'a str {
        self.others(image)
            .next()
            .unwrap_or_else(|| image.first_label())
    }

    /// Returns the names of the labels, each in quotes, separated by commas.
    pub fn list(&self) -> String {
        let names: Vec<String> = self.counts.keys().map(|name| format!("{name:?}")).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_all_but_one_in_twenty() {
        assert!(is_common(1, 1) && is_common(19, 19) && !is_common(18, 19));
        assert!(is_common(19, 20) && !is_common(18, 20));
        assert!(is_common(38, 40) && !is_common(37, 40));
        assert!(!is_common(0, 0));
    }

    #[test]
    fn labels_are_common_in_any_place_and_however_often() {
        let image = |label: &str| LabeledImage {
            path: label.into(),
            name: label.to_owned(),
            label: label.to_owned(),
            product: None,
        };
        let images = ["a|all", "all|b|all", "all", "c|all"].map(image);
        let common = CommonLabels::of(&images);
        assert_eq!((common.list().as_str(), common.images()), ("\"all\"", 4));
        assert_eq!(common.counts()["all"], 4);
        let others = images.each_ref().map(|image| common.others(image).count());
        assert_eq!(others, [1, 1, 0, 1]);
        assert_eq!(
            images.each_ref().map(|i| common.name(i)),
            ["a", "b", "all", "c"]
        );
    }
}
