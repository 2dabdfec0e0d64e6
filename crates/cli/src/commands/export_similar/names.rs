//! The names of exported files.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// The file that lists all others.
pub(super) const INDEX: &str = "index.json";
/// The file that lists those whose content is uncertain; it exists during a run, and after an
/// interrupted one. No product's file has such a name, because those end with `.json`.
pub(super) const PENDING: &str = "export.pending";

/// The file that excludes other exports into the same prefix of a bucket.
pub(super) const LOCK: &str = "export.lock";

/// Suffix of a file that is being written.
pub(super) const UNFINISHED: &str = ".new";

/// The characters that encodeURIComponent of ECMA-262 encodes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
/// Maximum bytes of a name before its extension: files may have 255, and one that is being written
/// has a longer extension.
const MAX_NAME_BYTES: usize = 240;
/// Number of bytes of a longer name that are kept, before its digest.
const KEPT_BYTES: usize = 160;

/// Returns the name of a product's file: its id as encodeURIComponent writes it. An id whose name
/// would be too long becomes its beginning and a digest; `index`, which is the name of the index,
/// is written `%69ndex`.
pub(super) fn file_name(product_id: &str) -> String {
    let encoded = utf8_percent_encode(product_id, ENCODED).to_string();
    if encoded.len() > MAX_NAME_BYTES {
        let digest = Sha256::digest(product_id.as_bytes());
        return format!("{}~{}.json", &encoded[..KEPT_BYTES], hex::encode(digest));
    }
    match encoded.as_str() {
        "index" => "%69ndex.json".to_owned(),
        _ => format!("{encoded}.json"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_those_that_a_browser_makes() {
        for (id, name) in [
            ("1163", "1163.json"),
            ("a b+c/d", "a%20b%2Bc%2Fd.json"),
            ("größe", "gr%C3%B6%C3%9Fe.json"),
            ("../..", "..%2F...json"),
            ("it's (new)!*~", "it's%20(new)!*~.json"),
            ("index", "%69ndex.json"),
            ("Index", "Index.json"),
        ] {
            assert_eq!(file_name(id), name);
        }
    }

    #[test]
    fn names_fit_into_a_folder_and_stay_apart() {
        let long = "鞋".repeat(600);
        let ids = [
            long.clone(),
            format!("{long}x"),
            "x".repeat(240),
            "x".repeat(241),
        ];
        let names: BTreeSet<String> = ids.iter().map(|id| file_name(id)).collect();
        assert_eq!(names.len(), ids.len());
        assert!(
            names
                .iter()
                .all(|name| name.len() <= 250 && name.is_ascii())
        );
        assert!(names.iter().all(|name| name != INDEX && name != PENDING));
    }
}
