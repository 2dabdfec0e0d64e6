//! Every sample event of the search function reaches a router as the request that the caller made.
#![allow(clippy::unwrap_used, missing_docs)]

use std::convert::Infallible;

use http::StatusCode;
use http::header::HOST;
use lambda_http::lambda_runtime::Context;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, Service, service_fn};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/events");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns the request that the router gets for an event.
async fn received(event: Value) -> Request {
    let payload: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let mut context = Context::default();
    context.request_id = "lambda-request".to_owned();
    let event = lookalike_searcher::tidy(LambdaEvent::new(payload, context));

    let (sender, receiver) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    let service = service_fn(move |request: Request| {
        sender.take().unwrap().send(request).unwrap();
        async { Ok::<_, Infallible>(StatusCode::OK.as_str().to_owned()) }
    });
    Adapter::from(service).call(event).await.unwrap();
    receiver.await.unwrap()
}

fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

fn target(request: &Request) -> String {
    request.uri().path_and_query().unwrap().to_string()
}

#[tokio::test]
async fn pictures_arrive_as_bytes_from_every_gateway() {
    for (name, query) in [
        ("http-api-picture", "k=5&min_score=0.1"),
        ("rest-api-picture", "k=5"),
        ("function-url-picture", "k=5"),
    ] {
        let request = received(sample(name)).await;
        assert_eq!(target(&request), format!("/search?{query}"), "{name}");
        assert_eq!(request.headers()["content-type"], "image/png", "{name}");
        let Body::Binary(bytes) = request.body() else {
            panic!("{name}: the body is not binary");
        };
        assert!(bytes.starts_with(PNG), "{name}");
    }
}

#[tokio::test]
async fn text_arrives_as_it_was_sent() {
    let request = received(sample("http-api-json")).await;
    let body: Value = serde_json::from_slice(request.body().as_ref()).unwrap();
    assert!(body["image"].as_str().unwrap().starts_with("iVBORw0KGgo"));
    let request = received(sample("http-api-key")).await;
    let body: Value = serde_json::from_slice(request.body().as_ref()).unwrap();
    assert_eq!(body["key"], "catalog/summer sale/café + 100%.png");
}

#[tokio::test]
async fn the_stage_is_no_part_of_the_path() {
    let staged = sample("http-api-stage");
    assert_eq!(target(&received(staged.clone()).await), "/health");
    for (path, wanted) in [
        ("/shop", "/"),
        ("/shop/", "/"),
        ("/shop/shop/health", "/shop/health"),
        ("/shopping/health", "/shopping/health"),
        ("/health", "/health"),
        ("", "/"),
    ] {
        let request = received(with(staged.clone(), "/rawPath", json!(path))).await;
        assert_eq!(target(&request), wanted, "{path:?}");
    }
    let default = with(staged, "/requestContext/stage", json!("$default"));
    let default = with(default, "/rawPath", json!("/$default/search"));
    assert_eq!(target(&received(default).await), "/$default/search");
    let rest = with(sample("rest-api-picture"), "/path", json!("/shop/x"));
    let rest = with(rest, "/pathParameters/proxy", json!("shop/x"));
    assert_eq!(target(&received(rest).await), "/shop/x?k=5");
}

#[tokio::test]
async fn the_base_path_of_a_custom_domain_is_no_part_of_the_path() {
    for (path, resource, proxy, wanted) in [
        ("/search", "/{proxy+}", "search", "/search"),
        ("/shop/search", "/{proxy+}", "search", "/search"),
        ("/eu/shop/search", "/{proxy+}", "search", "/search"),
        ("/search/search", "/{proxy+}", "search", "/search"),
        ("/shop/shop/x", "/{proxy+}", "shop/x", "/shop/x"),
        (
            "/v1/products/old%20mug",
            "/{proxy+}",
            "products/old mug",
            "/products/old%20mug",
        ),
        (
            "/v1/products/old%20mug",
            "/{proxy+}",
            "products/old%20mug",
            "/products/old%20mug",
        ),
        ("/shop", "/", "", "/"),
        ("/shop/", "/", "", "/"),
        // A resource that this API does not need.
        ("/shop/search", "/shop/search", "", "/shop/search"),
        ("/other", "/{proxy+}", "search", "/other"),
    ] {
        let event = with(sample("rest-api-picture"), "/path", json!(path));
        let event = with(event, "/resource", json!(resource));
        let event = with(event, "/pathParameters/proxy", json!(proxy));
        assert_eq!(
            target(&received(event).await),
            format!("{wanted}?k=5"),
            "{path:?}"
        );
    }
}

#[tokio::test]
async fn decoded_paths_are_encoded_and_encoded_ones_left_alone() {
    for (raw, wanted) in [
        ("/products/old mug/similar", "/products/old%20mug/similar"),
        ("/products/old%20mug/similar", "/products/old%20mug/similar"),
        ("/products/a#b", "/products/a%23b"),
        ("/products/a?b", "/products/a%3Fb"),
        ("/products/100%", "/products/100%25"),
        ("/products/100%zz", "/products/100%25zz"),
        ("/products/café", "/products/caf%C3%A9"),
        (
            "/products/<\"{}|\\^`>",
            "/products/%3C%22%7B%7D%7C%5C%5E%60%3E",
        ),
        ("/products/\u{0}\n", "/products/%00%0A"),
        ("products", "/"),
    ] {
        let event = with(sample("http-api-similar"), "/rawPath", json!(raw));
        assert_eq!(
            target(&received(event).await),
            format!("{wanted}?k=5"),
            "{raw:?}"
        );
    }
}

#[tokio::test]
async fn no_query_and_no_host_can_spoil_the_request() {
    for (raw, wanted) in [
        ("k=5 &a=<b>", "k=5%20&a=%3Cb%3E"),
        ("k=5%20&a=%3Cb%3E", "k=5%20&a=%3Cb%3E"),
        ("k=\u{e9}#%", "k=%C3%A9%23%25"),
        ("a=/?:@", "a=/?:@"),
    ] {
        let event = with(sample("http-api-similar"), "/rawQueryString", json!(raw));
        let event = with(event, "/headers/host", json!("a b]:c"));
        let request = received(event).await;
        assert_eq!(request.uri().query(), Some(wanted), "{raw:?}");
        assert!(!request.headers().contains_key(HOST));
    }
    let mut rest = with(
        sample("rest-api-picture"),
        "/multiValueQueryStringParameters",
        json!({ "k": ["<5>", "é"] }),
    );
    rest["headers"]["Host"] = json!("a b]:c");
    rest["multiValueHeaders"]["Host"] = json!(["a b]:c"]);
    let request = received(rest).await;
    assert_eq!(request.uri().query(), Some("k=%3C5%3E&k=%C3%A9"));
    assert!(!request.headers().contains_key(HOST));
}

#[tokio::test]
async fn the_request_id_is_the_callers_or_else_lambdas() {
    let request = received(sample("http-api-similar")).await;
    assert_eq!(request.headers()["x-request-id"], "lambda-request");
    let mut event = sample("http-api-similar");
    event["headers"]["x-request-id"] = json!("mine");
    let request = received(event).await;
    assert_eq!(request.headers()["x-request-id"], "mine");
}

/// A gateway passes text on unchanged: compressed bytes have to go through it in base64.
#[tokio::test]
async fn compressed_replies_leave_as_bytes() {
    for name in [
        "http-api-similar",
        "rest-api-picture",
        "function-url-picture",
    ] {
        for (encoding, is_binary) in [(Some("gzip"), true), (Some("br"), true), (None, false)] {
            let payload: LambdaRequest = serde_json::from_str(&sample(name).to_string()).unwrap();
            let event = lookalike_searcher::tidy(LambdaEvent::new(payload, Context::default()));
            let service = service_fn(move |_: Request| async move {
                let mut reply =
                    http::Response::builder().header("content-type", "application/json");
                if let Some(encoding) = encoding {
                    reply = reply.header("content-encoding", encoding);
                }
                Ok::<_, Infallible>(reply.body(Body::from(&b"{}"[..])).unwrap())
            });
            let reply = Adapter::from(service).call(event).await.unwrap();
            let reply = serde_json::to_value(&reply).unwrap();
            assert_eq!(
                reply["isBase64Encoded"], is_binary,
                "{name} {encoding:?}: {reply}"
            );
        }
    }
}
