//! What the operator may set.

use std::time::Duration;

/// Settings of the HTTP interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Origins whose pages may call this interface, e.g. `https://shop.example`; `*` allows every
    /// origin, an empty list none but the interface's own.
    pub cors_origins: Vec<String>,
    /// Most bytes of a request body; a longer one is answered with 413 before it is read in full.
    pub max_body_bytes: usize,
    /// How long others may keep look-alikes of a product.
    pub cache: CacheSettings,
    /// How far `GET /audit` may go; without, it is switched off.
    pub audit: Option<AuditLimits>,
}

/// How long browsers and a content delivery network may keep an answer, and which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// How long without asking again, in whole seconds; below one, they ask each time.
    pub max_age: Duration,
    /// Whether everybody may see answers; else only the browser of who asked keeps them.
    pub shared: bool,
}

impl Default for CacheSettings {
    /// A minute, for everybody.
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(60),
            shared: true,
        }
    }
}

/// How far a look over the catalog may go within one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditLimits {
    /// How long it may take.
    pub time: Duration,
    /// Pictures that the catalog may have: their keys and records have to fit into memory beside the index.
    pub pictures: u64,
}

impl AuditLimits {
    /// What a Lambda function of the default size can do, within a time: 100,000 pictures take about 100 MB.
    pub fn of_function(time: Duration) -> Self {
        Self {
            time,
            pictures: 100_000,
        }
    }
}

impl HttpSettings {
    /// What a Lambda function can receive at all: 6 MiB. A body that is not text reaches it in base64,
    /// which leaves about 4.4 MB for a picture; larger ones go through `POST /uploads`.
    pub const DEFAULT_MAX_BODY_BYTES: usize = 6 * 1024 * 1024;
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            cors_origins: vec!["*".to_owned()],
            max_body_bytes: Self::DEFAULT_MAX_BODY_BYTES,
            cache: CacheSettings::default(),
            audit: None,
        }
    }
}
