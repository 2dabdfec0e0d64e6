//! Lambda function that keeps the index up to date: wires the indexer to AWS and to the Lambda
//! runtime. `lookalike-indexing` handles the events.

#![forbid(unsafe_code)]

mod lambda;

use std::sync::Arc;

use lambda_runtime::{Config, Error, LambdaEvent, service_fn};
use lookalike_aws::{Cloud, EmfMetrics, Settings, encoders, logging};
use lookalike_core::MemoryBudget;
use lookalike_indexing::{Handler, IndexSettings, Indexer};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lookalike_encoder::keep_freed_memory();
    let settings = Settings::from_env();
    logging::init(settings.as_ref().is_ok_and(|settings| settings.trace));
    let settings = settings.inspect_err(|error| tracing::error!(%error, "cannot start"))?;
    let cloud = Cloud::connect(&settings).await?;
    let function = Config::from_env();
    let metrics = Arc::new(EmfMetrics::stdout(function.function_name));
    let ports = cloud.index_ports(encoders(&settings, &cloud), metrics);
    let memory = u64::try_from(function.memory).ok().map(|mb| mb << 20);
    let index = IndexSettings {
        filterable: settings.filterable.clone(),
        memory,
        longest_try: settings.indexer_time,
        image_memory: memory.map(MemoryBudget::of_process).unwrap_or_default(),
        ..IndexSettings::default()
    };
    let indexer = Arc::new(Indexer::new(ports, index));
    let handler = Handler::new(indexer, settings.catalog_bucket)
        .with_changes(cloud.changes)
        .with_retries(cloud.retries)
        .with_backfill(cloud.backfill);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        lambda::invoke(&handler, event)
    }))
    .await
}
