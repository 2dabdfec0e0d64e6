//! The search API of the local system.

use std::sync::Arc;
use std::time::Duration;

use lookalike_http::{AuditLimits, CacheSettings, HttpSettings, router};
use lookalike_search::Searcher;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::explaining::ExplainingListener;
use crate::target::Target;

/// Maximum time of a catalog audit.
const AUDIT_TIME: Duration = Duration::from_secs(600);

/// Serves the API until `stopped` is set.
pub(super) fn serve_api(
    listener: TcpListener,
    searcher: Arc<Searcher>,
    target: &Target,
    mut stopped: watch::Receiver<bool>,
) -> impl Future<Output = std::io::Result<()>> + use<> {
    let http = HttpSettings {
        cors_origins: target.settings.cors_origins.clone(),
        cache: CacheSettings {
            max_age: target.settings.cache,
            shared: target.settings.open,
        },
        // On this machine no gateway ends a request, and there is one caller.
        audit: Some(AuditLimits {
            time: AUDIT_TIME,
            pictures: u64::MAX,
        }),
        ..HttpSettings::default()
    };
    async move {
        axum::serve(ExplainingListener(listener), router(searcher, http))
            .with_graceful_shutdown(async move {
                // An error means that the system was dropped, which is also a reason to stop.
                let _ = stopped.wait_for(|stop| *stop).await;
            })
            .await
    }
}
