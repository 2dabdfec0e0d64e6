//! `multipart/form-data`: pictures, and in field `request` what else there is to say.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use lookalike_search::{BadQuery, MAX_QUERY_ITEMS};

use super::items::{Item, Subject};
use super::json::SearchJson;
use super::options::Given;
use crate::problem::{Problem, ProblemKind, shown};

/// The field that holds JSON.
const REQUEST: &str = "request";
/// The field of a picture that no query item names.
const IMAGE: &str = "image";

/// A form that was read in full.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) items: Vec<Item>,
    pub(super) given: Given,
    /// The picture fields, by name.
    pictures: Vec<(String, Bytes)>,
}

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let (request, pictures) = fields(headers, body).await?;
        let said = match request {
            Some(request) => SearchJson::read(&request)
                .map_err(|problem| problem.about(&format!("field \"{REQUEST}\"")))?,
            None => SearchJson {
                items: None,
                given: Given::default(),
            },
        };
        let items = match said.items {
            Some(items) => {
                named_by_items(&items, &pictures)?;
                items
            }
            None => unnamed(&pictures)?,
        };
        Ok(Self {
            items,
            given: said.given,
            pictures,
        })
    }

    /// The picture in the field with this name.
    pub(super) fn picture(&self, name: &str) -> Result<Bytes, Problem> {
        let mut pictures = self.pictures.iter();
        let found = pictures.find(|(known, _)| known == name);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| {
            let text = format!(
                "a query item names part {}, but there is no such field",
                shown(name)
            );
            invalid(text)
        })
    }
}

/// The field `request`, and all others with their names.
async fn fields(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(Option<Bytes>, Vec<(String, Bytes)>), Problem> {
    let mut request = Request::new(Body::from(body));
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, content_type.clone());
    }
    // The body's size was checked when it was read.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| invalid(error.body_text()))?;

    let mut said = None;
    let mut pictures = Vec::new();
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| invalid(error.body_text()))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await;
        let bytes = bytes.map_err(|error| invalid(error.body_text()))?;
        if name != REQUEST {
            pictures.push((name, bytes));
        } else if said.replace(bytes).is_some() {
            return Err(invalid(format!(
                "field \"{REQUEST}\" is given more than once"
            )));
        }
        if pictures.len() > MAX_QUERY_ITEMS {
            return Err(BadQuery::TooMany(pictures.len()).into());
        }
    }
    Ok((said, pictures))
}

/// Items for pictures that the query does not name: they go into one field, which may be repeated.
pub(super) fn unnamed(pictures: &[(String, Bytes)]) -> Result<Vec<Item>, Problem> {
    if let Some((name, _)) = pictures.iter().find(|(name, _)| name != IMAGE) {
        return Err(invalid(format!("nothing names the field {}", shown(name))));
    }
    if pictures.is_empty() {
        return Err(invalid(format!("field \"{IMAGE}\" is missing")));
    }
    let item = |(_, bytes): &(String, Bytes)| {
        Item::new(Subject::Picture(bytes.clone(), Default::default()))
    };
    Ok(pictures.iter().map(item).collect())
}

/// Refuses pictures that would be left over, and names that could mean two.
fn named_by_items(items: &[Item], pictures: &[(String, Bytes)]) -> Result<(), Problem> {
    for (at, (name, _)) in pictures.iter().enumerate() {
        if pictures[..at].iter().any(|(known, _)| known == name) {
            let text = format!("field {} is given more than once", shown(name));
            return Err(invalid(text));
        }
        let is_named = items
            .iter()
            .any(|item| matches!(&item.subject, Subject::Field(field, _) if field == name));
        if !is_named {
            let text = format!("no query item names the field {} as its part", shown(name));
            return Err(invalid(text));
        }
    }
    Ok(())
}

fn invalid(reason: String) -> Problem {
    Problem::new(
        ProblemKind::InvalidForm,
        format!(
            "{reason}; expected multipart/form-data with the picture in field \"{IMAGE}\", or JSON in field \
             \"{REQUEST}\" whose query items name the fields of their pictures as \"part\""
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderValue;

    fn part(name: &str, content: &str) -> String {
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\n\
             content-type: image/jpeg\r\n\r\n{content}\r\n"
        )
    }

    async fn read(content_type: &'static str, body: &str) -> Result<Form, Problem> {
        let value = HeaderValue::from_static(content_type);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
        Form::read(&headers, Bytes::from(body.to_owned())).await
    }

    async fn read_parts(parts: &[(&str, &str)]) -> Result<Form, Problem> {
        let parts = parts.iter().map(|(name, content)| part(name, content));
        let body = parts.collect::<String>() + "--x--\r\n";
        read("multipart/form-data; boundary=x", &body).await
    }

    fn pictures(form: &Form) -> Vec<Bytes> {
        let picture = |item: &Item| match &item.subject {
            Subject::Picture(bytes, _) => bytes.clone(),
            Subject::Field(name, _) => form.picture(name).unwrap(),
            other => panic!("{other:?}"),
        };
        form.items.iter().map(picture).collect()
    }

    #[tokio::test]
    async fn the_field_image_is_a_picture() {
        let form = read_parts(&[("image", "bytes")]).await.unwrap();
        assert_eq!(pictures(&form), ["bytes"]);
        let form = read_parts(&[("image", "a"), ("request", "{\"k\": 3}"), ("image", "b")]).await;
        let form = form.unwrap();
        assert_eq!(pictures(&form), ["a", "b"]);
        assert_eq!(form.given.options().k, 3);
    }

    #[tokio::test]
    async fn items_name_the_fields_of_their_pictures() {
        let request = r#"{"query": [{"part": "back", "weight": 2}, {"part": "front"}]}"#;
        let form = read_parts(&[("front", "f"), ("request", request), ("back", "b")]).await;
        let form = form.unwrap();
        assert_eq!(pictures(&form), ["b", "f"]);
        assert_eq!(form.items[0].weight, 2.0);
    }

    #[tokio::test]
    async fn a_picture_over_axums_own_limit_is_read() {
        let form = read_parts(&[("image", &"a".repeat(3_000_000))])
            .await
            .unwrap();
        assert_eq!(pictures(&form)[0].len(), 3_000_000);
    }

    #[tokio::test]
    async fn other_forms_are_refused_with_what_was_expected() {
        let end = "--x--\r\n";
        for (content_type, body) in [
            ("multipart/form-data", part("image", "a") + end),
            ("multipart/form-data; boundary=x", String::new()),
            ("multipart/form-data; boundary=x", end.to_owned()),
            ("multipart/form-data; boundary=x", "nonsense".to_owned()),
            ("multipart/form-data; boundary=x", part("image", "cut off")),
            ("multipart/form-data; boundary=x", part("file", "a") + end),
        ] {
            let problem = read(content_type, &body).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidForm, "{body}");
            assert!(problem.detail.contains("\"image\""), "{}", problem.detail);
        }
        let front = r#"{"query": [{"part": "front"}]}"#;
        for (parts, named) in [
            (vec![("request", "{}"), ("request", "{}")], "more than once"),
            (vec![("request", "{}")], "\"image\" is missing"),
            (
                vec![("request", front), ("front", "a"), ("front", "b")],
                "more than once",
            ),
            (
                vec![("request", front), ("front", "a"), ("image", "b")],
                "no query item names",
            ),
            (
                vec![("request", r#"{"key": "a"}"#), ("image", "b")],
                "no query item names",
            ),
        ] {
            let problem = read_parts(&parts).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidForm, "{parts:?}");
            assert!(problem.detail.contains(named), "{}", problem.detail);
        }
        let absent = read_parts(&[("request", front)]).await.unwrap();
        assert!(absent.picture("front").is_err());
        let problem = read_parts(&[("request", "{"), ("image", "a")])
            .await
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::InvalidJson);
        assert!(
            problem.detail.starts_with("field \"request\": "),
            "{}",
            problem.detail
        );
        let problem = read_parts(&[("image", "a"); 50]).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::InvalidQuery);
    }
}
