//! The labels of images, as numbers.

use std::collections::HashSet;

/// The labels of images: none, one or several of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageLabels {
    /// Labels of all images, image after image.
    labels: Vec<u32>,
    /// Where the labels of each image end.
    ends: Vec<usize>,
}

impl ImageLabels {
    /// Takes the labels of each image; one that occurs twice counts once.
    pub fn new<L: IntoIterator<Item = u32>>(of_images: impl IntoIterator<Item = L>) -> Self {
        let mut all = Self::default();
        let mut seen = HashSet::new();
        for of_image in of_images {
            seen.clear();
            let of_image = of_image.into_iter();
            all.labels
                .extend(of_image.filter(|label| seen.insert(*label)));
            all.ends.push(all.labels.len());
        }
        all
    }

    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there are no images.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the labels of an image.
    pub fn of(&self, image: usize) -> &[u32] {
        let begin = image.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.labels[begin..self.ends[image]]
    }

    /// Returns the labels of each image.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|image| self.of(image))
    }

    /// Returns the first label of an image, if it has any.
    pub fn first(&self, image: usize) -> Option<u32> {
        self.of(image).first().copied()
    }

    /// Returns the number of images whose first label is `label`.
    pub fn count_first(&self, label: u32) -> usize {
        self.iter()
            .filter(|labels| labels.first() == Some(&label))
            .count()
    }

    /// Returns the number of images that have each of the labels `0..labels`, in any place.
    pub fn counts(&self, labels: usize) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }

    /// Returns the images that have a label, in any place.
    pub fn with(&self, label: u32) -> Vec<usize> {
        let images = 0..self.len();
        images
            .filter(|&image| self.of(image).contains(&label))
            .collect()
    }

    /// True if an image has a label in common with an image of `others`.
    pub fn share(&self, image: usize, others: &Self, other: usize) -> bool {
        let theirs = others.of(other);
        self.of(image).iter().any(|label| theirs.contains(label))
    }

    /// Returns the first label of a query and the label that it is taken for, given the nearest
    /// image: the same one if they have any in common, for one of several labels that is right is not
    /// confused with the first. `None` if one of them has no label.
    pub(crate) fn confused(
        &self,
        nearest: usize,
        queries: &Self,
        query: usize,
    ) -> Option<(u32, u32)> {
        let label = queries.first(query)?;
        match self.share(nearest, queries, query) {
            true => Some((label, label)),
            false => Some((label, self.first(nearest)?)),
        }
    }

    /// Returns the labels of some images.
    #[must_use]
    pub fn rows(&self, images: &[usize]) -> Self {
        Self::new(images.iter().map(|&image| self.of(image).iter().copied()))
    }

    /// Returns the labels with other numbers, and without those for which there is no number.
    #[must_use]
    pub fn renumbered(&self, number: impl Fn(u32) -> Option<u32>) -> Self {
        let of_image = |labels: &[u32]| labels.iter().filter_map(|&label| number(label)).collect();
        Self::new(self.iter().map(of_image).collect::<Vec<Vec<u32>>>())
    }
}

impl From<Vec<u32>> for ImageLabels {
    /// Takes one label of each image.
    fn from(labels: Vec<u32>) -> Self {
        Self {
            ends: (1..=labels.len()).collect(),
            labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn some_labels() -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0..5_u32, 0..4), 1..12)
    }

    proptest! {
        #[test]
        fn labels_are_shared_and_counted_as_sets_are(one in some_labels(), other in some_labels()) {
            let (a, b) = (ImageLabels::new(one.clone()), ImageLabels::new(other.clone()));
            for (i, mine) in one.iter().enumerate() {
                for (j, theirs) in other.iter().enumerate() {
                    let mine: BTreeSet<u32> = mine.iter().copied().collect();
                    let shared = theirs.iter().any(|label| mine.contains(label));
                    prop_assert_eq!(a.share(i, &b, j), shared);
                    prop_assert_eq!(b.share(j, &a, i), shared);
                }
            }
            for label in 0..5 {
                let with: Vec<usize> = (0..one.len()).filter(|&i| one[i].contains(&label)).collect();
                prop_assert_eq!(a.counts(5)[label as usize], with.len());
                prop_assert_eq!(a.with(label), with);
            }
        }
    }

    #[test]
    fn one_label_of_each_is_the_same_in_both_forms() {
        let labels = ImageLabels::new([vec![3], vec![1]]);
        assert_eq!(labels, ImageLabels::from(vec![3, 1]));
        let several = ImageLabels::new([vec![3, 1, 3], vec![1], vec![], vec![0]]);
        assert_eq!(several.of(0), [3, 1]);
        assert_eq!((several.first(0), several.first(2)), (Some(3), None));
        assert_eq!((several.count_first(1), several.len()), (1, 4));
        assert_eq!(several.rows(&[1, 3]), ImageLabels::from(vec![1, 0]));
        let higher = several.renumbered(|label| (label > 0).then_some(label + 1));
        assert_eq!(
            higher,
            ImageLabels::new([vec![4, 2], vec![2], vec![], vec![]])
        );
    }
}
