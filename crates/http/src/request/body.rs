//! Reading a body up to a limit.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;

use crate::problem::{Problem, ProblemKind};

/// Maximum number of bytes to read and discard of a body that is too large.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Time limit of discarding them.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Reads the whole body, at most `limit` bytes. A longer one is refused as soon as that is known: by its declared
/// length, or when the first byte over the limit arrives.
pub(crate) async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<Bytes, Problem> {
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit as u64) {
        // A client with `Expect: 100-continue` has not sent the body yet.
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(too_large(limit));
    }
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or(0) as usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off().caused_by(error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            discard(body).await;
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads the rest of the body and discards it. If the connection were closed while the client still writes, many
/// clients would report a reset instead of the reply.
async fn discard(mut body: Body) {
    let reading = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else {
                return;
            };
            left = rest;
        }
    };
    // The reply goes out either way.
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}

pub(super) fn broken_off() -> Problem {
    let detail = "the body broke off before its end; send it again";
    Problem::new(ProblemKind::IncompleteBody, detail)
}

pub(super) fn too_large(limit: usize) -> Problem {
    Problem::new(
        ProblemKind::TooLarge,
        format!(
            "the body is larger than {limit} bytes; send a smaller picture, or store it with \
             POST /uploads and search with its key"
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderValue;

    fn headers(length: usize) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(length))])
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        let body = read_body(&headers(4), Body::from("1234"), 4).await.unwrap();
        assert_eq!(&body[..], b"1234");
    }

    #[tokio::test]
    async fn one_byte_more_is_refused_with_and_without_a_declared_length() {
        for headers in [headers(5), HeaderMap::new(), headers(3)] {
            let problem = read_body(&headers, Body::from("12345"), 4)
                .await
                .unwrap_err();
            assert_eq!(problem.kind, ProblemKind::TooLarge);
            assert!(problem.detail.contains("4 bytes"), "{}", problem.detail);
        }
    }

    #[tokio::test]
    async fn a_body_that_the_client_offers_first_is_not_read() {
        let mut headers = headers(5);
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
        let never = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        let problem = read_body(&headers, Body::from_stream(never), 4)
            .await
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::TooLarge);
    }

    #[tokio::test]
    async fn a_wrong_length_reserves_no_memory() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_LENGTH,
            HeaderValue::from_static("18446744073709551616"),
        );
        let body = read_body(&headers, Body::from("1"), 4).await.unwrap();
        assert_eq!(body.len(), 1);
    }
}
