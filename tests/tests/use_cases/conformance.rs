//! The adapters in memory keep the contracts of the ports.

use std::time::Duration;

use lookalike_test_support::conformance;
use lookalike_test_support::memory::{EngineSettings, MemoryCloud};

#[tokio::test]
async fn manifests() {
    conformance::manifests(MemoryCloud::new()).await;
    conformance::generations(MemoryCloud::new()).await;
}

#[tokio::test]
async fn segments() {
    let cloud = MemoryCloud::new();
    conformance::segments(cloud.clone(), cloud).await;
}

#[tokio::test]
async fn encoders() {
    let cloud = MemoryCloud::new();
    conformance::encoders(cloud.clone(), cloud).await;
}

#[tokio::test]
async fn images() {
    let cloud = MemoryCloud::new();
    conformance::images(cloud.clone(), cloud).await;
}

#[tokio::test]
async fn links() {
    conformance::links(MemoryCloud::new()).await;
}

#[tokio::test]
async fn products() {
    conformance::products(MemoryCloud::new()).await;
}

#[tokio::test]
async fn records() {
    let cloud = MemoryCloud::new();
    conformance::records(cloud.clone(), cloud).await;
}

#[tokio::test]
async fn changes() {
    let cloud = MemoryCloud::new();
    conformance::changes(cloud.clone(), async || cloud.take_changes()).await;
}

#[tokio::test]
async fn the_table_reader() {
    let cloud = MemoryCloud::new();
    conformance::table_reader(cloud.clone(), cloud.clone(), cloud).await;
}

#[tokio::test]
async fn vector_bases() {
    let cloud = MemoryCloud::new();
    conformance::vector_base(cloud.clone(), cloud.clone(), cloud).await;
}

#[tokio::test]
async fn vector_bases_that_lag_behind() {
    let cloud = MemoryCloud::new();
    cloud.set_engine(EngineSettings {
        write_lag: Duration::from_millis(500),
        ..EngineSettings::default()
    });
    conformance::vector_base(cloud.clone(), cloud.clone(), cloud).await;
}
