//! The body of a search, in whichever of its forms it comes.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;

use super::body::read_body;
use super::form::picture_field;
use super::json::search_input;
use super::media_type::{MediaType, unsupported};
use crate::problem::Problem;

/// What to search with.
#[derive(Debug)]
pub(crate) enum SearchInput {
    /// These bytes, which nobody has looked into yet.
    Picture(Bytes),
    /// The object at this key.
    Key(String),
}

impl SearchInput {
    /// Reads a body of at most `limit` bytes. A raw picture needs no content type, and its own bytes
    /// count for more than the one it has.
    pub(crate) async fn read(
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<Self, Problem> {
        const EXPECTED: &str = "a picture as image/* or application/octet-stream, a form as \
                                multipart/form-data, or JSON as application/json";
        let media_type = MediaType::of(headers);
        let bytes = read_body(headers, body, limit).await?;
        match media_type {
            MediaType::Picture | MediaType::Unnamed => Ok(Self::Picture(bytes)),
            MediaType::Json => search_input(&bytes),
            MediaType::Form => picture_field(headers, bytes).await.map(Self::Picture),
            MediaType::UrlEncoded if lookalike_encoder::sniff(&bytes).is_some() => {
                Ok(Self::Picture(bytes))
            }
            MediaType::UrlEncoded | MediaType::Other => Err(unsupported(headers, EXPECTED)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::problem::ProblemKind;
    use http::header::CONTENT_TYPE;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

    async fn read(content_type: &str, body: &'static [u8]) -> Result<SearchInput, Problem> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
        SearchInput::read(&headers, Body::from(body), 1000).await
    }

    #[tokio::test]
    async fn raw_bytes_are_a_picture_whatever_its_type_says() {
        for content_type in ["image/png", "image/heic", "application/octet-stream", ""] {
            let input = read(content_type, PNG).await.unwrap();
            assert!(matches!(input, SearchInput::Picture(bytes) if bytes == PNG));
        }
    }

    #[tokio::test]
    async fn curls_default_type_is_forgiven_for_a_picture_only() {
        let form = "application/x-www-form-urlencoded";
        assert!(matches!(read(form, PNG).await, Ok(SearchInput::Picture(_))));
        let problem = read(form, b"{\"key\": \"uploads/a\"}").await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn other_types_are_refused_with_those_that_work() {
        let problem = read("text/plain", PNG).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnsupportedMediaType);
        assert!(
            problem.detail.contains("multipart/form-data"),
            "{}",
            problem.detail
        );
    }
}
