//! A search request: its body, which has one of several media types, and its query string.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use lookalike_search::{Query, QueryItem, SearchOptions};

use super::body::read_body;
use super::form::Form;
use super::item::{Item, Subject};
use super::json::{no_query, read_search};
use super::media_type::{MediaType, unsupported};
use super::search_params::{ImageParams, ImageSearchParams};
use super::values::Values;
use crate::problem::{Problem, ProblemKind};

/// The media types of a search.
pub(super) const EXPECTED: &str = "a picture as image/* or application/octet-stream, a form as \
                                   multipart/form-data, or JSON as application/json";

/// A search, read in full.
#[derive(Debug)]
pub(crate) struct SearchInput {
    /// The items to search with.
    pub(crate) query: Query,
    /// The options of the results.
    pub(crate) options: SearchOptions,
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
        match media_type {
            MediaType::Image | MediaType::Unnamed => Self::of_image(bytes, params),
            // The default of curl, also for an empty file. A form of this type has no other characters.
            MediaType::UrlEncoded
                if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_graphic) =>
            {
                Self::of_image(bytes, params)
            }
            MediaType::Json => {
                let (items, params) = read_search(&bytes, query_string)?;
                let no_field = |_: &str| {
                    let detail =
                        "\"part\" names a field of a form, but the body is JSON: use \"image\"";
                    Err(Problem::new(ProblemKind::InvalidJson, detail))
                };
                Self::new(items.ok_or_else(no_query)?, params, no_field)
            }
            MediaType::Form => {
                let form = Form::read(headers, bytes, query_string).await?;
                Self::new(form.items, form.params, |name| form.images.find(name))
            }
            MediaType::UrlEncoded | MediaType::Other => Err(unsupported(headers, EXPECTED)),
        }
    }

    fn of_image(bytes: Bytes, params: ImageSearchParams) -> Result<Self, Problem> {
        let item = Item::new(Subject::Image(bytes, Default::default()));
        let no_field = |_: &str| Err(Problem::internal());
        Self::new(vec![item], params, no_field)
    }

    fn new(
        mut items: Vec<Item>,
        params: ImageSearchParams,
        fields: impl Fn(&str) -> Result<Bytes, Problem>,
    ) -> Result<Self, Problem> {
        apply_to_only_image(&params.image, &mut items)?;
        let items: Result<Vec<QueryItem>, Problem> = items
            .into_iter()
            .map(|item| item.resolve(&fields))
            .collect();
        Ok(Self {
            query: Query::new(items?)?,
            options: params.search.options(),
        })
    }
}

/// Moves crop and trim from beside the query into its only item.
fn apply_to_only_image(params: &ImageParams, items: &mut [Item]) -> Result<(), Problem> {
    let name = match (params.crop, params.trim) {
        (None, None) => return Ok(()),
        (Some(_), _) => "crop",
        (None, Some(_)) => "trim",
    };
    let refused = |detail: String| Problem::new(ProblemKind::InvalidParameter, detail);
    let [item] = items else {
        let detail = format!(
            "{name} beside the query is about its one picture, but the query has {} items; put it into the item \
             that it is about",
            items.len()
        );
        return Err(refused(detail));
    };
    let Some(area) = item.area() else {
        let detail = format!("{name} is about a picture, but the query has none");
        return Err(refused(detail));
    };
    if params.crop.is_some() && area.crop.is_some() || params.trim.is_some() && area.trim.is_some()
    {
        let detail = format!("{name} is given in the query item and beside it; give it once");
        return Err(refused(detail));
    }
    area.crop = area.crop.or(params.crop);
    area.trim = area.trim.or(params.trim);
    Ok(())
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
    async fn options_are_given_once() {
        let json = "application/json";
        let input = read("?k=3", json, r#"{"key": "uploads/a", "min_score": 0.5}"#).await;
        let options = input.unwrap().options;
        assert_eq!((options.k, options.min_score), (3, 0.5));
        for (parameters, body) in [
            ("?k=3", r#"{"key": "uploads/a", "k": 3}"#),
            ("?trim=true", r#"{"key": "uploads/a", "trim": true}"#),
            ("?fields=a", r#"{"key": "uploads/a", "fields": []}"#),
            ("?filter=a", r#"{"key": "uploads/a", "filter": {}}"#),
        ] {
            let problem = read(parameters, json, body).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidParameter);
            assert!(
                problem
                    .detail
                    .contains("in the query string and in the body"),
                "{}",
                problem.detail
            );
        }
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
            let problem = read("?crop=5,6,7,8", json, body).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidParameter);
            assert!(problem.detail.starts_with("crop "), "{}", problem.detail);
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
