//! The ports' conformance suite on the AWS adapters, over HTTP against the local cloud: the same suite
//! that the adapters in memory pass.

#![allow(clippy::unwrap_used)]

use lookalike_aws::{Clients, Cloud, Settings, create_table};
use lookalike_local_cloud::{LocalCloud, Options};
use lookalike_service::{StoreErrorKind, conformance};
use tempfile::TempDir;

/// Servers with empty buckets and an empty table, and adapters for them.
struct World {
    cloud: Cloud,
    local: LocalCloud,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalCloud::start(Options {
            buckets: vec!["catalog".to_owned(), "index".to_owned()],
            tables: vec![create_table("lookalike")],
            ..Options::new(folder.path())
        })
        .await
        .unwrap();
        let cloud = cloud(&local, "catalog");
        Self {
            cloud,
            local,
            _folder: folder,
        }
    }
}

fn cloud(local: &LocalCloud, catalog_bucket: &str) -> Cloud {
    let settings = Settings::read(|name| match name {
        "LOOKALIKE_CATALOG_BUCKET" => Some(catalog_bucket.to_owned()),
        "LOOKALIKE_INDEX_BUCKET" => Some("index".to_owned()),
        "LOOKALIKE_TABLE" => Some("lookalike".to_owned()),
        _ => None,
    })
    .unwrap();
    let clients = Clients::local(
        &local.s3_url(),
        &local.dynamodb_url(),
        local.access_key(),
        local.secret_key(),
        local.region(),
    );
    Cloud::with_clients(clients, &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_conform() {
    let world = World::new().await;
    conformance::pictures(
        world.cloud.pictures.clone(),
        world.cloud.picture_writer.clone(),
    )
    .await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_conform() {
    let world = World::new().await;
    conformance::links(world.cloud.links.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_conform() {
    let world = World::new().await;
    conformance::manifests(world.cloud.manifests.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_conform() {
    let world = World::new().await;
    conformance::segments(world.cloud.segments.clone(), world.cloud.shelf.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn products_conform() {
    let world = World::new().await;
    conformance::products(world.cloud.products.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_conform() {
    let world = World::new().await;
    conformance::records(world.cloud.records.clone(), world.cloud.failures.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_exist_is_named() {
    let world = World::new().await;
    let wrong = cloud(&world.local, "elsewhere");
    let error = wrong.pictures.get("catalog/a.jpg", 10).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("elsewhere"), "{error}");
    world.local.shutdown().await;
}
