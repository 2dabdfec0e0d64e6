//! The pages: `GET /` for shoppers, `GET /status` for the operator, `GET /docs` for programmers. Each is one file that
//! refers only to the routes beside it, so that it works under any prefix and needs no other host.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use sha2::{Digest, Sha256};

const COMMON_STYLE: &str = include_str!("../page/common.css");
const COMMON_SCRIPT: &str = include_str!("../page/common.js");

static SEARCH: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/search/search.html"),
        &[include_str!("../page/search/search.css")],
        &[
            include_str!("../page/problem.js"),
            include_str!("../page/search/dom.js"),
            include_str!("../page/search/url_state.js"),
            include_str!("../page/search/image_file.js"),
            include_str!("../page/search/request.js"),
            include_str!("../page/search/crop.js"),
            include_str!("../page/search/filters.js"),
            include_str!("../page/search/results.js"),
            include_str!("../page/search/search.js"),
            include_str!("../page/search/render.js"),
            include_str!("../page/search/events.js"),
        ],
    )
});

static STATUS: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/status/status.html"),
        &[include_str!("../page/status/status.css")],
        &[
            include_str!("../page/status/health.js"),
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

/// A page with inline style and script, and the policy that allows exactly these.
struct Page {
    html: String,
    policy: HeaderValue,
}

impl Page {
    fn new(html: &str, styles: &[&str], scripts: &[&str]) -> Self {
        let style = [&[COMMON_STYLE], styles].concat().join("\n");
        let script = [&[COMMON_SCRIPT], scripts].concat().join("\n");
        let html = html
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

/// Returns a policy that allows only the page's own script and style, no markup from text, and requests to this service
/// only. Images may come from any host: they are signed links to the catalog bucket.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' blob: data: http: https:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source(script),
        source(style)
    )
}

/// Returns the policy source that allows exactly this inline text.
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
    responses((status = 200, description = "A page that shows whether all is well, and what to do if not", content_type = "text/html")),
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
}
