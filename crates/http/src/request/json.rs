//! JSON bodies.

use axum::body::Body;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::base64::decode_picture;
use super::body::read_body;
use super::items::{Item, Subject};
use super::media_type::{MediaType, unsupported};
use super::options::Given;
use super::raw::Raw;
use crate::problem::{Problem, ProblemKind};

/// Most bytes of a body that holds no picture.
const MAX_SMALL_BODY: usize = 16 * 1024;

/// What an upload is when the caller does not say.
const DEFAULT_UPLOAD_TYPE: &str = "image/jpeg";

/// Longest sentence of the JSON reader that is repeated: it names members, of which a caller may have
/// written long ones.
const SHOWN: usize = 400;

/// What a search in JSON must be, for whoever sent something else.
const EXPECTED: &str = "an object with exactly one of \"image\" (a picture in base64), \"key\" (an object key) and \
                        \"query\" (a list of items), and options beside it";

/// Every member that a search in JSON may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    image: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    crop: Option<&'a RawValue>,
    #[serde(borrow)]
    trim: Option<&'a RawValue>,
    #[serde(borrow)]
    k: Option<&'a RawValue>,
    #[serde(borrow)]
    min_score: Option<&'a RawValue>,
    #[serde(borrow)]
    min_match: Option<&'a RawValue>,
    #[serde(borrow)]
    filter: Option<&'a RawValue>,
    #[serde(borrow)]
    group_by: Option<&'a RawValue>,
    #[serde(borrow)]
    images: Option<&'a RawValue>,
    #[serde(borrow)]
    diversity: Option<&'a RawValue>,
    #[serde(borrow)]
    collapse: Option<&'a RawValue>,
    #[serde(borrow)]
    fields: Option<&'a RawValue>,
    #[serde(borrow)]
    facets: Option<&'a RawValue>,
    #[serde(borrow)]
    links: Option<&'a RawValue>,
    #[serde(borrow)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow)]
    min_generation: Option<&'a RawValue>,
}

/// A search in JSON. A form may leave the query to its pictures.
#[derive(Debug)]
pub(super) struct SearchJson {
    /// `None` when there is no query at all.
    pub(super) items: Option<Vec<Item>>,
    pub(super) given: Given,
}

impl SearchJson {
    /// Reads a whole search.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let members: Members<'_> = parse(body, EXPECTED)?;
        let whole = Raw::Json;
        let items = match (members.query, members.image, members.key) {
            (None, None, None) => None,
            (Some(query), None, None) => Some(Item::list(query)?),
            (None, Some(image), None) => {
                let text = whole(image).text();
                let text = text.ok_or_else(|| wrong("image", image))?;
                let picture = decode_picture("image", &text)?;
                Some(vec![Item::new(Subject::Picture(
                    picture,
                    Default::default(),
                ))])
            }
            (None, None, Some(key)) => {
                let key = whole(key).text().ok_or_else(|| wrong("key", key))?;
                Some(vec![Item::new(Subject::Key(key, Default::default()))])
            }
            _ => return Err(invalid(format!("expected {EXPECTED}"))),
        };
        let mut given = Given::default();
        for (name, value) in [
            ("crop", members.crop),
            ("trim", members.trim),
            ("k", members.k),
            ("min_score", members.min_score),
            ("min_match", members.min_match),
            ("filter", members.filter),
            ("group_by", members.group_by),
            ("images", members.images),
            ("diversity", members.diversity),
            ("collapse", members.collapse),
            ("fields", members.fields),
            ("facets", members.facets),
            ("links", members.links),
            ("cursor", members.cursor),
            ("min_generation", members.min_generation),
        ] {
            if let Some(value) = value {
                given.take(name, whole(value))?;
            }
        }
        Ok(Self { items, given })
    }

    /// Reads a search that has to say what to search with.
    pub(super) fn read_with_query(body: &[u8]) -> Result<(Vec<Item>, Given), Problem> {
        let Self { items, given } = Self::read(body)?;
        let items = items.ok_or_else(|| invalid(format!("expected {EXPECTED}")))?;
        Ok((items, given))
    }
}

/// The picture that is to be uploaded.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = UploadRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadJson {
    /// Its media type, `image/jpeg` when left out.
    #[schema(
        pattern = "^image/(jpeg|png|webp|gif|bmp|tiff|avif)$",
        example = "image/png"
    )]
    content_type: Option<String>,
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
    // Typed clients send null for what they leave out.
    let request: Option<UploadJson> = parse(
        &body,
        "an object with \"content_type\", such as \"image/png\", or no body at all",
    )?;
    let named = request.and_then(|request| request.content_type);
    Ok(named.unwrap_or_else(|| DEFAULT_UPLOAD_TYPE.to_owned()))
}

/// The error says where the text stops being JSON, or which member is not known. It repeats no value: that
/// may be a picture.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => {
            let reason = error.to_string();
            let names_a_member = ["unknown field", "duplicate field"]
                .iter()
                .any(|begin| reason.starts_with(begin));
            match names_a_member {
                true => invalid(reason.chars().take(SHOWN).collect()),
                false => invalid(format!("expected {expected}")),
            }
        }
        Category::Syntax | Category::Eof | Category::Io => invalid(format!(
            "the body stops being JSON at line {} column {}; expected {expected}",
            error.line(),
            error.column()
        )),
    })
}

fn wrong(name: &str, raw: &RawValue) -> Problem {
    Raw::Json(raw)
        .refused(name, "a text")
        .of(ProblemKind::InvalidJson)
}

pub(super) fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidJson, detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str) -> Result<(Vec<Item>, Given), Problem> {
        SearchJson::read_with_query(body.as_bytes())
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        let (items, _) = read(r#"{"key": "catalog/a b+c%20\u00fc.jpg"}"#).unwrap();
        assert!(
            matches!(&items[0].subject, Subject::Key(key, _) if key == "catalog/a b+c%20ü.jpg")
        );
    }

    #[test]
    fn options_stand_beside_the_query() {
        let body = r#"{"query": [{"product": "a"}, {"key": "uploads/b", "weight": -0.5, "trim": false,
            "crop": {"x": 0, "y": 0.5, "w": 1, "h": 0.5, "unit": "share"}}],
            "k": 3, "fields": [], "filter": {"category": "shoes"}, "cursor": null, "collapse": true}"#;
        let (mut items, given) = read(body).unwrap();
        assert_eq!(items[1].weight, -0.5);
        let part = items[1].part().unwrap();
        assert_eq!(part.crop, Some("0%,50%,100%,50%".parse().unwrap()));
        assert_eq!(part.trim, Some(false));
        let options = given.options();
        assert_eq!((options.k, options.fields), (3, Some(Vec::new())));
        assert_eq!(options.filter.unwrap()["category"], "shoes");
        assert!(options.collapse && options.cursor.is_none());
    }

    #[test]
    fn anything_but_one_query_is_refused() {
        for body in [
            "",
            "nonsense",
            "{",
            "[]",
            "\"text\"",
            "null",
            "{}",
            "{\"k\": 1}",
            "{\"key\": \"a\", \"image\": \"b\"}",
            "{\"key\": \"a\", \"query\": []}",
            "{} x",
            "\u{0}",
        ] {
            let problem = read(body).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidJson, "{body}");
            assert!(
                problem.detail.contains("exactly one of"),
                "{}",
                problem.detail
            );
        }
        for (body, named) in [
            (
                "{\"url\": \"x\"}",
                "unknown field `url`, expected one of `query`, `image`",
            ),
            ("{\"key\": \"a\", \"key\": \"b\"}", "duplicate field `key`"),
            ("{\"key\": 1}", "key is 1, but it must be a text"),
            (
                "{\"query\": {}}",
                "query is an object, but it must be a list",
            ),
            ("{\"query\": [1]}", "query[0]: expected an object"),
            ("{\"query\": [{}]}", "query[0]: expected an object"),
            (
                "{\"query\": [{\"key\": \"a\", \"product\": \"b\"}]}",
                "query[0]: expected an object",
            ),
            (
                "{\"query\": [{\"key\": \"a\"}, {\"id\": \"b\"}]}",
                "query[1]: unknown field `id`",
            ),
            ("{\"query\": [{\"product\": 7}]}", "query[0].product is 7"),
            (
                "{\"query\": [{\"product\": \"a\", \"crop\": \"1,1,2,2\"}]}",
                "no picture",
            ),
            (
                "{\"query\": [{\"product\": \"a\", \"fingerprint\": \"\"}]}",
                "there is none",
            ),
        ] {
            let problem = read(body).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidJson, "{body}");
            assert!(problem.detail.contains(named), "{}", problem.detail);
        }
    }

    #[test]
    fn other_values_are_refused_by_their_own_names() {
        let many = format!("[{}]", ["{\"product\": \"a\"}"; 50].join(","));
        for (item, kind, named) in [
            (
                r#"[{"key": "a", "weight": "1"}]"#,
                ProblemKind::InvalidQuery,
                "query[0].weight is \"1\"",
            ),
            (
                r#"[{"key": "a", "crop": "1,2"}]"#,
                ProblemKind::InvalidCrop,
                "query[0].crop",
            ),
            (
                r#"[{"key": "a", "crop": {"x": 1, "y": 1, "w": 2, "h": 2}}]"#,
                ProblemKind::InvalidCrop,
                "\"unit\"",
            ),
            (
                r#"[{"key": "a", "trim": 1}]"#,
                ProblemKind::InvalidParameter,
                "query[0].trim is 1",
            ),
            (
                r#"[{"vector": [1, 2]}]"#,
                ProblemKind::InvalidVector,
                "query[0].fingerprint is missing",
            ),
            (
                r#"[{"vector": ["x"], "fingerprint": ""}]"#,
                ProblemKind::InvalidVector,
                "list of numbers",
            ),
            (
                r#"[{"vector": [1e999], "fingerprint": ""}]"#,
                ProblemKind::InvalidVector,
                "list of numbers",
            ),
            (
                r#"[{"vector": [1], "fingerprint": "abc"}]"#,
                ProblemKind::InvalidVector,
                "64 hexadecimal",
            ),
            (&many, ProblemKind::InvalidQuery, "50 items, at most 16"),
        ] {
            let problem = read(&format!("{{\"query\": {item}}}")).unwrap_err();
            assert_eq!(problem.kind, kind, "{}", problem.detail);
            assert!(problem.detail.contains(named), "{}", problem.detail);
        }
    }

    #[test]
    fn no_problem_repeats_what_may_be_a_picture() {
        let secret = "secret".repeat(1000);
        for body in [
            format!("\"{secret}\""),
            format!("{{\"k\": \"{secret}\", \"key\": \"a\"}}"),
            format!("{{\"query\": \"{secret}\"}}"),
            format!("{{\"query\": [\"{secret}\"]}}"),
            format!("{{\"query\": [{{\"product\": [\"{secret}\"]}}]}}"),
            format!("{{\"query\": [{{\"key\": \"a\", \"crop\": \"{secret}\"}}]}}"),
            format!("{{\"image\": \"{secret}!\"}}"),
            format!("{{\"image\": [\"{secret}\"]}}"),
            format!("{{\"key\": \"a\", \"fields\": \"{secret}\"}}"),
            format!("{{\"key\": \"a\", \"group_by\": \"{secret}\"}}"),
        ] {
            let problem = read(&body).unwrap_err();
            assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        }
        let named = read(&format!("{{\"{secret}\": 1}}")).unwrap_err();
        assert!(named.detail.len() < 500, "{}", named.detail);
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
