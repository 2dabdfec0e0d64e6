//! The maximum number of images to train on.

use anyhow::{Result, bail};
use lookalike_training::labeled::LabeledImage;
use lookalike_training::sample::sample;

/// Bounds the number of images, because their features are in memory at once.
#[derive(Debug, Clone)]
pub(crate) struct ImageBound {
    /// Maximum number of images.
    pub(crate) max: usize,
    /// Decides which products are used.
    pub(crate) seed: u64,
    /// The option that says so, as on the command line.
    pub(crate) option: String,
}

impl ImageBound {
    /// Returns at most so many of the images, by whole products, and notes it if some are left out.
    /// `place` names where they are, in a note such as `20 of 32 images of shoes are used`.
    ///
    /// # Errors
    /// If every product has more images.
    pub(crate) fn apply(
        &self,
        images: Vec<LabeledImage>,
        place: Option<&str>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<LabeledImage>> {
        let found = images.len();
        if found <= self.max {
            return Ok(images);
        }
        let used = sample(&images, self.max, self.seed);
        let of = place.map_or_else(String::new, |place| format!(" of {place}"));
        let (max, option) = (self.max, &self.option);
        if used.is_empty() {
            bail!(
                "none of the {found} images{of} can be used: each product has more than {max} images, which is the \
                 maximum of all together ({option}); allow more, or check the ids of the products"
            );
        }
        notes.push(format!(
            "{} of {found} images{of} are used ({option})",
            used.len()
        ));
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn images(count: usize, products: usize) -> Vec<LabeledImage> {
        let image = |number: usize| LabeledImage {
            path: number.to_string().into(),
            name: number.to_string(),
            label: "boot".to_owned(),
            product: Some((number % products).to_string()),
        };
        (0..count).map(image).collect()
    }

    #[test]
    fn a_bound_is_noted_where_it_takes_effect() {
        let bound = ImageBound {
            max: 20,
            seed: 1,
            option: "--max-images 20".to_owned(),
        };
        let mut notes = Vec::new();
        assert_eq!(
            bound.apply(images(20, 20), None, &mut notes).unwrap().len(),
            20
        );
        assert!(notes.is_empty());
        assert_eq!(
            bound.apply(images(40, 20), None, &mut notes).unwrap().len(),
            20
        );
        assert_eq!(
            bound
                .apply(images(50, 10), Some("shoes"), &mut notes)
                .unwrap()
                .len(),
            20
        );
        assert_eq!(
            notes,
            [
                "20 of 40 images are used (--max-images 20)",
                "20 of 50 images of shoes are used (--max-images 20)",
            ]
        );
        let refused = bound.apply(images(63, 3), None, &mut notes).unwrap_err();
        assert!(
            refused.to_string().contains("more than 20 images"),
            "{refused}"
        );
    }
}
