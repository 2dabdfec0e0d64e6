//! What images are trained with: each of them once with each of its labels.

use crate::image_labels::ImageLabels;

/// Pairs of an image and one of its labels. An image of several labels occurs with each, so that
/// each has an equal part of the target; its features are stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Targets {
    /// The image of each pair.
    pub(crate) images: Vec<usize>,
    /// The label of each pair.
    pub(crate) labels: Vec<u32>,
}

impl Targets {
    /// Returns all pairs, image by image.
    pub(crate) fn of(labels: &ImageLabels) -> Self {
        let pairs = labels.iter().enumerate();
        let (images, labels) = pairs
            .flat_map(|(image, labels)| labels.iter().map(move |&label| (image, label)))
            .unzip();
        Self { images, labels }
    }

    /// Returns the number of pairs.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_occurs_with_each_of_its_labels() {
        let targets = Targets::of(&ImageLabels::new([vec![2, 0], vec![], vec![1]]));
        assert_eq!(targets.images, [0, 0, 2]);
        assert_eq!(targets.labels, [2, 0, 1]);
        assert_eq!(targets.len(), 3);
    }
}
