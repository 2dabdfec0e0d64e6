//! The body of an upload request.

use axum::body::Body;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::read_body;
use super::json_text::parse;
use super::media_type::{MediaType, unsupported};
use crate::problem::Problem;

/// Maximum size of a body without an image, in bytes.
const MAX_SMALL_BODY: usize = 16 * 1024;

/// Media type of an upload that names none.
const DEFAULT_UPLOAD_TYPE: &str = "image/jpeg";

/// The image to be uploaded.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = UploadRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadJson {
    /// Its media type; `image/jpeg` by default.
    #[schema(
        pattern = "^image/(jpeg|png|webp|gif|bmp|tiff|avif)$",
        example = "image/png"
    )]
    content_type: Option<String>,
}

/// Returns the media type that the body names, or the default.
pub(crate) async fn read_upload_type(headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let body = read_body(headers, body, MAX_SMALL_BODY).await?;
    if body.is_empty() {
        return Ok(DEFAULT_UPLOAD_TYPE.to_owned());
    }
    if !matches!(MediaType::of(headers), MediaType::Json | MediaType::Unnamed) {
        return Err(unsupported(headers, "application/json, or no body at all"));
    }
    // Typed clients send null for what they leave out.
    let request: Option<UploadJson> = parse(
        &body,
        "an object with \"content_type\", such as \"image/png\", or no body at all",
    )?;
    let named = request.and_then(|request| request.content_type);
    Ok(named.unwrap_or_else(|| DEFAULT_UPLOAD_TYPE.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn an_upload_is_a_jpeg_unless_it_says_otherwise() {
        let read =
            async |body: &'static str| read_upload_type(&HeaderMap::new(), Body::from(body)).await;
        assert_eq!(read("").await.unwrap(), "image/jpeg");
        assert_eq!(read("{}").await.unwrap(), "image/jpeg");
        let named = read("{\"content_type\": \"image/png\"}").await.unwrap();
        assert_eq!(named, "image/png");
        assert!(read("{\"contentType\": \"image/png\"}").await.is_err());
    }
}
