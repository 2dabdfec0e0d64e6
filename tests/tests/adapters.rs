//! The ports' conformance suite on the AWS adapters, over HTTP against the local cloud: the same suite
//! that the adapters in memory pass.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lookalike_aws::{Clients, Cloud, Settings, create_table};
use lookalike_core::StoreErrorKind;
use lookalike_events::{Event, Work};
use lookalike_local_cloud::{EventHandler, LocalCloud, Options};
use lookalike_test_support::conformance;
use serde_json::Value;
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
    cloud_with(local, catalog_bucket, &local.queue_url())
}

fn settings(catalog_bucket: &str, queue_url: Option<&str>) -> Settings {
    Settings::read(|name| match name {
        "LOOKALIKE_CATALOG_BUCKET" => Some(catalog_bucket.to_owned()),
        "LOOKALIKE_INDEX_BUCKET" => Some("index".to_owned()),
        "LOOKALIKE_TABLE" => Some("lookalike".to_owned()),
        "LOOKALIKE_QUEUE_URL" => queue_url.map(str::to_owned),
        _ => None,
    })
    .unwrap()
}

fn cloud_with(local: &LocalCloud, catalog_bucket: &str, queue_url: &str) -> Cloud {
    let settings = settings(catalog_bucket, Some(queue_url));
    let clients = Clients::local(
        &local.s3_url(),
        &local.dynamodb_url(),
        &local.sqs_url(),
        local.access_key(),
        local.secret_key(),
        local.region(),
    );
    Cloud::with_clients(clients, &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_conform() {
    let world = World::new().await;
    conformance::images(
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
    conformance::generations(world.cloud.generations.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_conform() {
    let world = World::new().await;
    conformance::segments(world.cloud.segments.clone(), world.cloud.shelf.clone()).await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn encoders_conform() {
    let world = World::new().await;
    conformance::encoders(
        world.cloud.stored_encoders.clone(),
        world.cloud.encoder_store.clone(),
    )
    .await;
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
async fn the_table_reader_conforms() {
    let world = World::new().await;
    conformance::table_reader(
        world.cloud.table.clone(),
        world.cloud.products.clone(),
        world.cloud.records.clone(),
    )
    .await;
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vector_bases_conform() {
    let world = World::new().await;
    vector_bases_of(&world.cloud).await;
    world.local.shutdown().await;
}

/// Tests the vector index of another implementation of DynamoDB than that of the local cloud.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator at AWS_ENDPOINT_URL; tests/deployed runs it"]
async fn vector_bases_conform_on_an_emulator() {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
    assert!(
        endpoint.contains("//127.0.0.1:"),
        "{endpoint} is no emulator"
    );
    let cloud = Cloud::connect(&settings("catalog", None)).await.unwrap();
    vector_bases_of(&cloud).await;
}

async fn vector_bases_of(cloud: &Cloud) {
    conformance::vector_base(
        cloud.vector_base.clone(),
        cloud.vector_base_writer.clone(),
        cloud.vector_base_admin.clone(),
    )
    .await;
}

/// Stands for a request for maintenance among keys.
const MAINTENANCE: &str = "maintenance";

/// Reads events as the indexer does, and keeps the keys.
#[derive(Default)]
struct Keys(Mutex<Vec<String>>);

#[async_trait]
impl EventHandler for Keys {
    async fn handle(&self, sqs_event: Value) -> Result<Value, String> {
        let Event::Queue(messages) = Event::parse(sqs_event).unwrap() else {
            panic!("not from a queue")
        };
        let mut keys = self.0.lock().unwrap();
        for message in messages {
            match message.work.unwrap() {
                Work::Maintenance => keys.push(MAINTENANCE.to_owned()),
                Work::Changes(changes) | Work::Backfill(changes) => {
                    keys.extend(changes.into_iter().map(|change| {
                        assert_eq!(change.bucket, "catalog");
                        change.key
                    }))
                }
            }
        }
        Ok(Value::Null)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_conform() {
    let world = World::new().await;
    let keys = Arc::new(Keys::default());
    let receive = async || {
        world.local.deliver_to(keys.clone());
        world.local.idle().await;
        std::mem::take(&mut *keys.0.lock().unwrap())
    };
    let changes = world.cloud.changes.clone().unwrap();
    conformance::changes(changes.clone(), receive).await;
    changes.request_maintenance().await.unwrap();
    assert_eq!(receive().await, [MAINTENANCE]);
    assert!(world.local.dead_letters().is_empty());
    world.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_exist_is_named() {
    let world = World::new().await;
    let elsewhere = world
        .local
        .queue_url()
        .replace("lookalike-changes", "elsewhere");
    let wrong = cloud_with(&world.local, "catalog", &elsewhere)
        .changes
        .unwrap();
    for error in [
        wrong.push(&["catalog/a.jpg".to_owned()]).await.unwrap_err(),
        wrong.waiting().await.unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("elsewhere"), "{error}");
        assert!(error.to_string().contains("LOOKALIKE_QUEUE_URL"), "{error}");
    }
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
