//! The secret of the network in front of the API.

use axum::body::Body;
use http::Request;
use lookalike_core::OriginSecret;
use lookalike_http::HttpSettings;
use lookalike_test_support::memory::MemoryCloud;

use crate::support::Shop;

const SECRET: &str = "correct-horse-battery-staple";

fn guarded() -> Shop {
    let settings = HttpSettings {
        origin_secret: OriginSecret::parse(SECRET),
        ..HttpSettings::default()
    };
    Shop::over(MemoryCloud::new(), 0, settings)
}

#[tokio::test]
async fn only_requests_with_the_secret_are_answered() {
    let shop = guarded();
    for path in ["/", "/index", "/openapi.json", "/nothing"] {
        shop.get(path).await.problem(403, "direct-access");
    }
    shop.post("/search", "image/jpeg", "x")
        .await
        .problem(403, "direct-access");
    for (value, status) in [
        (SECRET, 200),
        ("correct-horse-battery-stapler", 403),
        ("", 403),
    ] {
        let request = Request::get("/index").header("x-origin-verify", value);
        let reply = shop.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, status, "{value:?}");
    }
}

#[tokio::test]
async fn health_is_open_to_those_who_watch_it() {
    assert_eq!(guarded().get("/health").await.status, 200);
}
