use std::path::PathBuf;

use crate::ranked_product::product_key;

/// An image file and its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabeledImage {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that was read, with `/` between folders.
    pub name: String,
    /// Label of the image; several are separated by [`SEPARATOR`].
    pub label: String,
    /// Id of its product, if it is known. Without one, an image is a product of its own.
    pub product: Option<String>,
}

/// Separates the labels of an image that has several.
pub const SEPARATOR: char = '|';

impl LabeledImage {
    /// Returns the labels of the image, at least one.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        labels_of(&self.label)
    }

    /// Returns the first label.
    pub fn first_label(&self) -> &str {
        self.labels().next().unwrap_or(&self.label)
    }

    /// Returns the identity of its product, or of its name without one.
    pub(crate) fn product_key(&self) -> [u8; 32] {
        product_key(self.product.as_deref().unwrap_or(&self.name))
    }

    /// True if the images have a label in common.
    pub fn shares_label(&self, other: &Self) -> bool {
        self.labels()
            .any(|label| other.labels().any(|found| found == label))
    }
}

/// Returns the parts of a text that may hold several labels; the text itself if it holds none.
pub fn labels_of(text: &str) -> impl Iterator<Item = &str> {
    let mut parts = text
        .split(SEPARATOR)
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or(text);
    std::iter::once(first).chain(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_one_label_or_several() {
        let labels = |text| labels_of(text).collect::<Vec<&str>>();
        assert_eq!(labels("hat"), ["hat"]);
        assert_eq!(labels(" shirt | cotton|"), ["shirt", "cotton"]);
        assert_eq!(labels("|"), ["|"]);
    }
}
