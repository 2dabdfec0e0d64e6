//! Calls from pages of other origins.

use http::Method;
use lookalike_http::HttpSettings;
use lookalike_test_support::memory::MemoryCloud;

use crate::envelope::send;
use crate::support::Shop;

fn with_origins(origins: &[&str]) -> Shop {
    let settings = HttpSettings {
        cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        ..HttpSettings::default()
    };
    Shop::over(MemoryCloud::new(), 0, settings)
}

#[tokio::test]
async fn every_origin_may_call_by_default() {
    let shop = Shop::empty();
    let origin = ("origin", "https://anywhere.example");
    for (path, status) in [("/health", 200), ("/nope", 404)] {
        let reply = send(&shop, Method::GET, path, &[origin]).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(
            reply
                .header("access-control-expose-headers")
                .contains("x-request-id")
        );
        assert!(
            reply
                .header("access-control-expose-headers")
                .contains("etag")
        );
    }
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_route() {
    let shop = Shop::empty();
    let asked = [
        ("origin", "https://anywhere.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,authorization",
        ),
    ];
    let reply = send(&shop, Method::OPTIONS, "/search", &asked).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert_eq!(
        reply.header("access-control-allow-headers"),
        "content-type,authorization"
    );
    assert_eq!(reply.header("access-control-max-age"), "3600");
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn only_listed_origins_may_call() {
    let shop = with_origins(&["https://shop.example", "not an origin\n"]);
    for (origin, allowed) in [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example.evil", ""),
        ("null", ""),
    ] {
        let reply = send(&shop, Method::GET, "/health", &[("origin", origin)]).await;
        assert_eq!(reply.header("access-control-allow-origin"), allowed);
        assert!(reply.header("vary").contains("origin"));
    }
    let closed = with_origins(&[]);
    let reply = send(
        &closed,
        Method::GET,
        "/health",
        &[("origin", "https://a.example")],
    )
    .await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}
