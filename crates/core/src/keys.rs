//! The meaning of object keys.

use std::collections::BTreeMap;

use lookalike_index::CATEGORY;

/// Prefix of the keys of catalog images.
pub const CATALOG_PREFIX: &str = "catalog/";
/// Prefix of the keys of shoppers' images, which expire.
pub const UPLOADS_PREFIX: &str = "uploads/";

/// True if a key names a catalog image: below the prefix, and not a folder marker.
pub fn is_catalog_key(key: &str) -> bool {
    key.starts_with(CATALOG_PREFIX) && !key.ends_with('/')
}

/// True if a caller may search with the object at `key`: it is below one of the two prefixes, and
/// no part of it is empty or consists of dots.
pub fn is_allowed_query_key(key: &str) -> bool {
    let below = key
        .strip_prefix(CATALOG_PREFIX)
        .or_else(|| key.strip_prefix(UPLOADS_PREFIX));
    below.is_some_and(|rest| {
        key.len() <= 1024
            && rest.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && !rest.chars().any(char::is_control)
    })
}

/// Returns the product that an image shows: its object metadata `product-id`, otherwise the file
/// stem.
pub fn product_id_of(key: &str, metadata: &BTreeMap<String, String>) -> String {
    match metadata.get("product-id") {
        Some(id) if !id.is_empty() => id.clone(),
        _ => {
            let name = key.rsplit('/').next().unwrap_or(key);
            match name.rsplit_once('.') {
                Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
                _ => name.to_owned(),
            }
        }
    }
}

/// Returns the category of an image from its key and object metadata: the object metadata
/// `category`, otherwise the parent folder.
pub fn category_of(key: &str, metadata: &BTreeMap<String, String>) -> Option<String> {
    let category = metadata.get(CATEGORY).cloned();
    category.or_else(|| folder_of(key).map(str::to_owned))
}

/// Returns the folder below the prefix that an image is in.
pub fn folder_of(key: &str) -> Option<&str> {
    let (folders, _) = key.strip_prefix(CATALOG_PREFIX)?.rsplit_once('/')?;
    folders.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    #[test]
    fn product_and_category_come_from_the_key() {
        let key = "catalog/summer/shoes/11.63 a.jpg";
        assert_eq!(product_id_of(key, &none()), "11.63 a");
        assert_eq!(category_of(key, &none()).as_deref(), Some("shoes"));
        assert_eq!(category_of("catalog/1163.jpg", &none()), None);
        assert_eq!(product_id_of("catalog/.hidden", &none()), ".hidden");
    }

    #[test]
    fn object_metadata_goes_first() {
        let metadata = BTreeMap::from([
            ("product-id".to_owned(), "p1".to_owned()),
            ("category".to_owned(), "boots".to_owned()),
        ]);
        assert_eq!(product_id_of("catalog/shoes/1.jpg", &metadata), "p1");
        let category = category_of("catalog/shoes/1.jpg", &metadata);
        assert_eq!(category.as_deref(), Some("boots"));
    }

    #[test]
    fn only_the_two_prefixes_may_be_searched() {
        for good in ["uploads/a.jpg", "catalog/x y/ü+%.png"] {
            assert!(is_allowed_query_key(good), "{good}");
        }
        for bad in [
            "",
            "index/manifest.json",
            "catalog",
            "catalog/",
            "catalog//a",
            "catalog/../index/a",
            "uploads/..",
            "uploads/./a",
            "/catalog/a",
            "Catalog/a",
            "catalog/a\n",
        ] {
            assert!(!is_allowed_query_key(bad), "{bad}");
        }
    }
}
