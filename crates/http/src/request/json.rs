//! JSON bodies.

use axum::body::Body;
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use utoipa::ToSchema;

use super::body::read_body;
use super::media_type::{MediaType, unsupported};
use super::picture::SearchInput;
use crate::problem::{Problem, ProblemKind};

/// Most bytes of a body that holds no picture.
const MAX_SMALL_BODY: usize = 16 * 1024;

/// What an upload is when the caller does not say.
const DEFAULT_UPLOAD_TYPE: &str = "image/jpeg";

/// Padding is optional: half of the world leaves it out.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A search in JSON: exactly one of the members.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchJson {
    /// The picture in base64, plain or as a `data:` URL.
    image: Option<String>,
    /// Key of an object below `uploads/` or `catalog/`.
    #[schema(example = "uploads/01JD3M2Q8V7Z5K9X4T6W1N0RBC.jpg")]
    key: Option<String>,
}

/// The picture that is to be uploaded.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = UploadRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadJson {
    /// Its media type, `image/jpeg` when left out.
    #[schema(example = "image/png")]
    content_type: Option<String>,
}

/// The search that a JSON body asks for.
pub(crate) fn search_input(body: &[u8]) -> Result<SearchInput, Problem> {
    const EXPECTED: &str =
        "an object with exactly one of \"image\" (a picture in base64) and \"key\" (an object key)";
    let SearchJson { image, key } = parse(body, EXPECTED)?;
    match (image, key) {
        (Some(image), None) => decode_picture(&image).map(SearchInput::Picture),
        (None, Some(key)) => Ok(SearchInput::Key(key)),
        (Some(_), Some(_)) | (None, None) => Err(invalid(format!("expected {EXPECTED}"))),
    }
}

/// The media type that the body of an upload request names.
pub(crate) async fn read_upload_type(headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    let body = read_body(headers, body, MAX_SMALL_BODY).await?;
    if body.is_empty() {
        return Ok(DEFAULT_UPLOAD_TYPE.to_owned());
    }
    if !matches!(MediaType::of(headers), MediaType::Json | MediaType::Unnamed) {
        return Err(unsupported(headers, "application/json, or no body at all"));
    }
    let request: UploadJson = parse(
        &body,
        "an object with \"content_type\", such as \"image/png\", or no body at all",
    )?;
    let named = request.content_type;
    Ok(named.unwrap_or_else(|| DEFAULT_UPLOAD_TYPE.to_owned()))
}

/// The error says where the text stops being JSON, and repeats nothing of it: it may be a picture.
fn parse<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => invalid(format!("expected {expected}")),
        Category::Syntax | Category::Eof | Category::Io => invalid(format!(
            "the body stops being JSON at line {} column {}; expected {expected}",
            error.line(),
            error.column()
        )),
    })
}

fn decode_picture(text: &str) -> Result<Bytes, Problem> {
    let encoded = match text.strip_prefix("data:") {
        Some(url) => match url.split_once(',') {
            Some((head, data)) if head.ends_with(";base64") => data,
            _ => return Err(no_base64("a data: URL must say ;base64 before its comma")),
        },
        None => text,
    };
    let mut encoded = encoded.as_bytes().to_vec();
    encoded.retain(|byte| !byte.is_ascii_whitespace());
    let url_safe = encoded.iter().any(|byte| b"-_".contains(byte));
    let alphabet = if url_safe { &URL_SAFE } else { &STANDARD };
    let decoded = GeneralPurpose::new(alphabet, CONFIG).decode(&encoded);
    decoded
        .map(Bytes::from)
        .map_err(|error| no_base64(&error.to_string()))
}

fn no_base64(reason: &str) -> Problem {
    Problem::new(
        ProblemKind::InvalidBase64,
        format!("member \"image\" is not a picture in base64: {reason}"),
    )
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidJson, detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn picture(json: &str) -> Bytes {
        match search_input(json.as_bytes()).unwrap() {
            SearchInput::Picture(bytes) => bytes,
            SearchInput::Key(key) => panic!("found key {key}"),
        }
    }

    #[test]
    fn base64_comes_in_every_common_dress() {
        for text in [
            "/+8=",
            "/+8",
            "_-8=",
            "_-8",
            " /+\\n8= ",
            "data:image/png;base64,/+8=",
            "data:image/png;name=a.png;base64,_-8",
        ] {
            let found = picture(&format!("{{\"image\": \"{text}\"}}"));
            assert_eq!(&found[..], [0xff, 0xef], "{text}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["a", "!!!!", "/-8=", "data:image/png,abc", "data:"] {
            let json = format!("{{\"image\": \"{text}\"}}");
            let problem = search_input(json.as_bytes()).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidBase64, "{text}");
        }
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        let input = search_input(br#"{"key": "catalog/a b+c%20\u00fc.jpg"}"#).unwrap();
        assert!(matches!(input, SearchInput::Key(key) if key == "catalog/a b+c%20ü.jpg"));
    }

    #[test]
    fn anything_but_one_known_member_is_refused() {
        for body in [
            "",
            "nonsense",
            "{",
            "[]",
            "\"text\"",
            "null",
            "{}",
            "{\"key\": 1}",
            "{\"url\": \"x\"}",
            "{\"key\": \"a\", \"image\": \"b\"}",
            "{\"key\": \"a\", \"key\": \"b\"}",
            "{} x",
            "\u{0}",
        ] {
            let problem = search_input(body.as_bytes()).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidJson, "{body}");
            assert!(
                problem.detail.contains("exactly one of"),
                "{}",
                problem.detail
            );
        }
    }

    #[test]
    fn the_problem_does_not_repeat_the_body() {
        let body = format!("\"{}\"", "secret".repeat(1000));
        let problem = search_input(body.as_bytes()).unwrap_err();
        assert!(!problem.detail.contains("secret"), "{}", problem.detail);
    }

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
