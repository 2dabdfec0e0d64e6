//! The paths `/products/{product_id}` and `/products/{product_id}/similar`, where ids may contain everything.

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::problem::{Problem, ProblemKind, shown};

/// A path below `/products/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProductPath {
    /// The product itself.
    Product(String),
    /// The products that look like it.
    Similar(String),
}

impl ProductPath {
    /// Reads the path before it is decoded, so that `a%2Fsimilar` is a product and `a/similar` a search. Slashes inside
    /// the id may be plain, because some gateways decode paths.
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        let rest = uri.path().strip_prefix("/products/").unwrap_or_default();
        match rest.strip_suffix("/similar") {
            Some(id) if !id.is_empty() => decode(id).map(Self::Similar),
            _ => decode(rest).map(Self::Product),
        }
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| {
        Problem::new(
            ProblemKind::InvalidPath,
            format!(
                "product id {} is not UTF-8 after percent-decoding; encode it as UTF-8",
                shown(text)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ProductPath::{Product, Similar};

    #[test]
    fn ids_may_hold_anything() {
        for (path, expected) in [
            ("1163", Product("1163".into())),
            ("1163/similar", Similar("1163".into())),
            ("a%2Fb", Product("a/b".into())),
            ("a/b/similar", Similar("a/b".into())),
            ("a%2Fsimilar", Product("a/similar".into())),
            ("a%2Fsimilar/similar", Similar("a/similar".into())),
            ("similar", Product("similar".into())),
            ("similar/similar", Similar("similar".into())),
            ("red%20shoe+1", Product("red shoe+1".into())),
            ("%C3%BC%F0%9F%A6%80", Product("ü🦀".into())),
            ("50%25", Product("50%".into())),
            ("50%", Product("50%".into())),
        ] {
            let uri = format!("/products/{path}?k=1").parse().unwrap();
            assert_eq!(ProductPath::of(&uri).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn an_id_that_is_not_utf8_is_refused() {
        let uri = "/products/%FF/similar".parse().unwrap();
        let problem = ProductPath::of(&uri).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::InvalidPath);
    }
}
