//! The pages, the OpenAPI document, and the state of the service.

use axum::body::Body;
use http::Request;
use lookalike_encoder::Encoder;
use lookalike_http::ProblemKind;
use serde_json::{Value, json};

use crate::support::Shop;

#[tokio::test]
async fn health_needs_no_store() {
    let shop = Shop::empty();
    shop.cloud
        .set_fault(Some(Box::new(|_| panic!("a store was asked"))));
    let reply = shop.get("/health").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn the_index_says_what_it_is_made_of() {
    let shop = Shop::stocked().await;
    shop.index(&[("catalog/bad.png", b"text".to_vec())]).await;
    let encoder = Encoder::embedded().unwrap();
    let mut state = shop.get("/index").await.json();
    let segments = state["segments"].take();
    assert_eq!(state["encoder"]["name"], encoder.name());
    assert_eq!(state["encoder"]["dimensions"], encoder.dimensions());
    assert_eq!(state["encoder"]["fingerprint"].as_str().unwrap().len(), 64);
    assert_eq!(state["images"], 4);
    assert_eq!(state["products"], 4);
    assert_eq!(state["failed"], 1);
    assert!(state["generation"].as_u64().unwrap() >= 1);
    let category = json!({"name": "category", "type": "text", "products": 4});
    assert_eq!(state["filterable"], json!([category]));
    assert!(state.get("stale").is_none());
    let first = &segments[0];
    assert!(["base", "delta"].contains(&first["kind"].as_str().unwrap()));
    assert_eq!(first["rows"], 4);
    assert!(first["bytes"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn an_empty_index_has_a_state_too() {
    let state = Shop::empty().get("/index").await.json();
    assert_eq!(state["generation"], 0);
    assert_eq!(state["segments"], json!([]));
}

#[tokio::test]
async fn the_pages_may_run_nothing_but_their_own() {
    for (path, title) in [
        ("/", "lookalike"),
        ("/status", "Status · lookalike"),
        ("/docs", "API · lookalike"),
    ] {
        let reply = Shop::empty().get(path).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let title = format!("<title>{title}</title>");
        assert!(String::from_utf8_lossy(&reply.body).contains(&title));
    }
}

/// Maximum compressed bytes of all three pages together.
const MAX_TRANSFERRED_BYTES: usize = 40_000;

#[tokio::test]
async fn the_pages_are_small_on_the_wire() {
    let mut transferred = 0;
    for path in ["/", "/status", "/docs"] {
        let request = Request::get(path).header("accept-encoding", "gzip, deflate, br");
        let reply = Shop::empty()
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert!(["gzip", "br"].contains(&reply.header("content-encoding")));
        transferred += reply.body.len();
    }
    assert!(transferred <= MAX_TRANSFERRED_BYTES, "{transferred} bytes");
}

#[tokio::test]
async fn the_description_is_openapi_3_1() {
    let reply = Shop::empty().get("/openapi.json").await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    references_resolve(&document, &document);
    let types = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let types: Vec<&str> = types
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t.as_str().unwrap())
        .collect();
    for name in ["invalid-parameter", "incomplete-index", "unavailable"] {
        assert!(
            types.contains(&format!("urn:lookalike:problem:{name}").as_str()),
            "{types:?}"
        );
    }
}

/// Programs branch on problem types, so the documentation must list every one of them, with its meaning.
#[test]
fn the_documentation_lists_every_problem_type_with_its_status() {
    let page = include_str!("../../../../docs/api.md");
    for kind in ProblemKind::ALL {
        let uri = kind.type_uri();
        let name = uri.rsplit(':').next().unwrap();
        let status = kind.status().as_u16().to_string();
        let quoted = format!("`{name}`");
        let has_line = |begin: &str| {
            let mut lines = page.lines();
            lines.any(|line| line.starts_with(begin) && line.contains(&quoted))
        };
        assert!(has_line(&format!("| {status} ")), "{status} {name}");
        assert!(has_line("| `"), "{name} has no description");
    }
}

async fn document() -> Value {
    Shop::empty().get("/openapi.json").await.json()
}

/// Every operation of the document, with its name.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let named = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    named.collect()
}

#[tokio::test]
async fn every_kind_of_problem_has_an_example_that_operations_refer_to() {
    let document = document().await;
    let examples = document["components"]["examples"].as_object().unwrap();
    assert_eq!(examples.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        let uri = kind.type_uri();
        let name = uri.rsplit(':').next().unwrap();
        let body = &examples[name]["value"];
        assert_eq!(body["type"], uri);
        assert_eq!(body["status"], kind.status().as_u16());
        let reference = json!({"$ref": format!("#/components/examples/{name}")});
        let status = kind.status().as_u16().to_string();
        let is_used = operations(&document).iter().any(|(_, operation)| {
            let content = &operation["responses"][&status]["content"]["application/problem+json"];
            content["examples"][name] == reference
        });
        assert!(is_used, "no operation answers with {name}");
    }
}

#[tokio::test]
async fn every_operation_lists_its_statuses() {
    let document = document().await;
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(!responses.contains_key("default"), "{name}");
        for status in ["405", "406", "500"] {
            assert!(responses.contains_key(status), "{name} lacks {status}");
        }
        for (status, response) in responses {
            assert!(response["description"].is_string(), "{name} {status}");
            assert!(
                response["headers"]["x-request-id"].is_object(),
                "{name} {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_search_has_exactly_one_subject() {
    let document = document().await;
    let schemas = &document["components"]["schemas"];
    let choices = |name: &str| {
        let choices = schemas[name]["oneOf"].as_array().unwrap().iter();
        let required = choices.map(|choice| choice["required"].clone());
        Value::Array(required.collect())
    };
    let subjects = json!([["query"], ["image"], ["key"]]);
    assert_eq!(choices("SearchRequest"), subjects);
    let kinds = json!([["image"], ["key"], ["product"], ["vector", "fingerprint"]]);
    assert_eq!(choices("QueryItem"), kinds);
    // Only items of a form name images by field, and only a form may have images without a query.
    assert!(schemas["QueryItem"]["properties"].get("part").is_none());
    assert!(
        choices("FormQueryItem")
            .as_array()
            .unwrap()
            .contains(&json!(["part"]))
    );
    assert!(
        choices("FormRequest")
            .as_array()
            .unwrap()
            .contains(&json!([]))
    );
    let items = &schemas["FormRequest"]["properties"]["query"]["items"];
    assert_eq!(items["$ref"], "#/components/schemas/FormQueryItem");
}

#[tokio::test]
async fn every_parameter_is_described_and_has_an_example() {
    let document = document().await;
    let mut seen = 0;
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let text = parameter["description"].as_str().unwrap_or_default();
            assert!(text.len() > 10, "{name}: {parameter}");
            // No cursor but one that was given out is accepted.
            let has_example = !parameter["example"].is_null();
            assert_eq!(
                has_example,
                parameter["name"] != "cursor",
                "{name}: {parameter}"
            );
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen} parameters");
}

fn references_resolve(part: &Value, document: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.trim_start_matches('#');
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members
                .values()
                .for_each(|part| references_resolve(part, document));
        }
        Value::Array(parts) => parts
            .iter()
            .for_each(|part| references_resolve(part, document)),
        _ => {}
    }
}
