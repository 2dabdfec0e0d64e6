//! `GET /`: one file without references to anything else but the routes beside it, so that it works
//! under any prefix and without any other host.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/page.js");

static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("../page/index.html")
        .replace("/* page.css */", STYLE)
        .replace("/* page.js */", SCRIPT)
});

/// Nothing runs but the page's own script, and nothing is asked but this service. Pictures are signed
/// links to wherever the catalog bucket is, so they may come from any host.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' blob: data: http: https:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(SCRIPT),
        source(STYLE)
    )
});

/// The page
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    responses((status = 200, description = "A page that searches by drop, paste or file", content_type = "text/html")),
)]
pub(crate) async fn page() -> impl IntoResponse {
    let policy = HeaderValue::from_str(&POLICY);
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            CONTENT_SECURITY_POLICY,
            policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
        ),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    (headers, PAGE.as_str())
}

/// A policy source that allows exactly this inline text.
fn source(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_stand_in_the_page_as_they_were_hashed() {
        assert!(PAGE.contains(&format!("<style>{STYLE}</style>")));
        assert!(PAGE.contains(&format!("<script>{SCRIPT}</script>")));
        assert!(!SCRIPT.contains("</script"));
    }

    #[test]
    fn metadata_cannot_become_markup() {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.contains(way), "the page uses {way}");
        }
    }

    #[test]
    fn the_page_refers_to_no_other_host() {
        for text in [include_str!("../page/index.html"), STYLE, SCRIPT] {
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"));
        }
    }
}
