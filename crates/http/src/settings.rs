//! Settings of the operator.

use std::time::Duration;

use lookalike_core::OriginSecret;

/// Settings of the HTTP interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Origins whose pages may call this interface, e.g. `https://shop.example`; `*` allows every origin, an empty list
    /// only the interface's own.
    pub cors_origins: Vec<String>,
    /// Maximum size of a request body in bytes; the reply to a longer one is 413.
    pub max_body_bytes: usize,
    /// Rules for caches of look-alikes of a product.
    pub cache: CacheSettings,
    /// Limits of `GET /audit`; `None` disables it.
    pub audit: Option<AuditLimits>,
    /// Value that requests must have in the header `X-Origin-Verify`; `None` lets all requests in.
    pub origin_secret: Option<OriginSecret>,
    /// True if callers may see which images failed, and why; otherwise only how many.
    pub shows_failures: bool,
}

/// Who may cache an answer, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Time until an answer has to be revalidated, in whole seconds; below one, it is revalidated each time.
    pub max_age: Duration,
    /// If true, shared caches may keep answers; otherwise only the caller's browser.
    pub shared: bool,
}

impl Default for CacheSettings {
    /// A minute, in shared caches too.
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(60),
            shared: true,
        }
    }
}

/// Limits of a catalog audit within one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditLimits {
    /// Time limit.
    pub time: Duration,
    /// Maximum number of images in the catalog: their keys and records have to fit into memory beside the index.
    pub pictures: u64,
}

impl AuditLimits {
    /// Returns the limits of a Lambda function of the default size: 100,000 images take about 100 MB.
    pub fn of_function(time: Duration) -> Self {
        Self {
            time,
            pictures: 100_000,
        }
    }
}

impl HttpSettings {
    /// The maximum that a Lambda function can receive: 6 MiB. A binary body reaches it in base64, which leaves about 4.4
    /// MB for an image; larger ones go through `POST /uploads`.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 6 * 1024 * 1024;
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            cors_origins: vec!["*".to_owned()],
            max_body_bytes: Self::DEFAULT_MAX_BODY_BYTES,
            cache: CacheSettings::default(),
            audit: None,
            origin_secret: None,
            shows_failures: true,
        }
    }
}
