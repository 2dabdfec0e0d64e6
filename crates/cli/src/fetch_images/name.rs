//! Keys of fetched images.

use lookalike_core::{CATALOG_PREFIX, ImageFormat};
use reqwest::Url;
use sha2::{Digest, Sha256};

/// Digits of the hash in a name: with 64 bits, two of a million images share one with a probability of 1 in 30 million.
const HASH_DIGITS: usize = 16;
/// Maximum bytes of a folder's name and of the product id in a name: keys of S3 have at most 1,024.
const MAX_PART_BYTES: usize = 100;

/// The place of an image in the catalog, known before it is downloaded except for the ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName {
    folder: Option<String>,
    product: String,
    hash: String,
}

impl ImageName {
    /// Returns the name of the image at `url`, which shows a product.
    pub(crate) fn new(product_id: &str, category: Option<&str>, url: &Url) -> Self {
        let mut hash = Sha256::new();
        hash.update(product_id);
        hash.update([0]);
        hash.update(url.as_str());
        let mut hash = hex::encode(hash.finalize());
        hash.truncate(HASH_DIGITS);
        let category = category.filter(|category| !category.trim().is_empty());
        Self {
            folder: category.map(safe),
            product: safe(product_id),
            hash,
        }
    }

    /// Returns the hash of product and link, which identifies the image in every folder.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the key of an image of this format.
    pub(crate) fn key(&self, format: ImageFormat) -> String {
        let Self { product, hash, .. } = self;
        format!("{}{product}-{hash}.{}", self.prefix(), ending(format))
    }

    /// True if `key` is in the folder of this name.
    pub(crate) fn is_in_folder(&self, key: &str) -> bool {
        key.strip_prefix(&self.prefix())
            .is_some_and(|rest| !rest.contains('/'))
    }

    fn prefix(&self) -> String {
        match &self.folder {
            Some(folder) => format!("{CATALOG_PREFIX}{folder}/"),
            None => CATALOG_PREFIX.to_owned(),
        }
    }
}

/// Returns the hash in a key, if a fetch may have made it.
pub(crate) fn hash_in(key: &str) -> Option<&str> {
    let (stem, _) = key.rsplit('/').next()?.rsplit_once('.')?;
    let (product, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == HASH_DIGITS
        && hash
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_hash && !product.is_empty()).then_some(hash)
}

fn ending(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "jpg",
        ImageFormat::Png => "png",
        ImageFormat::WebP => "webp",
        ImageFormat::Gif => "gif",
        ImageFormat::Bmp => "bmp",
        ImageFormat::Tiff => "tiff",
        ImageFormat::Avif => "avif",
    }
}

/// Returns a text as a part of a key: letters and digits of any script, `-`, `_` and `.` stay; every other character
/// becomes `_`, so that no key has an empty part, dots alone, or a character that URLs or shells treat differently.
fn safe(text: &str) -> String {
    let mut safe = String::new();
    for character in text.trim().chars() {
        let character = match character {
            '.' if safe.is_empty() => '_',
            '-' | '_' | '.' => character,
            letter if letter.is_alphanumeric() => letter,
            _ => '_',
        };
        if safe.len() + character.len_utf8() > MAX_PART_BYTES {
            break;
        }
        safe.push(character);
    }
    if safe.is_empty() {
        safe.push('_');
    }
    safe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn url() -> Url {
        Url::parse("https://shop.example/1.jpg").unwrap()
    }

    #[test]
    fn a_key_never_changes() {
        let name = ImageName::new("boot 7", Some("Shoes/Boots"), &url());
        assert_eq!(
            name.key(ImageFormat::Jpeg),
            "catalog/Shoes_Boots/boot_7-350e6ffba769df53.jpg"
        );
        let name = ImageName::new("Stiefel für Bäche", Some(" "), &url());
        let key = name.key(ImageFormat::WebP);
        assert!(key.starts_with("catalog/Stiefel_für_Bäche-"), "{key}");
        assert!(name.is_in_folder(&key));
        assert!(!name.is_in_folder("catalog/boots/x.webp"));
    }

    #[test]
    fn other_files_are_not_taken_for_fetched_ones() {
        for key in [
            "catalog/boots/b.jpg",
            "catalog/b-0123456789ABCDEF.jpg",
            "catalog/b-0123456789abcde.jpg",
            "catalog/-0123456789abcdef.jpg",
            "catalog/b-0123456789abcdef",
            "catalog/b-0123456789abcdef.jpg/c",
        ] {
            assert_eq!(hash_in(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn every_key_is_safe_and_is_recognized(
            product in "\\PC{0,60}|[./\\\\ -]{0,5}",
            category in proptest::option::of("\\PC{0,60}|[./\\\\ -]{0,5}"),
        ) {
            let name = ImageName::new(&product, category.as_deref(), &url());
            let key = name.key(ImageFormat::Png);
            prop_assert!(key.len() <= 1024);
            prop_assert!(key.starts_with(CATALOG_PREFIX));
            prop_assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")));
            prop_assert!(key.matches('/').count() <= 2);
            prop_assert!(!key.chars().any(|c| c.is_control() || c.is_whitespace() || "?#%&\\\"'".contains(c)));
            prop_assert_eq!(hash_in(&key), Some(name.hash()));
            prop_assert!(name.is_in_folder(&key));
        }
    }
}
