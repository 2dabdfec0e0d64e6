//! The pages: `GET /` for shoppers, `GET /status` for the operator, `GET /docs` for programmers. Each is one
//! file without references to anything else but the routes beside it, so that it works under any prefix and
//! without any other host.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use sha2::{Digest, Sha256};

use super::compact::{compact, compact_script, compact_style};

const COMMON_STYLE: &str = include_str!("../page/common.css");
const COMMON_SCRIPT: &str = include_str!("../page/common.js");

static SEARCH: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/search/search.html"),
        &[include_str!("../page/search/search.css")],
        &[
            include_str!("../page/problem.js"),
            include_str!("../page/search/parts.js"),
            include_str!("../page/search/address.js"),
            include_str!("../page/search/picture.js"),
            include_str!("../page/search/request.js"),
            include_str!("../page/search/crop.js"),
            include_str!("../page/search/filters.js"),
            include_str!("../page/search/results.js"),
            include_str!("../page/search/search.js"),
            include_str!("../page/search/show.js"),
            include_str!("../page/search/react.js"),
        ],
    )
});

static STATUS: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/status/status.html"),
        &[include_str!("../page/status/status.css")],
        &[
            include_str!("../page/status/verdict.js"),
            include_str!("../page/status/status.js"),
        ],
    )
});

static DOCS: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/docs/docs.html"),
        &[include_str!("../page/docs/docs.css")],
        &[
            include_str!("../page/problem.js"),
            include_str!("../page/docs/schema.js"),
            include_str!("../page/docs/docs.js"),
        ],
    )
});

/// A page with its style and script in it, and the policy that lets these run.
struct Page {
    html: String,
    policy: HeaderValue,
}

impl Page {
    fn new(html: &str, styles: &[&str], scripts: &[&str]) -> Self {
        let style = compact_style(&compact(&[&[COMMON_STYLE], styles].concat()));
        let script = compact_script(&compact(&[&[COMMON_SCRIPT], scripts].concat()));
        let html = compact(&[html])
            .replace("/* style */", &style)
            .replace("/* script */", &script);
        let policy = HeaderValue::from_str(&policy(&style, &script));
        Self {
            html,
            policy: policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    fn reply(&'static self) -> impl IntoResponse {
        let headers = [
            (
                CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (CONTENT_SECURITY_POLICY, self.policy.clone()),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        (headers, self.html.as_str())
    }
}

/// Nothing runs but the page's own script, no text becomes markup, and nothing is asked but this service.
/// Pictures are signed links to wherever the catalog bucket is, so they may come from any host.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' blob: data: http: https:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source(script),
        source(style)
    )
}

/// A policy source that allows exactly this inline text.
fn source(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
}

/// The page for shoppers
#[utoipa::path(
    get,
    path = "/",
    tag = "service",
    responses((status = 200, description = "A page that searches by drop, paste, file or camera", content_type = "text/html")),
)]
pub(crate) async fn page() -> impl IntoResponse {
    SEARCH.reply()
}

/// The page for the operator
#[utoipa::path(
    get,
    path = "/status",
    tag = "service",
    responses((status = 200, description = "A page that says whether all is well, and what to do if not", content_type = "text/html")),
)]
pub(crate) async fn status() -> impl IntoResponse {
    STATUS.reply()
}

/// This interface as a page
#[utoipa::path(
    get,
    path = "/docs",
    tag = "service",
    responses((status = 200, description = "A page that shows the OpenAPI document", content_type = "text/html")),
)]
pub(crate) async fn docs() -> impl IntoResponse {
    DOCS.reply()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser downloads for all three.
    const MAX_BYTES: usize = 100_000;

    fn pages() -> [&'static Page; 3] {
        [&SEARCH, &STATUS, &DOCS]
    }

    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        let after = text.split_once(begin).map_or("", |(_, after)| after);
        after.split_once(end).map_or("", |(inside, _)| inside)
    }

    fn script(page: &Page) -> &str {
        between(&page.html, "<script>", "</script>")
    }

    #[test]
    fn style_and_script_stand_in_the_page_as_they_were_hashed() {
        for page in pages() {
            let policy = page.policy.to_str().unwrap_or_default();
            let style = between(&page.html, "<style>", "</style>");
            assert!(style.len() > 5_000 && script(page).len() > 10_000);
            for text in [style, script(page)] {
                assert!(policy.contains(&source(text)), "{policy}");
            }
            assert_eq!(page.html.matches("<script").count(), 1);
            assert_eq!(page.html.matches("<style").count(), 1);
            assert!(!page.html.contains(" style="), "the policy forbids it");
        }
    }

    #[test]
    fn metadata_cannot_become_markup() {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "setHTML",
            "DOMParser",
            "eval(",
            "new Function",
        ] {
            for page in pages() {
                assert!(!script(page).contains(way), "a page uses {way}");
            }
        }
    }

    #[test]
    fn the_pages_refer_to_no_other_host() {
        for page in pages() {
            let text = page.html.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"));
        }
    }

    #[test]
    fn the_pages_are_small() {
        let bytes: usize = pages().iter().map(|page| page.html.len()).sum();
        assert!(bytes < MAX_BYTES, "{bytes} bytes");
    }
}
