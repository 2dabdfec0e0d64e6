//! What a body says it is.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::problem::{Problem, ProblemKind};

/// The media types that bodies come in, as far as they differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// No content type at all.
    Unnamed,
    /// `image/*` or plain bytes. Which picture format it is, the bytes tell.
    Picture,
    /// `multipart/form-data`.
    Form,
    /// `application/json`, or a type that ends in `+json`.
    Json,
    /// What `curl --data-binary` says when nobody told it better.
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
            "application/octet-stream" | "binary/octet-stream" => Self::Picture,
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::UrlEncoded,
            "multipart/form-data" => Self::Form,
            picture if picture.starts_with("image/") => Self::Picture,
            json if json.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// The problem of a body whose content type is none of `expected`.
pub(crate) fn unsupported(headers: &HeaderMap, expected: &str) -> Problem {
    let found = headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    Problem::new(
        ProblemKind::UnsupportedMediaType,
        format!(
            "content type {} is not supported here; send {expected}",
            crate::problem::shown(found)
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn types_are_told_apart_whatever_their_case_and_parameters() {
        for (text, expected) in [
            ("image/jpeg", MediaType::Picture),
            ("IMAGE/PNG", MediaType::Picture),
            ("image/svg+xml", MediaType::Picture),
            ("application/octet-stream", MediaType::Picture),
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
