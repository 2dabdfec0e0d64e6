//! The body of an upload request.

use std::num::NonZeroU64;

use axum::body::Body;
use http::HeaderMap;
use lookalike_encoder::MAX_BYTES;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::body::read_body;
use super::json_text::{invalid, parse};
use super::media_type::{MediaType, unsupported};
use crate::problem::Problem;

/// Maximum size of a body without an image, in bytes.
const MAX_SMALL_BODY: usize = 16 * 1024;

/// The expected body, for people.
const EXPECTED: &str = "an object with \"size\", the number of bytes of the image, and perhaps \"content_type\", such \
                        as {\"size\": 5242880, \"content_type\": \"image/png\"}";

/// Media type of an upload that names none.
const DEFAULT_UPLOAD_TYPE: &str = "image/jpeg";

/// The image to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UploadRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadJson {
    /// Its size in bytes. The link takes an image of exactly this size.
    #[serde(deserialize_with = "size")]
    #[schema(value_type = u64, minimum = 1, maximum = 33_554_432, example = 5_242_880)]
    pub(crate) size: NonZeroU64,
    /// Its media type; `image/jpeg` by default.
    #[schema(
        pattern = "^image/(jpeg|png|webp|gif|bmp|tiff|avif)$",
        example = "image/png"
    )]
    content_type: Option<String>,
}

impl UploadJson {
    /// Returns the media type that the body names, or the default.
    pub(crate) fn media_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or(DEFAULT_UPLOAD_TYPE)
    }
}

/// Reads the size of an image that is not too large, which JSON may also write as `2.0`.
fn size<'de, D: Deserializer<'de>>(value: D) -> Result<NonZeroU64, D::Error> {
    let number = f64::deserialize(value)?;
    let is_whole = number.fract() == 0.0 && number >= 1.0;
    // A number that is too large for 64 bits becomes the largest of them.
    let size = is_whole.then(|| NonZeroU64::new(number as u64)).flatten();
    let size = size.ok_or_else(|| D::Error::custom("size must be a whole number of bytes"))?;
    if size.get() > MAX_BYTES as u64 {
        let most =
            format!("size is {size}, at most {MAX_BYTES} bytes are read: send a smaller image");
        return Err(D::Error::custom(most));
    }
    Ok(size)
}

/// Reads the body of an upload request.
pub(crate) async fn read_upload(headers: &HeaderMap, body: Body) -> Result<UploadJson, Problem> {
    let body = read_body(headers, body, MAX_SMALL_BODY).await?;
    if body.is_empty() {
        return Err(invalid(format!("the body is empty; expected {EXPECTED}")));
    }
    match MediaType::of(headers) {
        MediaType::Json | MediaType::Unnamed => parse(&body, EXPECTED),
        _ => Err(unsupported(headers, "application/json")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn an_upload_has_a_size_and_is_a_jpeg_unless_it_says_otherwise() {
        let read =
            async |body: &'static str| read_upload(&HeaderMap::new(), Body::from(body)).await;
        let unnamed = read(r#"{"size": 7, "content_type": null}"#).await.unwrap();
        assert_eq!(
            (unnamed.size.get(), unnamed.media_type()),
            (7, "image/jpeg")
        );
        let named = read(r#"{"size": 7, "content_type": "image/png"}"#)
            .await
            .unwrap();
        assert_eq!(named.media_type(), "image/png");
        let float = read(r#"{"size": 7.0}"#).await.unwrap();
        assert_eq!(float.size.get(), 7);
        for body in [
            "",
            "{}",
            r#"{"size": 0}"#,
            r#"{"size": -1}"#,
            r#"{"size": 7.5}"#,
            r#"{"size": "7"}"#,
            r#"{"size": 7, "contentType": "image/png"}"#,
        ] {
            assert!(read(body).await.is_err(), "{body:?}");
        }
    }
}
