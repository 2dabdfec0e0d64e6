use std::borrow::Cow;

use crate::features::Features;
use crate::image_labels::ImageLabels;
use crate::retrieval::Labeled;

/// Images of one half of the split.
#[derive(Debug, Clone)]
pub struct Set {
    /// Features, one row for each image.
    pub features: Features,
    /// Labels of each image.
    pub labels: ImageLabels,
}

impl Set {
    /// Returns the labels with `vectors`, one for each plain image, for searching.
    pub fn labeled<'a>(&'a self, vectors: &'a [f32], dimensions: usize) -> Labeled<'a> {
        Labeled {
            vectors,
            dimensions,
            labels: &self.labels,
        }
    }

    /// Returns the images whose first label is wanted.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(u32) -> bool) -> Set {
        let labels = self.labels.firsts().iter().enumerate();
        self.rows(
            labels
                .filter(|(_, label)| wanted(**label))
                .map(|(row, _)| row),
        )
    }

    /// Returns some of the images.
    #[must_use]
    pub fn rows(&self, rows: impl Iterator<Item = usize>) -> Set {
        let rows: Vec<usize> = rows.collect();
        Set {
            features: self.features.rows(&rows),
            labels: self.labels.rows(&rows),
        }
    }

    /// Returns the images with one label each: an image of several labels occurs once with each,
    /// which gives each of them an equal part of the target.
    pub fn with_single_labels(&self) -> Cow<'_, Set> {
        let images = 0..self.labels.len();
        let rows: Vec<usize> = images
            .flat_map(|image| self.labels.of(image).map(move |_| image))
            .collect();
        if rows.len() == self.labels.len() {
            return Cow::Borrowed(self);
        }
        let labels = (0..self.labels.len()).flat_map(|image| self.labels.of(image));
        let labels: Vec<u32> = labels.collect();
        Cow::Owned(Set {
            features: self.features.rows(&rows),
            labels: labels.into(),
        })
    }
}
