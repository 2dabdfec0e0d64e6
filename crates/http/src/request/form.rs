//! `multipart/form-data` with one field, `image`.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemKind, shown};

/// The form, for the description of the interface.
#[derive(ToSchema)]
#[schema(as = SearchForm)]
#[expect(dead_code, reason = "describes what the code below reads")]
pub(crate) struct FormBody {
    /// The picture.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
}

/// The picture in a form that was read in full.
pub(crate) async fn picture_field(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Problem> {
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

    let mut picture = None;
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| invalid(error.body_text()))?
    {
        let name = field.name().unwrap_or_default();
        if name != "image" {
            let text = format!("there is no field {}, only \"image\"", shown(name));
            return Err(invalid(text));
        }
        if picture.is_some() {
            return Err(invalid(
                "field \"image\" is given more than once".to_owned(),
            ));
        }
        let bytes = field.bytes().await;
        picture = Some(bytes.map_err(|error| invalid(error.body_text()))?);
    }
    picture.ok_or_else(|| invalid("field \"image\" is missing".to_owned()))
}

fn invalid(reason: String) -> Problem {
    Problem::new(
        ProblemKind::InvalidForm,
        format!("{reason}; expected multipart/form-data with the picture in field \"image\""),
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

    async fn read(content_type: &'static str, body: &str) -> Result<Bytes, Problem> {
        let value = HeaderValue::from_static(content_type);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
        picture_field(&headers, Bytes::from(body.to_owned())).await
    }

    #[tokio::test]
    async fn the_field_image_is_the_picture() {
        let body = part("image", "bytes") + "--x--\r\n";
        let picture = read("multipart/form-data; boundary=x", &body).await;
        assert_eq!(&picture.unwrap()[..], b"bytes");
    }

    #[tokio::test]
    async fn a_picture_over_axums_own_limit_is_read() {
        let body = part("image", &"a".repeat(3_000_000)) + "--x--\r\n";
        let picture = read("multipart/form-data; boundary=x", &body).await;
        assert_eq!(picture.unwrap().len(), 3_000_000);
    }

    #[tokio::test]
    async fn other_forms_are_refused_with_what_was_expected() {
        let end = "--x--\r\n";
        let twice = part("image", "a") + &part("image", "b") + end;
        for (content_type, body) in [
            ("multipart/form-data", part("image", "a") + end),
            ("multipart/form-data; boundary=x", String::new()),
            ("multipart/form-data; boundary=x", end.to_owned()),
            ("multipart/form-data; boundary=x", "nonsense".to_owned()),
            ("multipart/form-data; boundary=x", part("image", "cut off")),
            ("multipart/form-data; boundary=x", part("file", "a") + end),
            ("multipart/form-data; boundary=x", twice),
        ] {
            let problem = read(content_type, &body).await.unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidForm, "{body}");
            assert!(problem.detail.contains("\"image\""), "{}", problem.detail);
        }
    }
}
