//! Queries of several items, and pages of one ranking.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::Area;
use lookalike_indexing::IndexSettings;
use lookalike_search::{Answer, GroupBy, Query, QueryItem, SearchError, SearchOptions, Searcher};

use crate::world::{World, bytes, everything, long, never_compacting};

fn image(text: &str) -> QueryItem {
    QueryItem::image(bytes(text), Area::default())
}

fn query(items: impl IntoIterator<Item = QueryItem>) -> Query {
    Query::new(items.into_iter().collect()).unwrap()
}

fn keys(answer: &Answer) -> Vec<String> {
    let results = answer.results.iter();
    results.map(|found| found.image.key.clone()).collect()
}

/// All pages of a search, whose lengths are those of `lengths`, over and over.
async fn pages(
    searcher: &Searcher,
    query: &Query,
    options: &SearchOptions,
    lengths: &[usize],
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    for k in lengths.iter().copied().cycle() {
        let options = SearchOptions {
            k,
            cursor,
            ..options.clone()
        };
        let answer = searcher.search(query, &options).await.unwrap();
        assert!(answer.results.len() <= k);
        pages.push(keys(&answer));
        cursor = answer.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    pages
}

/// A catalog whose graph is walked.
async fn large() -> World {
    let world = World::new();
    let indexer = world.indexer_with(IndexSettings {
        policy: never_compacting().policy,
        ..IndexSettings::default()
    });
    world.fill(&indexer, 0..9000, 3000).await;
    indexer.rebuild(long()).await.unwrap();
    world.fill(&indexer, 9000..9050, 50).await;
    world
}

/// A walk for more candidates may find what one for fewer missed: nothing may come twice for it, and nothing may
/// be lost.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_graph_have_everything_once() {
    let world = large().await;
    let searcher = world.searcher();
    let all = searcher.search_image(bytes("a"), everything()).await;
    let all = all.unwrap();
    assert_eq!(all.results.len(), 1000);
    assert!(
        all.next_cursor.is_none(),
        "there is no page after 1000 results"
    );
    let some = SearchOptions {
        k: 10,
        ..everything()
    };
    assert!(
        !searcher
            .search_image(bytes("a"), some.clone())
            .await
            .unwrap()
            .exact
    );
    for (text, lengths) in [
        ("a", &[10][..]),
        ("b", &[1, 2, 3, 5, 8, 13, 21, 34, 55]),
        ("c", &[7, 400]),
    ] {
        let query = query([image(text)]);
        let pages = pages(&searcher, &query, &some, lengths).await;
        let found = pages.concat();
        assert_eq!(found.len(), 1000, "{text}");
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), 1000, "{text}: something came twice");
        let best = searcher.search(&query, &everything()).await.unwrap();
        let best: BTreeSet<String> = keys(&best).into_iter().collect();
        let lost = best.iter().filter(|key| !distinct.contains(key)).count();
        assert!(
            lost <= 3,
            "{text}: {lost} of the best thousand are on no page"
        );
    }
    // The first pages are those of one that is as long as they are together.
    let query = query([image("d")]);
    let first = pages(&searcher, &query, &some, &[10]).await[..10].concat();
    let whole = SearchOptions { k: 100, ..some };
    let whole = keys(&searcher.search(&query, &whole).await.unwrap());
    let same = first.iter().filter(|key| whole.contains(key)).count();
    assert!(same >= 99, "{same}");
}

#[tokio::test(flavor = "multi_thread")]
async fn diverse_and_collapsed_pages_of_a_graph_too() {
    let world = large().await;
    let searcher = world.searcher();
    for (diversity, collapse, group_by) in [
        (0.5, false, GroupBy::Product),
        (0.0, true, GroupBy::Image),
        (0.9, true, GroupBy::Product),
    ] {
        let options = SearchOptions {
            diversity,
            collapse,
            group_by,
            ..everything()
        };
        let query = query([image("a"), image("b").weighing(-0.3)]);
        let found = pages(&searcher, &query, &options, &[150, 60])
            .await
            .concat();
        assert_eq!(found.len(), 1000);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 1000);
    }
}

#[tokio::test]
async fn generations_are_kept_for_later_pages_for_a_while() {
    let world = World::new();
    let indexer = world.indexer_with(never_compacting());
    world.fill(&indexer, 0..20, 20).await;
    let searcher = world.searcher();
    let query = query([image("a")]);
    let options = SearchOptions {
        k: 5,
        ..everything()
    };
    let first = searcher.search(&query, &options).await.unwrap();
    let next = SearchOptions {
        cursor: first.next_cursor.clone(),
        k: 100,
        ..options.clone()
    };
    let expected: Vec<String> = (0..20).map(|n| format!("catalog/{n:05}.jpg")).collect();
    for number in 20..51 {
        world.fill(&indexer, number..number + 1, 1).await;
        let newest = searcher.search(&query, &options).await.unwrap();
        assert!(newest.index.generation > first.index.generation);
        let second = searcher.search(&query, &next).await.unwrap();
        assert_eq!(second.index.generation, first.index.generation);
        assert_eq!(second.index.images, 20);
        let mut found = [keys(&first), keys(&second)].concat();
        found.sort();
        assert_eq!(found, expected);
    }
    // More than are held in memory: then it is loaded again, as long as its manifest is kept.
    for number in 51..90 {
        world.fill(&indexer, number..number + 1, 1).await;
        searcher.search(&query, &options).await.unwrap();
    }
    let read = world.cloud.traffic();
    searcher.search(&query, &next).await.unwrap();
    let loaded = world.cloud.traffic().calls["load generation"];
    assert!(loaded > read.calls.get("load generation").copied().unwrap_or(0));
    world.cloud.forget_generations();
    let expired = world.searcher().search(&query, &next).await;
    assert!(
        matches!(expired, Err(SearchError::CursorExpired { .. })),
        "{expired:?}"
    );
}

/// With another encoder too: the page is of the old index, and so is the query.
#[tokio::test]
async fn a_page_goes_on_with_the_encoder_that_it_began_with() {
    let old = World::new();
    old.fill(&old.indexer_with(never_compacting()), 0..12, 12)
        .await;
    let new = World::over(old.cloud.clone(), 2);
    let searcher = new.searcher();
    let query = query([image("catalog/00003.jpg"), image("x").weighing(0.1)]);
    let options = SearchOptions {
        k: 4,
        ..everything()
    };
    let first = searcher.search(&query, &options).await.unwrap();
    assert_eq!(keys(&first)[0], "catalog/00003.jpg");
    new.indexer().start_over().await.unwrap();
    new.fill(&new.indexer_with(never_compacting()), 0..12, 12)
        .await;
    let newest = searcher.search(&query, &options).await.unwrap();
    assert!(newest.index.generation > first.index.generation);
    let next = SearchOptions {
        cursor: first.next_cursor.clone(),
        ..everything()
    };
    let second = searcher.search(&query, &next).await.unwrap();
    assert_eq!(second.index.generation, first.index.generation);
    let found: BTreeSet<String> = [keys(&first), keys(&second)].concat().into_iter().collect();
    assert_eq!(found.len(), 12);
}

#[tokio::test]
async fn every_item_is_embedded_once_and_again_only_for_another_encoder() {
    let world = World::new();
    world
        .fill(&world.indexer_with(never_compacting()), 0..8, 8)
        .await;
    let keys: Vec<QueryItem> = (0..8)
        .map(|n| QueryItem::key(format!("catalog/{n:05}.jpg"), Area::default()))
        .collect();
    let query = query(keys);
    let before = world.embedded();
    let searcher = world.searcher();
    let answer = searcher.search(&query, &everything()).await.unwrap();
    assert_eq!(world.embedded() - before, 8);
    assert!(answer.timings.embedding_ms > 0.0);
    // A process with another encoder finds out while it embeds, and finds the same.
    let other = World::over(world.cloud.clone(), 2);
    let found = other
        .searcher()
        .search(&query, &everything())
        .await
        .unwrap();
    assert_eq!(other.embedded(), 8);
    let scores = |answer: &Answer| -> BTreeMap<String, u32> {
        let results = answer.results.iter();
        results
            .map(|found| (found.image.key.clone(), found.score.to_bits()))
            .collect()
    };
    assert_eq!(scores(&found), scores(&answer));
}

#[tokio::test]
async fn what_is_wrong_is_found_before_anything_is_done() {
    let world = World::new();
    world
        .fill(&world.indexer_with(never_compacting()), 0..4, 4)
        .await;
    let searcher = world.searcher();
    let before = (world.cloud.calls(), world.embedded());
    let fine = query([image("a"), image("b")]);
    for options in [
        SearchOptions {
            k: 0,
            ..everything()
        },
        SearchOptions {
            diversity: f32::NAN,
            ..everything()
        },
        SearchOptions {
            diversity: 1.5,
            ..everything()
        },
        SearchOptions {
            fields: Some(vec![String::new(); 65]),
            ..everything()
        },
        SearchOptions {
            facets: vec![String::new(); 17],
            ..everything()
        },
        SearchOptions {
            cursor: Some("nonsense".to_owned()),
            ..everything()
        },
    ] {
        assert!(
            searcher.search(&fine, &options).await.is_err(),
            "{options:?}"
        );
    }
    let forbidden = query([image("a"), QueryItem::key("secret", Area::default())]);
    let refused = searcher.search(&forbidden, &everything()).await;
    assert!(
        matches!(refused, Err(SearchError::Item { at: 1, .. })),
        "{refused:?}"
    );
    assert_eq!((world.cloud.calls(), world.embedded()), before);
}

#[tokio::test]
async fn the_item_at_fault_is_named() {
    let world = World::new();
    world
        .fill(&world.indexer_with(never_compacting()), 0..4, 4)
        .await;
    let searcher = world.searcher();
    for (bad, at) in [("bad", 0), ("zero", 1), ("panic", 2)] {
        let mut items = vec![image("a"), image("b")];
        items.insert(at, image(bad));
        let refused = searcher.search(&query(items), &everything()).await;
        let Err(SearchError::Item { at: found, error }) = refused else {
            panic!("{bad}: {refused:?}");
        };
        assert_eq!(found, at);
        assert!(matches!(*error, SearchError::Image(_)), "{error:?}");
    }
}
