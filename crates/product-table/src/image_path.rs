//! Paths of images in one form, however they were written.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;

use crate::limits::MAX_PATH_PARTS;

/// Returns a path with `/` between its parts, without a drive, `.`, `..` and spaces around its parts, in Unicode's composed form (NFC).
pub(crate) fn normalized(path: &str) -> String {
    let path = path.replace('\\', "/");
    // A drive of Windows.
    let path = match path.as_bytes() {
        [letter, b':', b'/', ..] if letter.is_ascii_alphabetic() => &path[2..],
        _ => &path,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').map(str::trim) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    // Only the end of a long path is compared.
    let first = parts.len().saturating_sub(MAX_PATH_PARTS);
    let path = parts[first..].join("/");
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&path)
        .into_owned()
}

/// Returns the path that a percent-encoded one stands for, or `None` if it is not one.
pub(crate) fn decoded(path: &str) -> Option<String> {
    match percent_decode_str(path).decode_utf8() {
        Ok(Cow::Owned(decoded)) if decoded != path => Some(decoded),
        _ => None,
    }
}

/// Returns a path in the form in which paths are compared without their case.
pub(crate) fn folded(path: &str) -> String {
    path.to_lowercase()
}

/// Returns the path itself and its ends without the first folders.
pub(crate) fn endings(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.split_once('/').map(|(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_in_one_form() {
        for (written, path) in [
            ("./shoes/a.jpg", "shoes/a.jpg"),
            (".\\win\\d.jpg", "win/d.jpg"),
            ("C:\\shop\\a.jpg", "shop/a.jpg"),
            ("/abs//c.jpg", "abs/c.jpg"),
            ("a/../b/./c.jpg", "b/c.jpg"),
            ("../../a.jpg", "a.jpg"),
            ("Mu\u{308}tze.jpg", "M\u{fc}tze.jpg"),
        ] {
            assert_eq!(normalized(written), path);
        }
        assert_eq!(decoded("a%20b.jpg").as_deref(), Some("a b.jpg"));
        assert_eq!(decoded("100%.jpg"), None);
        assert_eq!(normalized(&"a/".repeat(1000)).len(), 2 * MAX_PATH_PARTS - 1);
    }
}
