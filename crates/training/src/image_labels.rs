//! The labels of images, as numbers.

/// The labels of images, one or several of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageLabels {
    first: Vec<u32>,
    /// Labels of each image after its first; empty if no image has several.
    more: Vec<Vec<u32>>,
}

impl ImageLabels {
    /// Takes the labels of each image.
    ///
    /// # Panics
    /// If an image has none.
    pub fn new(of_images: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let mut labels = Self::default();
        for mut of_image in of_images {
            labels.first.push(of_image.remove(0));
            labels.more.push(of_image);
        }
        labels.forget_if_single();
        labels
    }

    /// Returns the first label of each image.
    pub fn firsts(&self) -> &[u32] {
        &self.first
    }

    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// True if there are no images.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Returns all labels of an image.
    pub fn of(&self, image: usize) -> impl Iterator<Item = u32> + '_ {
        let more = self.more.get(image).map_or(&[][..], Vec::as_slice);
        std::iter::once(self.first[image]).chain(more.iter().copied())
    }

    /// True if an image has a label in common with an image of `others`.
    pub fn share(&self, image: usize, others: &Self, other: usize) -> bool {
        if self.first[image] == others.first[other] {
            return true;
        }
        if self.more.is_empty() && others.more.is_empty() {
            return false;
        }
        self.of(image)
            .any(|label| others.of(other).any(|found| found == label))
    }

    /// Returns the labels of some images.
    #[must_use]
    pub fn rows(&self, images: &[usize]) -> Self {
        Self::new(images.iter().map(|&image| self.of(image).collect()))
    }

    /// Returns the labels as if one did not exist; those after it move up.
    ///
    /// # Panics
    /// If an image has only that one.
    #[must_use]
    pub fn without(&self, left_out: u32) -> Self {
        Self::new((0..self.len()).map(|image| {
            let labels = self.of(image).filter(|&label| label != left_out);
            labels
                .map(|label| label - u32::from(label > left_out))
                .collect()
        }))
    }

    fn forget_if_single(&mut self) {
        if self.more.iter().all(Vec::is_empty) {
            self.more.clear();
        }
    }
}

impl From<Vec<u32>> for ImageLabels {
    /// Takes one label of each image.
    fn from(first: Vec<u32>) -> Self {
        Self {
            first,
            more: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn some_labels() -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0..5_u32, 1..4), 1..12)
    }

    proptest! {
        #[test]
        fn labels_are_shared_as_sets_are(one in some_labels(), other in some_labels()) {
            let (a, b) = (ImageLabels::new(one.clone()), ImageLabels::new(other.clone()));
            for (i, mine) in one.iter().enumerate() {
                for (j, theirs) in other.iter().enumerate() {
                    let mine: BTreeSet<u32> = mine.iter().copied().collect();
                    let shared = theirs.iter().any(|label| mine.contains(label));
                    prop_assert_eq!(a.share(i, &b, j), shared);
                    prop_assert_eq!(b.share(j, &a, i), shared);
                }
            }
        }
    }

    #[test]
    fn one_label_of_each_is_the_same_in_both_forms() {
        let labels = ImageLabels::new([vec![3], vec![1]]);
        assert_eq!(labels, ImageLabels::from(vec![3, 1]));
        let several = ImageLabels::new([vec![3, 1], vec![1], vec![0]]);
        assert_eq!(several.rows(&[1, 2]), ImageLabels::from(vec![1, 0]));
        assert_eq!(several.without(3), ImageLabels::from(vec![1, 1, 0]));
        assert_eq!(
            several.without(2),
            ImageLabels::new([vec![2, 1], vec![1], vec![0]])
        );
    }
}
