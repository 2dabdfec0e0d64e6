//! Wires the HTTP API to AWS and to the Lambda runtime.

use std::sync::Arc;

use lambda_http::Error;
use lambda_http::lambda_runtime::Config;
use lookalike_aws::{Cloud, EmfMetrics, Settings, encoders, logging};
use lookalike_core::{MemoryBudget, start_up};
use lookalike_http::{AuditLimits, CacheSettings, HttpSettings, router};
use lookalike_search::{SearchSettings, Searcher};

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_up::begin();
    lookalike_encoder::keep_freed_memory();
    let settings = Settings::from_env();
    logging::init(settings.as_ref().is_ok_and(|settings| settings.trace));
    let settings = settings.inspect_err(|error| tracing::error!(%error, "cannot start"))?;
    start_up::done("settings read");
    let cloud = Cloud::connect(&settings).await?;
    start_up::done("clients made");
    let function = Config::from_env();
    let memory = u64::try_from(function.memory).ok().map(|mb| mb << 20);
    let metrics = Arc::new(EmfMetrics::stdout(function.function_name));
    let ports = cloud.search_ports(encoders(&settings, &cloud), metrics);
    let search = SearchSettings {
        refresh: settings.refresh,
        filterable: settings.filterable,
        image_memory: memory.map(MemoryBudget::of_process).unwrap_or_default(),
    };
    let searcher = Arc::new(Searcher::new(ports, search));
    let warming = Arc::clone(&searcher);
    // Meanwhile the function accepts requests; the first one waits for what it needs.
    tokio::spawn(async move { warming.warm_up().await });
    let http = HttpSettings {
        cors_origins: settings.cors_origins,
        cache: CacheSettings {
            max_age: settings.cache,
            shared: settings.open,
        },
        audit: settings.audit.map(AuditLimits::of_function),
        origin_secret: settings.origin_secret,
        shows_failures: settings.public_failures || !settings.open,
        ..HttpSettings::default()
    };
    lookalike_searcher::serve(router(searcher, http)).await
}
