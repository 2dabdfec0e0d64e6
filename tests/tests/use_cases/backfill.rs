//! A backfill gives an index with a vector base what the bucket has, and loses nothing that changes meanwhile.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lookalike_core::StoreErrorKind;
use lookalike_indexing::{BackfillReport, Handler, RollbackError};
use lookalike_search::SearchOptions;
use lookalike_test_support::memory::{EngineSettings, Fate, Gate};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::schedules::in_virtual_time;
use crate::twins::{Twins, keys, product_of, twins_with_a_base};
use crate::world::{World, bytes, everything, long, settings};

/// Twins, one of which has a vector base for good.
async fn finished() -> Twins {
    let twins = twins_with_a_base().await;
    twins.switch().await;
    let indexer = twins.base.indexer();
    twins.migration(&indexer).finish(long()).await.unwrap();
    twins
}

/// Stores images without an event.
fn store(world: &World, keys: &[String]) {
    for key in keys {
        world.put_product(key, key, &product_of(key));
    }
}

/// Stops a process before it makes a call.
struct StopBefore {
    call: &'static str,
    reached: Notify,
    released: Notify,
}

impl StopBefore {
    /// Returns another process of a world, which stops there.
    fn process(twins: &Twins, call: &'static str) -> (World, Arc<Self>) {
        let stop = Arc::new(Self {
            call,
            reached: Notify::new(),
            released: Notify::new(),
        });
        let world = World::over(twins.base.cloud.connect(twins.clock.clone()), 1);
        world.cloud.set_gate(stop.clone());
        (world, stop)
    }
}

#[async_trait]
impl Gate for StopBefore {
    async fn pass(&self, call: &'static str, _: &str) -> Fate {
        if call == self.call {
            self.reached.notify_one();
            self.released.notified().await;
        }
        Fate::Done
    }
}

async fn backfill(world: &World, keys: &[String]) -> BackfillReport {
    world.indexer().backfill(keys, long()).await.unwrap()
}

#[test]
fn images_without_an_event_are_indexed() {
    in_virtual_time(async {
        let twins = finished().await;
        let new = keys(100..200);
        for world in twins.both() {
            store(world, &new);
        }
        twins
            .segments
            .indexer()
            .index_keys(&new, long())
            .await
            .unwrap();
        let before = twins.base.manifest();
        for part in new.chunks(30) {
            let report = backfill(&twins.base, part).await;
            assert_eq!((report.written, report.left.len()), (part.len(), 0));
        }
        let after = twins.base.manifest();
        assert_eq!(before, after, "nothing is published");
        let again = backfill(&twins.base, &new).await;
        assert_eq!((again.written, again.unchanged), (0, new.len()));
        assert_eq!(
            twins.base.indexer().recount(long()).await.unwrap(),
            Some(190)
        );
        twins.expect_the_same(1).await;
        // They change like any others.
        twins
            .put(&keys(100..130), |key| format!("new {key}"), product_of)
            .await;
        twins.remove(&keys(150..170)).await;
        twins.set_price(&["product-60".to_owned()], 6).await;
        twins.expect_the_same(2).await;
        twins.drain().await;
        twins.expect_the_same(3).await;
    });
}

#[test]
fn what_cannot_be_indexed_is_recorded() {
    in_virtual_time(async {
        let twins = finished().await;
        let world = &twins.base;
        world.put("catalog/900.jpg", "bad");
        let named = ["catalog/900.jpg", "catalog/901.jpg"].map(str::to_owned);
        let report = backfill(world, &named).await;
        let expected = BackfillReport {
            failed: 1,
            ..BackfillReport::default()
        };
        assert_eq!(report, expected);
        assert_eq!(world.failures().len(), 1);
    });
}

#[test]
fn known_images_are_left_to_the_indexer() {
    in_virtual_time(async {
        let twins = finished().await;
        let world = &twins.base;
        world.put_product("catalog/000.jpg", "another version", "product-0");
        world.put_product("catalog/001.jpg", "catalog/001.jpg", "another product");
        world.put_product("catalog/002.jpg", "bad", "product-0");
        world.cloud.remove_image("catalog/003.jpg");
        let report = backfill(world, &keys(0..10)).await;
        assert_eq!(report.left, keys(0..4));
        assert_eq!((report.written, report.unchanged), (0, 6));
    });
}

#[test]
fn nothing_is_written_that_going_back_would_lose() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        let new = keys(100..110);
        store(&twins.base, &new);
        assert_eq!(backfill(&twins.base, &new).await.left, new);
        twins.switch().await;
        assert_eq!(backfill(&twins.base, &new).await.left, new);
    });
}

/// The image is removed while a backfill has read it and not written it yet, and the process that writes it sleeps until
/// the removal was drained.
#[test]
fn an_image_that_was_removed_does_not_come_back() {
    for sleeps in [Duration::ZERO, Duration::from_secs(10 * 3600)] {
        in_virtual_time(async {
            let twins = finished().await;
            let new = keys(100..101);
            store(&twins.base, &new);
            let (late, stopped) = StopBefore::process(&twins, "put base rows");
            let backfill = tokio::spawn({
                let (indexer, new) = (late.indexer(), new.clone());
                async move { indexer.backfill(&new, long()).await.unwrap() }
            });
            stopped.reached.notified().await;
            twins.base.cloud.remove_image(&new[0]);
            twins.base.indexer().index_keys(&new, long()).await.unwrap();
            if !sleeps.is_zero() {
                for _ in 0..2 {
                    twins.clock.jump(2 * settings().safe_age);
                    twins.base.indexer().rebuild(long()).await.unwrap();
                }
                assert!(twins.base.manifest().segments.is_empty());
            }
            stopped.released.notify_one();
            let report = backfill.await.unwrap();
            assert_eq!(report.left, new);
            assert!(!twins.base.rows().contains_key(&new[0]));
        });
    }
}

/// The tombstone is drained later, under a higher number than that of a backfill.
#[test]
fn an_image_that_came_back_without_an_event_is_left_to_the_indexer() {
    in_virtual_time(async {
        let twins = finished().await;
        twins.remove(&keys(5..6)).await;
        store(&twins.base, &keys(5..6));
        let report = backfill(&twins.base, &keys(5..6)).await;
        assert_eq!((report.written, report.left), (0, keys(5..6)));
    });
}

#[test]
fn two_counts_at_once_are_not_added() {
    in_virtual_time(async {
        let twins = finished().await;
        let new = keys(100..150);
        store(&twins.base, &new);
        backfill(&twins.base, &new).await;
        let counting = |world: World| {
            tokio::spawn(async move { world.indexer().recount(long()).await.unwrap() })
        };
        let (first, stops_first) = StopBefore::process(&twins, "swap manifest");
        let first = counting(first);
        stops_first.reached.notified().await;
        // What is published meanwhile is added once.
        twins
            .base
            .put_product("catalog/200.jpg", "content", "product");
        twins.base.index(&["catalog/200.jpg"]).await;
        let (second, stops_second) = StopBefore::process(&twins, "swap manifest");
        let second = counting(second);
        stops_second.reached.notified().await;
        for (stop, count) in [(stops_first, first), (stops_second, second)] {
            // A lost race is tried again.
            for _ in 0..2 {
                stop.released.notify_one();
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            count.await.unwrap();
            assert_eq!(twins.base.manifest().vector_base.unwrap().images, 141);
        }
    });
}

#[test]
fn no_rollback_opens_the_way_back_to_the_base_segment() {
    in_virtual_time(async {
        let twins = finished().await;
        let before = twins.base.manifest().generation - 1;
        let refused = twins.base.indexer().roll_back(before).await;
        assert!(
            matches!(refused, Err(RollbackError::OtherBase)),
            "{refused:?}"
        );
    });
}

#[test]
fn a_product_that_changes_meanwhile_is_looked_at_again() {
    in_virtual_time(async {
        let twins = finished().await;
        let world = &twins.base;
        world.cloud.set_engine(EngineSettings {
            write_lag: settings().engine_lag - Duration::from_secs(1),
            ..EngineSettings::default()
        });
        let new = keys(300..303);
        store(world, &new);
        let indexer = world.indexer();
        let running = tokio::spawn({
            let new = new.clone();
            async move { indexer.backfill(&new, long()).await.unwrap() }
        });
        // The rows were written, and lists of the product's rows do not show them yet.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let product = product_of(&new[0]);
        world.put_metadata(&product, json!({"price": 77}));
        let report = world.index_products(&[&product]).await;
        assert_eq!(report.updated, 0, "the event comes too early");
        assert_eq!(running.await.unwrap().left, new);
    });
}

#[test]
fn lists_are_found() {
    in_virtual_time(async {
        let twins = finished().await;
        let new = keys(300..303);
        for world in twins.both() {
            store(world, &new);
            world.put_metadata(&product_of(&new[0]), json!({"brand": ["one", "two"]}));
        }
        backfill(&twins.base, &new).await;
        let options = SearchOptions {
            filter: Some(json!({"brand": "two"})),
            ..everything()
        };
        let found = twins
            .base
            .searcher()
            .search_image(bytes("query"), options)
            .await
            .unwrap();
        let found: Vec<&str> = found
            .results
            .iter()
            .map(|found| &*found.product_id)
            .collect();
        assert_eq!(found, [product_of(&new[0])]);
    });
}

#[test]
fn the_cost_of_a_backfill_does_not_follow_the_catalog() {
    in_virtual_time(async {
        let twins = finished().await;
        let mut calls = Vec::new();
        for number in 1..5 {
            let new = keys(100 * number..100 * (number + 1));
            store(&twins.base, &new);
            let before = twins.base.cloud.traffic();
            backfill(&twins.base, &new).await;
            let after = twins.base.cloud.traffic();
            assert_eq!(
                after.written, before.written,
                "the engine alone is written to"
            );
            let spent = after.calls.into_iter().map(|(name, count)| {
                let before = before.calls.get(name).copied();
                (name, count - before.unwrap_or_default())
            });
            calls.push(spent.filter(|(_, count)| *count > 0).collect::<Vec<_>>());
        }
        assert_eq!(calls[0], calls[3]);
    });
}

fn message(receives: u32, keys: &[String]) -> Value {
    let body = lookalike_events::backfill_request("catalog", keys).to_string();
    let attributes = json!({ "ApproximateReceiveCount": receives.to_string() });
    let record = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": body, "attributes": attributes });
    json!({ "Records": [record] })
}

#[test]
fn messages_that_fail_come_back_and_are_left_to_the_indexer_at_last() {
    in_virtual_time(async {
        let twins = finished().await;
        let world = &twins.base;
        let new = keys(300..320);
        store(world, &new);
        let handler = Handler::new(world.indexer().into(), "catalog");
        let handler = handler.with_changes(Some(world.cloud.clone()));
        let handle = async |receives| {
            handler
                .handle(message(receives, &new), long())
                .await
                .unwrap()
        };
        world.fail("put base rows", 1, StoreErrorKind::Denied);
        assert_eq!(
            handle(1).await,
            json!({ "batchItemFailures": [{ "itemIdentifier": "m" }] })
        );
        let done = json!({ "batchItemFailures": [] });
        let before = world.embedded();
        assert_eq!(handle(3).await, done);
        assert_eq!(world.embedded(), before, "nothing is decoded any more");
        assert_eq!(world.cloud.take_changes(), new);
        assert_eq!(handle(2).await, done);
        let missing: Vec<&String> = new
            .iter()
            .filter(|key| !world.rows().contains_key(*key))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    });
}
