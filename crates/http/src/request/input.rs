//! A search request: its body, which has one of several media types, and its query string.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use lookalike_search::{Query, QueryItem, SearchOptions};

use super::body::read_body;
use super::form::Form;
use super::ignored::Ignored;
use super::item::{Item, Subject};
use super::json::{no_query, read_search};
use super::media_type::{MediaType, unsupported};
use super::search_params::{ImageParams, ImageSearchParams};
use super::values::Values;
use crate::problem::{Problem, ProblemKind};

/// The media types of a search.
pub(super) const EXPECTED: &str = "an image as image/* or application/octet-stream, a form as \
                                   multipart/form-data, or JSON as application/json";

/// A search, read in full.
#[derive(Debug)]
pub(crate) struct SearchInput {
    /// The items to search with.
    pub(crate) query: Query,
    /// The options of the results.
    pub(crate) options: SearchOptions,
    /// The parts of the request that have no effect.
    pub(crate) ignored: Ignored,
}

impl SearchInput {
    /// Reads a request with a body of at most `limit` bytes. An image needs no content type: its bytes tell its format.
    pub(crate) async fn read(
        uri: &Uri,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<Self, Problem> {
        let media_type = MediaType::of(headers);
        // The body comes first: the reply to an unread body can get lost with its connection.
        let bytes = read_body(headers, body, limit).await?;
        let query_string = Values::of_query(uri)?;
        // Alone first, so that all problems after this are about the body.
        let params = ImageSearchParams::read(query_string.clone())?;
        let mut ignored = Ignored::default();
        match media_type {
            MediaType::Image | MediaType::Unnamed => Self::of_image(bytes, params, ignored),
            // The default of curl, also for an empty file. A form of this type is text.
            MediaType::UrlEncoded if bytes.is_empty() || !is_text(&bytes) => {
                Self::of_image(bytes, params, ignored)
            }
            MediaType::Json => {
                let (items, params) = read_search(&bytes, query_string, &mut ignored)?;
                let no_field = |_: &str| {
                    let detail =
                        "\"part\" names a field of a form, but the body is JSON: use \"image\"";
                    Err(Problem::new(ProblemKind::InvalidJson, detail))
                };
                Self::new(items.ok_or_else(no_query)?, params, ignored, no_field)
            }
            MediaType::Form => {
                let form = Form::read(headers, bytes, query_string, &mut ignored).await?;
                let images = form.images;
                Self::new(form.items, form.params, ignored, |name| images.find(name))
            }
            MediaType::UrlEncoded | MediaType::Other => Err(unsupported(headers, EXPECTED)),
        }
    }

    fn of_image(
        bytes: Bytes,
        params: ImageSearchParams,
        ignored: Ignored,
    ) -> Result<Self, Problem> {
        let item = Item::new(Subject::Image(bytes, Default::default()));
        let no_field = |_: &str| Err(Problem::internal());
        Self::new(vec![item], params, ignored, no_field)
    }

    fn new(
        mut items: Vec<Item>,
        params: ImageSearchParams,
        mut ignored: Ignored,
        fields: impl Fn(&str) -> Result<Bytes, Problem>,
    ) -> Result<Self, Problem> {
        apply_to_only_image(&params.image, &mut items, &mut ignored);
        let items: Result<Vec<QueryItem>, Problem> = items
            .into_iter()
            .map(|item| item.resolve(&fields))
            .collect();
        Ok(Self {
            query: Query::new(items?)?,
            options: params.search.options(),
            ignored,
        })
    }
}

/// Moves crop and trim from beside the query into its only item. They are ignored if it has several or no image, and if
/// the item has its own.
fn apply_to_only_image(params: &ImageParams, items: &mut [Item], ignored: &mut Ignored) {
    let mut unused = |is_unused: bool, name: &str| {
        if is_unused {
            ignored.add(format!("{name} beside the query"));
        }
    };
    let area = match items {
        [item] => item.area(),
        _ => None,
    };
    let Some(area) = area else {
        unused(params.crop.is_some(), "crop");
        unused(params.trim.is_some(), "trim");
        return;
    };
    unused(params.crop.is_some() && area.crop.is_some(), "crop");
    unused(params.trim.is_some() && area.trim.is_some(), "trim");
    area.crop = area.crop.or(params.crop);
    area.trim = area.trim.or(params.trim);
}

fn is_text(bytes: &[u8]) -> bool {
    let is_character = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    bytes.iter().all(is_character)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::header::CONTENT_TYPE;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

    async fn read(
        query: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Result<SearchInput, Problem> {
        let uri = format!("/search{query}").parse().unwrap();
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
        SearchInput::read(&uri, &headers, body.into(), 1000).await
    }

    fn query(input: Result<SearchInput, Problem>) -> String {
        format!("{:?}", input.unwrap().query)
    }

    #[tokio::test]
    async fn raw_bytes_are_an_image_whatever_their_type_says() {
        for content_type in ["image/png", "image/heic", "application/octet-stream", ""] {
            let input = read("?k=7", content_type, PNG).await;
            assert_eq!(input.as_ref().unwrap().options.k, 7);
            assert!(query(input).contains("Image(16 bytes"));
        }
    }

    #[tokio::test]
    async fn the_default_type_of_curl_is_accepted_for_images_only() {
        let form = "application/x-www-form-urlencoded";
        assert!(read("", form, PNG).await.is_ok());
        // Refused later, by the name of the format.
        assert!(read("", form, "\0\0\0\u{18}ftypheic").await.is_ok());
        let problem = read("", form, "{\"key\": \"uploads/a\"}")
            .await
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn other_types_are_refused_with_those_that_work() {
        let problem = read("", "text/plain", PNG).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnsupportedMediaType);
        assert!(
            problem.detail.contains("multipart/form-data"),
            "{}",
            problem.detail
        );
    }

    #[tokio::test]
    async fn an_option_in_both_places_has_the_value_of_the_body() {
        let json = "application/json";
        let input = read("?k=3", json, r#"{"key": "uploads/a", "min_score": 0.5}"#).await;
        let input = input.unwrap();
        assert_eq!((input.options.k, input.options.min_score), (3, 0.5));
        assert_eq!(input.ignored, Ignored::default());
        for (name, parameters, body) in [
            ("k", "?k=3", r#"{"key": "uploads/a", "k": 4}"#),
            (
                "trim",
                "?trim=true",
                r#"{"key": "uploads/a", "trim": false}"#,
            ),
            (
                "fields",
                "?fields=a",
                r#"{"key": "uploads/a", "fields": []}"#,
            ),
            (
                "filter",
                "?filter=a",
                r#"{"key": "uploads/a", "filter": {}}"#,
            ),
        ] {
            let both = read(parameters, json, body).await.unwrap();
            let alone = read("", json, body).await.unwrap();
            assert_eq!(both.options, alone.options);
            assert_eq!(format!("{:?}", both.query), format!("{:?}", alone.query));
            let warning = both.ignored.warning().unwrap();
            assert_eq!(
                warning,
                format!("199 - \"Ignored: {name} in the query string\"")
            );
        }
        // Both are read, and a wrong value is refused even where it would be ignored.
        let bad = read("?k=0", json, r#"{"key": "uploads/a", "k": 4}"#).await;
        assert_eq!(bad.unwrap_err().kind, ProblemKind::InvalidParameter);
    }

    #[tokio::test]
    async fn crop_and_trim_beside_the_query_are_about_its_only_image() {
        let json = "application/json";
        let found = query(read("?crop=1,2,3,4&trim=false", "", PNG).await);
        assert!(
            found.contains("x: 1.0") && found.contains("trim: Some(false)"),
            "{found}"
        );
        let found = query(read("", json, r#"{"key": "uploads/a", "crop": "1,2,3,4"}"#).await);
        assert!(found.contains("x: 1.0"), "{found}");
        let found = query(
            read(
                "?trim=true",
                json,
                r#"{"query": [{"key": "uploads/a", "crop": "1,2,3,4"}]}"#,
            )
            .await,
        );
        assert!(
            found.contains("x: 1.0") && found.contains("trim: Some(true)"),
            "{found}"
        );
        for body in [
            r#"{"query": [{"key": "uploads/a", "crop": "1,2,3,4"}]}"#,
            r#"{"query": [{"key": "uploads/a"}, {"key": "uploads/b"}]}"#,
            r#"{"query": [{"product": "a"}]}"#,
        ] {
            let with = read("?crop=5,6,7,8", json, body).await.unwrap();
            let warning = with.ignored.warning().unwrap();
            assert_eq!(warning, "199 - \"Ignored: crop beside the query\"");
            let without = read("", json, body).await.unwrap();
            assert_eq!(format!("{:?}", with.query), format!("{:?}", without.query));
        }
    }

    #[tokio::test]
    async fn bad_queries_are_named() {
        let json = "application/json";
        for body in [
            r#"{"query": []}"#,
            r#"{"query": [{"product": "a", "weight": 0}]}"#,
            r#"{"query": [{"product": "a", "weight": 100.5}]}"#,
            r#"{"query": [{"product": "a", "weight": -1}, {"product": "b", "weight": -2}]}"#,
        ] {
            let problem = read("", json, body).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidQuery, "{body}");
        }
        let problem = read("", json, r#"{"query": [{"part": "a"}]}"#)
            .await
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::InvalidJson);
    }
}
