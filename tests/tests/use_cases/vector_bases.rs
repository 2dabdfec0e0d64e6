//! An index with a vector base answers as one of segments does, whatever happens to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lookalike_core::StoreErrorKind;
use lookalike_indexing::{IndexSettings, VectorBaseError};
use lookalike_search::{
    GroupBy, SearchError, SearchOptions, SearchSettings, Searcher, Unsupported, VectorBaseInfo,
    VectorBaseStage,
};
use lookalike_test_support::memory::EngineSettings;
use serde_json::json;

use crate::schedules::in_virtual_time;
use crate::twins::{Twins, keys, product_of, summary, twins_with_a_base};
use crate::world::{Noted, World, bytes, everything, long, settings};

#[test]
fn answers_are_those_of_segments() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.expect_the_same(1).await;
        // The catalog changes while rows are copied, and after.
        let indexer = twins.base.indexer();
        let migration = twins.migration(&indexer);
        migration.begin(Some(2), long()).await.unwrap();
        twins
            .put(&keys(85..95), |key| format!("new {key}"), product_of)
            .await;
        migration.fill(|_, _| ()).await.unwrap();
        twins.remove(&keys(3..9)).await;
        migration.switch(long()).await.unwrap();
        twins.expect_the_same(2).await;
        twins
            .put(
                &keys(40..45),
                |key| format!("newer {key}"),
                |_| "moved".to_owned(),
            )
            .await;
        twins.put(&keys(4..5), str::to_owned, product_of).await;
        twins.remove(&keys(91..93)).await;
        twins
            .set_price(&["product-20".to_owned(), "moved".to_owned()], 6)
            .await;
        twins.expect_the_same(3).await;
        migration.finish(long()).await.unwrap();
        twins.expect_the_same(4).await;
    });
}

#[test]
fn callers_see_how_far_a_vector_base_is() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        let shown = async || {
            let searcher = twins.base.searcher();
            searcher.index_info().await.unwrap().vector_base
        };
        assert_eq!(shown().await, None);
        let indexer = twins.base.indexer();
        let migration = twins.migration(&indexer);
        let begun = migration.begin(Some(3), long()).await.unwrap();
        twins.put(&keys(90..95), str::to_owned, product_of).await;
        let filling = VectorBaseInfo {
            name: begun.name,
            state: VectorBaseStage::Filling,
            slots: 4,
            images: 90,
            waiting_deltas: 0,
            waiting_rows: 0,
            can_roll_back: true,
        };
        assert_eq!(shown().await, Some(filling.clone()));
        migration.fill(|_, _| ()).await.unwrap();
        migration.switch(long()).await.unwrap();
        let serving = VectorBaseInfo {
            state: VectorBaseStage::Serving,
            images: 95,
            waiting_deltas: 1,
            waiting_rows: 5,
            ..filling
        };
        assert_eq!(shown().await, Some(serving.clone()));
        let postponed = indexer.rebuild(long()).await.unwrap().postponed;
        assert!(postponed.unwrap().contains("--finish"));
        migration.finish(long()).await.unwrap();
        twins.clock.jump(settings().safe_age);
        twins
            .put(&keys(0..60), |key| format!("new {key}"), product_of)
            .await;
        let finished = VectorBaseInfo {
            can_roll_back: false,
            ..serving
        };
        // What was written to the vector base does not wait, although its deltas stay for a while.
        twins.maintain().await;
        let waiting = shown().await.unwrap();
        assert!(waiting.waiting_rows < 65, "{waiting:?}");
        twins.drain().await;
        twins.drain().await;
        let drained = VectorBaseInfo {
            waiting_deltas: 0,
            waiting_rows: 0,
            ..finished
        };
        assert_eq!(shown().await, Some(drained));
    });
}

/// A page that offers filters asks for that.
#[test]
fn attributes_with_numbers_are_known_as_such() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        let info = twins.base.searcher().index_info().await.unwrap();
        let price = info.filterable.iter().find(|one| one.name == "price");
        let price = price.map(|one| (one.types.as_str(), one.products));
        assert_eq!(price, Some(("number", 0)));
    });
}

/// Alarms watch both.
#[test]
fn rows_that_wait_and_failures_of_the_engine_are_measured() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        let noted = Arc::new(Noted::default());
        let mut ports = twins.base.search_ports();
        ports.metrics = noted.clone();
        let refreshing = SearchSettings {
            refresh: Duration::ZERO,
            ..SearchSettings::default()
        };
        let searcher = Searcher::new(ports, refreshing);
        let similar = async || searcher.similar("product-20", everything()).await;
        similar().await.unwrap();
        assert!(noted.values("RowsWaiting").is_empty(), "no vector base");
        twins.switch().await;
        twins.put(&keys(90..95), str::to_owned, product_of).await;
        similar().await.unwrap();
        assert_eq!(noted.values("RowsWaiting"), [5.0]);
        assert!(noted.values("VectorBaseFailures").is_empty());
        for call in ["search vector base", "rows of products"] {
            twins.base.fail(call, 1, StoreErrorKind::Unavailable);
            similar().await.unwrap_err();
        }
        twins
            .base
            .fail("get base rows", 1, StoreErrorKind::Unavailable);
        searcher.image(&keys(20..21)[0]).await.unwrap_err();
        assert_eq!(noted.values("VectorBaseFailures"), [1.0; 3]);
    });
}

#[test]
fn deltas_are_drained() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        let indexer = twins.base.indexer();
        twins.migration(&indexer).finish(long()).await.unwrap();
        for round in 0..6_u32 {
            let from = 10 * round;
            twins
                .put(
                    &keys(from..from + 12),
                    |key| format!("{round} {key}"),
                    product_of,
                )
                .await;
            twins.remove(&keys(from + 80..from + 84)).await;
            twins
                .set_price(&[format!("product-{}", 2 * round)], u64::from(round))
                .await;
            twins.expect_the_same(u64::from(round)).await;
            let writer = |twins: &Twins| twins.base.manifest().vector_base.unwrap().writer;
            let before = writer(&twins);
            let is_due = {
                let segments = twins.base.manifest().segments;
                segments.iter().map(|entry| entry.rows).sum::<u32>() >= 25
            };
            twins.drain().await;
            // What a drain that slept writes now takes no effect any more.
            assert!(!is_due || writer(&twins) > before);
            twins.expect_the_same(100 + u64::from(round)).await;
        }
        let manifest = twins.base.manifest();
        let rows: u32 = manifest.segments.iter().map(|entry| entry.rows).sum();
        assert!(rows < 60, "{rows} rows of deltas are left");
        let base = manifest.vector_base.unwrap();
        assert!(base.writer > 1, "something was drained");
        let live = twins.base.cloud.base_rows(&base.name);
        assert!(live.len() > 50, "{}", live.len());
    });
}

#[test]
fn an_index_goes_back_to_its_base_segment() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        twins
            .put(&keys(50..60), |key| format!("new {key}"), product_of)
            .await;
        twins.remove(&keys(0..5)).await;
        twins.set_price(&["product-9".to_owned()], 5).await;
        twins.put(&keys(2..3), str::to_owned, product_of).await;
        twins.drain().await;
        let indexer = twins.base.indexer();
        let migration = twins.migration(&indexer);
        migration.give_up(long()).await.unwrap();
        assert!(twins.base.manifest().vector_base.is_none());
        twins.expect_the_same(5).await;
        assert_eq!(twins.base.rows().len(), twins.segments.rows().len());
        twins.base.verify().await;
        for _ in 0..4 {
            twins.drain().await;
            twins.expect_the_same(6).await;
        }
        // And to the vector base again, for good.
        twins.switch().await;
        migration.finish(long()).await.unwrap();
        let refused = migration.give_up(long()).await;
        assert!(
            matches!(refused, Err(VectorBaseError::Finished)),
            "{refused:?}"
        );
        twins.expect_the_same(7).await;
        // A base segment of all rows takes its place.
        twins
            .put(&keys(60..70), |key| format!("newest {key}"), product_of)
            .await;
        twins.remove(&keys(70..75)).await;
        let rows = migration.return_to_segments(long(), |_| ()).await.unwrap();
        assert_eq!(rows, twins.segments.rows().len() as u64);
        let manifest = twins.base.manifest();
        assert_eq!((manifest.vector_base, manifest.segments.len()), (None, 1));
        twins.expect_the_same(8).await;
        twins.remove(&keys(20..25)).await;
        twins.drain().await;
        twins.expect_the_same(9).await;
    });
}

#[test]
fn rows_that_the_engine_shows_late_are_found_meanwhile() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        let indexer = twins.base.indexer();
        twins.migration(&indexer).finish(long()).await.unwrap();
        let lag = Duration::from_secs(1000);
        twins.base.cloud.set_engine(EngineSettings {
            write_lag: lag,
            ..EngineSettings::default()
        });
        twins.clock.jump(lag);
        twins
            .put(&keys(0..40), |key| format!("new {key}"), product_of)
            .await;
        twins.remove(&keys(40..50)).await;
        for _ in 0..30 {
            twins.clock.jump(lag / 3);
            twins.maintain().await;
            twins.expect_the_same(8).await;
        }
        let segments = twins.base.manifest().segments;
        assert!(segments.is_empty(), "all deltas are drained: {segments:?}");
    });
}

#[test]
fn an_answer_says_when_it_may_lack_something() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        let all = keys(100..700);
        twins.put(&all, str::to_owned, |key| key.to_owned()).await;
        for world in twins.both() {
            world.indexer().rebuild(long()).await.unwrap();
        }
        let indexer = twins.base.indexer();
        let migration = twins.migration(&indexer);
        migration.begin(Some(1), long()).await.unwrap();
        migration.fill(|_, _| ()).await.unwrap();
        migration.switch(long()).await.unwrap();
        let [base, segments] = twins.both().map(World::searcher);
        let asking = |k, filter: Option<serde_json::Value>| SearchOptions {
            k,
            filter,
            group_by: GroupBy::Image,
            ..everything()
        };
        let query = bytes("query 1");
        // A slot returns a hundred images.
        let answer = base
            .search_image(query.clone(), asking(60, None))
            .await
            .unwrap();
        let expected = segments
            .search_image(query.clone(), asking(60, None))
            .await
            .unwrap();
        assert_eq!(summary(&answer.results), summary(&expected.results));
        assert!(answer.complete && !answer.exact);
        let cursor = answer.next_cursor.unwrap();
        let answer = base
            .search_image(query.clone(), asking(101, None))
            .await
            .unwrap();
        assert_eq!((answer.results.len(), answer.complete), (100, false));
        assert_eq!(answer.next_cursor, None);
        let next = SearchOptions {
            cursor: Some(cursor),
            ..asking(60, None)
        };
        let answer = base.search_image(query.clone(), next).await.unwrap();
        assert_eq!((answer.results.len(), answer.complete), (40, false));
        // Equality is what the engine can filter by; the opposite is applied to what it returns.
        let even = asking(15, Some(json!({"brand": "even"})));
        let answer = base
            .search_image(query.clone(), even.clone())
            .await
            .unwrap();
        let expected = segments.search_image(query.clone(), even).await.unwrap();
        assert_eq!(summary(&answer.results), summary(&expected.results));
        let exists = asking(50, Some(json!({"brand": {"exists": true}})));
        let refused = base.search_image(query.clone(), exists).await;
        let Err(SearchError::Unsupported(Unsupported::Filter {
            wanted, attributes, ..
        })) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!((wanted, attributes), (50, vec!["brand".to_owned()]));
        // A page after the first gives what there is.
        let unlike = |cursor| SearchOptions {
            cursor,
            ..asking(30, Some(json!({"brand": {"ne": "odd"}})))
        };
        let first = base
            .search_image(query.clone(), unlike(None))
            .await
            .unwrap();
        let mut next = first.next_cursor;
        let mut complete = first.complete;
        while let Some(cursor) = next {
            let page = base
                .search_image(query.clone(), unlike(Some(cursor)))
                .await
                .unwrap();
            (next, complete) = (page.next_cursor, page.complete);
        }
        assert!(!complete);
        let facets = SearchOptions {
            facets: vec!["brand".to_owned()],
            ..asking(5, None)
        };
        let refused = base.search_image(query, facets).await;
        assert!(
            matches!(refused, Err(SearchError::Unsupported(Unsupported::Facets))),
            "{refused:?}"
        );
    });
}

/// No search tells whether an engine has forgotten a row, so its tombstone stays for longer.
#[test]
fn removals_alone_are_drained_later() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        let indexer = twins.base.indexer();
        twins.migration(&indexer).finish(long()).await.unwrap();
        twins.remove(&keys(0..30)).await;
        twins.clock.jump(2 * settings().safe_age);
        twins.maintain().await;
        let written = |twins: &Twins| twins.base.manifest().vector_base.unwrap().written;
        assert!(written(&twins).is_some());
        twins.clock.jump(Duration::from_secs(20 * 60));
        twins.maintain().await;
        assert!(written(&twins).is_some());
        twins.clock.jump(Duration::from_secs(20 * 60));
        twins.maintain().await;
        assert_eq!(written(&twins), None);
        assert!(twins.base.manifest().segments.is_empty());
        twins.expect_the_same(10).await;
    });
}

/// Few changes are not worth draining, and their deltas are merged as ever.
#[test]
fn a_quiet_index_has_few_deltas() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        twins.switch().await;
        let indexer = twins.base.indexer();
        twins.migration(&indexer).finish(long()).await.unwrap();
        for n in 0..20 {
            twins
                .put(&keys(n..n + 1), |key| format!("new {key}"), product_of)
                .await;
            twins.clock.jump(settings().safe_age);
            twins.maintain().await;
        }
        let deltas = twins.base.manifest().segments.len();
        assert!(deltas <= 6, "{deltas}");
        twins.expect_the_same(11).await;
    });
}

#[test]
fn a_vector_base_that_finds_too_little_is_not_switched_to() {
    in_virtual_time(async {
        let twins = twins_with_a_base().await;
        let indexer = twins.base.indexer();
        let migration = twins.migration(&indexer);
        migration.begin(None, long()).await.unwrap();
        let early = migration.switch(long()).await;
        assert!(
            matches!(
                early,
                Err(VectorBaseError::Incomplete {
                    missing: 90,
                    rows: 90
                })
            ),
            "{early:?}"
        );
        migration.fill(|_, _| ()).await.unwrap();
        twins.base.cloud.set_engine(EngineSettings {
            misses_one_of: 3,
            ..EngineSettings::default()
        });
        let refused = migration.switch(long()).await;
        assert!(
            matches!(refused, Err(VectorBaseError::Recall { .. })),
            "{refused:?}"
        );
        migration.give_up(long()).await.unwrap();
        assert_eq!(migration.state().await.unwrap(), None);
        assert_eq!(
            migration.remove_unused().await.unwrap(),
            0,
            "a generation has it"
        );
        twins.base.cloud.forget_generations();
        assert_eq!(migration.remove_unused().await.unwrap(), 1);
        twins.expect_the_same(9).await;
    });
}

/// A batch reads and writes what it touches, however many rows there are.
#[test]
fn the_cost_of_a_batch_does_not_follow_from_the_catalog() {
    let cost = |images: u32| {
        in_virtual_time(async move {
            let twins = Twins::new();
            let world = &twins.base;
            let indexer = world.indexer_with(IndexSettings::default());
            world.fill(&indexer, 0..images, 500).await;
            world.indexer().rebuild(long()).await.unwrap();
            twins.switch().await;
            twins.migration(&indexer).finish(long()).await.unwrap();
            let indexer = world.indexer_with(IndexSettings::default());
            let before = world.cloud.traffic();
            world.fill(&indexer, images..images + 10, 10).await;
            let after = world.cloud.traffic();
            let calls = |traffic: &BTreeMap<&'static str, u64>| traffic.values().sum::<u64>();
            (
                calls(&after.calls) - calls(&before.calls),
                after.read - before.read,
                after.written - before.written,
            )
        })
    };
    let (small, large) = (cost(1000), cost(4000));
    assert_eq!(small.0, large.0, "calls");
    assert!(
        large.1 <= small.1 + 1000 && large.2 <= small.2 + 1000,
        "{small:?} {large:?}"
    );
}
