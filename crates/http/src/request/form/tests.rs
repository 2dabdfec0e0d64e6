#![allow(clippy::unwrap_used)]

use http::HeaderValue;

use super::*;

fn part(name: &str, content: &str) -> String {
    format!(
        "--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\n\
         content-type: image/jpeg\r\n\r\n{content}\r\n"
    )
}

async fn read(content_type: &'static str, body: &str) -> Result<Form, Problem> {
    read_noting(content_type, body, &mut Ignored::default()).await
}

async fn read_noting(
    content_type: &'static str,
    body: &str,
    ignored: &mut Ignored,
) -> Result<Form, Problem> {
    let value = HeaderValue::from_static(content_type);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
    Form::read(
        &headers,
        Bytes::from(body.to_owned()),
        Values::default(),
        ignored,
    )
    .await
}

async fn read_parts(parts: &[(&str, &str)]) -> Result<Form, Problem> {
    let parts = parts.iter().map(|(name, content)| part(name, content));
    let body = parts.collect::<String>() + "--x--\r\n";
    read("multipart/form-data; boundary=x", &body).await
}

fn images(form: &Form) -> Vec<Bytes> {
    let image = |item: &Item| match &item.subject {
        Subject::Image(bytes, _) => bytes.clone(),
        Subject::Field(name, _) => form.images.find(name).unwrap(),
        other => panic!("{other:?}"),
    };
    form.items.iter().map(image).collect()
}

#[tokio::test]
async fn the_field_image_is_an_image() {
    let form = read_parts(&[("image", "bytes")]).await.unwrap();
    assert_eq!(images(&form), ["bytes"]);
    let form = read_parts(&[("image", "a"), ("request", "{\"k\": 3}"), ("image", "b")]).await;
    let form = form.unwrap();
    assert_eq!(images(&form), ["a", "b"]);
    assert_eq!(form.params.search.options().k, 3);
}

#[tokio::test]
async fn items_name_the_fields_of_their_images() {
    let request = r#"{"query": [{"part": "back", "weight": 2}, {"part": "front"}]}"#;
    let form = read_parts(&[("front", "f"), ("request", request), ("back", "b")]).await;
    let form = form.unwrap();
    assert_eq!(images(&form), ["b", "f"]);
    assert_eq!(form.items[0].weight, 2.0);
}

#[tokio::test]
async fn fields_of_the_page_and_empty_file_inputs_are_ignored() {
    for (parts, expected, named) in [
        (
            vec![("image", "a"), ("csrf", "x"), ("send", "")],
            "a",
            "'csrf', field 'send'",
        ),
        (vec![("image", "a"), ("image", "")], "a", "'image'"),
        (
            vec![("image", ""), ("image", "a"), ("", "")],
            "a",
            "'image', field ''",
        ),
        (
            vec![
                ("request", r#"{"query": [{"part": "front"}]}"#),
                ("front", "f"),
                ("image", ""),
                ("x", "y"),
            ],
            "f",
            "'image', field 'x'",
        ),
    ] {
        let body = parts.iter().map(|(name, content)| part(name, content));
        let body = body.collect::<String>() + "--x--\r\n";
        let mut ignored = Ignored::default();
        let form = read_noting("multipart/form-data; boundary=x", &body, &mut ignored).await;
        assert_eq!(images(&form.unwrap()), [expected], "{parts:?}");
        let warning = ignored.warning().unwrap();
        assert_eq!(
            warning,
            format!("199 - \"Ignored: field {named}\""),
            "{parts:?}"
        );
    }
    // The only image is empty: that is a problem, and not a form without an image.
    let form = read_parts(&[("image", ""), ("csrf", "x")]).await.unwrap();
    assert_eq!(images(&form), [""]);
    let many = vec![("other", "x"); 65];
    let problem = read_parts(&[&[("image", "a")], &many[..]].concat())
        .await
        .unwrap_err();
    assert!(
        problem.detail.contains("more than 64"),
        "{}",
        problem.detail
    );
}

#[tokio::test]
async fn an_image_over_the_limit_of_axum_is_read() {
    let form = read_parts(&[("image", &"a".repeat(3_000_000))])
        .await
        .unwrap();
    assert_eq!(images(&form)[0].len(), 3_000_000);
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
    assert!(absent.images.find("front").is_err());
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
