//! The path `/images/{key}`, where keys may contain slashes and everything else.

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::problem::{Problem, ProblemKind, shown};

/// Returns the object key of the path; its slashes may be plain or encoded.
pub(crate) fn image_key(uri: &Uri) -> Result<String, Problem> {
    let text = uri.path().strip_prefix("/images/").unwrap_or_default();
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| {
        let detail = format!(
            "object key {} is not UTF-8 after percent-decoding; encode it as UTF-8",
            shown(text)
        );
        Problem::new(ProblemKind::InvalidPath, detail)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_may_hold_anything() {
        for (path, key) in [
            ("catalog/shoes/1.jpg", "catalog/shoes/1.jpg"),
            ("catalog%2Fshoes%2F1.jpg", "catalog/shoes/1.jpg"),
            ("catalog/a%20b+c%25.png", "catalog/a b+c%.png"),
            ("catalog/%C3%BC.png", "catalog/ü.png"),
        ] {
            let uri = format!("/images/{path}?x=1").parse().unwrap();
            assert_eq!(image_key(&uri).unwrap(), key);
        }
        assert!(image_key(&"/images/%FF".parse().unwrap()).is_err());
    }
}
