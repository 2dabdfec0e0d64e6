//! The state that handlers share.

use std::sync::Arc;

use lookalike_search::Searcher;
use tokio::sync::Semaphore;

use crate::settings::{AuditLimits, CacheSettings, HttpSettings};

/// Everything that a handler can reach.
#[derive(Clone)]
pub(crate) struct AppState {
    /// Answers searches and lookups.
    pub(crate) searcher: Arc<Searcher>,
    /// Maximum size of a request body in bytes.
    pub(crate) max_body_bytes: usize,
    /// Rules for caches of look-alikes of a product.
    pub(crate) cache: CacheSettings,
    /// Limits of the catalog audit; `None` if it is disabled.
    pub(crate) audit: Option<AuditLimits>,
    /// True if callers may see which images failed, and why.
    pub(crate) shows_failures: bool,
    /// One permit: an audit needs memory for the whole catalog, so only one runs at a time.
    pub(crate) audit_permit: Arc<Semaphore>,
}

impl AppState {
    pub(crate) fn new(searcher: Arc<Searcher>, settings: &HttpSettings) -> Self {
        Self {
            searcher,
            max_body_bytes: settings.max_body_bytes,
            cache: settings.cache,
            audit: settings.audit,
            shows_failures: settings.shows_failures,
            audit_permit: Arc::new(Semaphore::new(1)),
        }
    }
}
