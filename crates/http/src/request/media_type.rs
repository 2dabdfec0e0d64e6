//! The content type of a body.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::problem::{Problem, ProblemKind, shown};

/// The media types that are read in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// No content type at all.
    Unnamed,
    /// `image/*` or plain bytes; the bytes tell the image format.
    Image,
    /// `multipart/form-data`.
    Form,
    /// `application/json`, or a type that ends in `+json`.
    Json,
    /// The default of `curl --data-binary`.
    UrlEncoded,
    /// Anything else.
    Other,
}

impl MediaType {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Self::Unnamed;
        };
        let text = value.to_str().unwrap_or("?");
        let essence = text.split(';').next().unwrap_or("");
        match essence.trim().to_ascii_lowercase().as_str() {
            "" => Self::Unnamed,
            "application/octet-stream" | "binary/octet-stream" => Self::Image,
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::UrlEncoded,
            "multipart/form-data" => Self::Form,
            image if image.starts_with("image/") => Self::Image,
            json if json.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// Returns the problem of a body whose content type is not among those `expected`.
pub(crate) fn unsupported(headers: &HeaderMap, expected: &str) -> Problem {
    let found = headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    Problem::new(
        ProblemKind::UnsupportedMediaType,
        format!(
            "content type {} is not supported here; send {expected}",
            shown(found)
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_and_parameters_do_not_matter() {
        for (text, expected) in [
            ("image/jpeg", MediaType::Image),
            ("IMAGE/PNG", MediaType::Image),
            ("image/svg+xml", MediaType::Image),
            ("application/octet-stream", MediaType::Image),
            ("multipart/form-data; boundary=x", MediaType::Form),
            ("application/json ; charset=utf-8", MediaType::Json),
            ("application/ld+json", MediaType::Json),
            ("application/x-www-form-urlencoded", MediaType::UrlEncoded),
            ("text/plain", MediaType::Other),
            ("", MediaType::Unnamed),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, text.parse().unwrap())]);
            assert_eq!(MediaType::of(&headers), expected, "{text}");
        }
        assert_eq!(MediaType::of(&HeaderMap::new()), MediaType::Unnamed);
    }
}
