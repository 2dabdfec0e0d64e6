//! What a search is asked with: the body, in whichever of its forms it comes, and the query string.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use lookalike_search::{Query, QueryItem, SearchOptions};

use super::body::read_body;
use super::form::Form;
use super::items::{Item, Subject};
use super::json::SearchJson;
use super::media_type::{MediaType, unsupported};
use super::options::Given;
use super::params::search_parameters;
use crate::problem::{Problem, ProblemKind};

/// The media types that a search comes in, for whoever sent another.
pub(super) const EXPECTED: &str = "a picture as image/* or application/octet-stream, a form as \
                                   multipart/form-data, or JSON as application/json";

/// A search, read in full.
#[derive(Debug)]
pub(crate) struct SearchInput {
    /// What to search with.
    pub(crate) query: Query,
    /// What to return.
    pub(crate) options: SearchOptions,
}

impl SearchInput {
    /// Reads a request with a body of at most `limit` bytes. A raw picture needs no content type, and its own
    /// bytes count for more than the one it has.
    pub(crate) async fn read(
        uri: &Uri,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<Self, Problem> {
        let media_type = MediaType::of(headers);
        // The body comes first: a reply to one that nobody read can get lost with its connection.
        let bytes = read_body(headers, body, limit).await?;
        let parameters = search_parameters(uri)?;
        match media_type {
            MediaType::Picture | MediaType::Unnamed => Self::of_picture(bytes, parameters),
            // Curl's default, also for a file that is empty.
            MediaType::UrlEncoded
                if bytes.is_empty() || lookalike_encoder::sniff(&bytes).is_some() =>
            {
                Self::of_picture(bytes, parameters)
            }
            MediaType::Json => {
                let (items, given) = SearchJson::read_with_query(&bytes)?;
                let no_field = |_: &str| {
                    let detail =
                        "\"part\" names a field of a form, but the body is JSON: use \"image\"";
                    Err(Problem::new(ProblemKind::InvalidJson, detail))
                };
                Self::new(items, given.and(parameters)?, no_field)
            }
            MediaType::Form => {
                let mut form = Form::read(headers, bytes).await?;
                let items = std::mem::take(&mut form.items);
                let given = std::mem::take(&mut form.given);
                Self::new(items, given.and(parameters)?, |name| form.picture(name))
            }
            MediaType::UrlEncoded | MediaType::Other => Err(unsupported(headers, EXPECTED)),
        }
    }

    fn of_picture(bytes: Bytes, given: Given) -> Result<Self, Problem> {
        let item = Item::new(Subject::Picture(bytes, Default::default()));
        let no_field = |_: &str| Err(Problem::internal());
        Self::new(vec![item], given, no_field)
    }

    fn new(
        mut items: Vec<Item>,
        given: Given,
        fields: impl Fn(&str) -> Result<Bytes, Problem>,
    ) -> Result<Self, Problem> {
        part_of_the_picture(&mut items, &given)?;
        let items: Result<Vec<QueryItem>, Problem> = items
            .into_iter()
            .map(|item| item.resolve(&fields))
            .collect();
        Ok(Self {
            query: Query::new(items?)?,
            options: given.options(),
        })
    }
}

/// Puts what is said of the one picture of a query where it belongs.
fn part_of_the_picture(items: &mut [Item], given: &Given) -> Result<(), Problem> {
    let name = match (&given.crop, given.trim) {
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
    let Some(part) = item.part() else {
        let detail = format!("{name} is about a picture, but the query has none");
        return Err(refused(detail));
    };
    if given.crop.is_some() && part.crop.is_some() || given.trim.is_some() && part.trim.is_some() {
        let detail = format!("{name} is given in the query item and beside it; give it once");
        return Err(refused(detail));
    }
    part.crop = part.crop.or(given.crop);
    part.trim = part.trim.or(given.trim);
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
    async fn raw_bytes_are_a_picture_whatever_its_type_says() {
        for content_type in ["image/png", "image/heic", "application/octet-stream", ""] {
            let input = read("?k=7", content_type, PNG).await;
            assert_eq!(input.as_ref().unwrap().options.k, 7);
            assert!(query(input).contains("Picture(16 bytes"));
        }
    }

    #[tokio::test]
    async fn curls_default_type_is_forgiven_for_a_picture_only() {
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
    async fn options_are_said_once() {
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
    async fn crop_and_trim_beside_the_query_are_of_its_one_picture() {
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
