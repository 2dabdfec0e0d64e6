//! Limits of images: pixels of a request, memory of a process.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lookalike_core::{Area, EncoderCell, MemoryBudget};
use lookalike_indexing::IndexSettings;
use lookalike_search::{Query, QueryItem, SearchError, SearchSettings, Searcher};
use lookalike_test_support::encoders::LoadRecorder;
use tokio::time::timeout;

use crate::world::{World, bytes, everything, settings};

const MEGABYTE: u64 = 1 << 20;

async fn world() -> World {
    let world = World::new();
    world.put("catalog/one.jpg", "one");
    world.index(&["catalog/one.jpg"]).await;
    world
}

fn images(widths: &[u64]) -> Query {
    let items = widths
        .iter()
        .map(|width| QueryItem::image(format!("wide-{width}"), Area::default()));
    Query::new(items.collect()).unwrap()
}

async fn refusal(searcher: &Searcher, query: &Query) -> SearchError {
    searcher.search(query, &everything()).await.unwrap_err()
}

#[tokio::test]
async fn the_images_of_a_query_share_one_budget_of_pixels() {
    let world = world().await;
    let searcher = world.searcher();
    let fits = images(&[32_000_000, 32_000_000]);
    assert!(searcher.search(&fits, &everything()).await.is_ok());
    let before = world.embedded();
    let error = refusal(&searcher, &images(&[32_000_000, 32_000_000, 1])).await;
    assert!(
        matches!(error, SearchError::TooManyPixels(64_000_001)),
        "{error}"
    );
    let text = error.to_string();
    for part in [
        "64000001 pixels together",
        "at most 64000000",
        "smaller images or fewer",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Images that are named by key count too.
    for number in 0..16 {
        world.put(
            &format!("uploads/{number}.jpg"),
            &format!("wide-5000000-{number}"),
        );
    }
    let items =
        (0..16).map(|number| QueryItem::key(format!("uploads/{number}.jpg"), Area::default()));
    let error = refusal(&searcher, &Query::new(items.collect()).unwrap()).await;
    assert!(
        matches!(error, SearchError::TooManyPixels(80_000_000)),
        "{error}"
    );
    assert_eq!(world.embedded(), before, "nothing was decoded");
}

#[tokio::test]
async fn the_images_of_a_query_share_one_budget_of_bytes() {
    let world = world().await;
    for key in ["uploads/a.jpg", "uploads/b.jpg"] {
        let body = vec![b'x'; 17 * MEGABYTE as usize];
        world.cloud.put_image(key, body, Default::default());
    }
    let item = |key| QueryItem::key(key, Area::default());
    let one = Query::new(vec![item("uploads/a.jpg")]).unwrap();
    assert!(world.searcher().search(&one, &everything()).await.is_ok());
    let both = vec![item("uploads/a.jpg"), item("uploads/b.jpg")];
    let error = refusal(&world.searcher(), &Query::new(both).unwrap()).await;
    assert!(matches!(error, SearchError::TooManyBytes), "{error}");

    // A key beside an image that the request brings.
    let brought = QueryItem::image(vec![b'x'; 16 * MEGABYTE as usize], Area::default());
    let error = refusal(
        &world.searcher(),
        &Query::new(vec![brought, item("uploads/a.jpg")]).unwrap(),
    )
    .await;
    assert!(matches!(error, SearchError::TooManyBytes), "{error}");
}

#[tokio::test]
async fn no_image_is_read_of_a_query_that_names_too_many_bytes() {
    let world = world().await;
    let body = bytes(&"x".repeat(31 * MEGABYTE as usize));
    let keys: Vec<String> = (0..16).map(|at| format!("uploads/{at}.jpg")).collect();
    for key in &keys {
        world.cloud.put_image(key, body.clone(), Default::default());
    }
    let items = |keys: &[String]| {
        let items = keys
            .iter()
            .map(|key| QueryItem::key(key.as_str(), Area::default()));
        Query::new(items.collect()).unwrap()
    };
    let read = || (world.cloud.traffic().calls.get("get image").copied()).unwrap_or(0);
    let before = read();
    let error = refusal(&world.searcher(), &items(&keys)).await;
    assert!(matches!(error, SearchError::TooManyBytes), "{error}");
    assert_eq!(read(), before);

    // The error of one image names its position.
    world.cloud.put_image(
        &keys[1],
        vec![0; 32 * MEGABYTE as usize + 1],
        Default::default(),
    );
    let error = refusal(&world.searcher(), &items(&keys[..2])).await;
    let SearchError::Item { at: 1, error } = error else {
        panic!("{error}");
    };
    assert!(matches!(*error, SearchError::Image(_)), "{error}");
    world.cloud.remove_image(&keys[1]);
    let error = refusal(&world.searcher(), &items(&keys[..2])).await;
    let SearchError::Item { at: 1, error } = error else {
        panic!("{error}");
    };
    assert!(matches!(*error, SearchError::UnknownKey(_)), "{error}");
    assert_eq!(read(), before);
}

/// A budget of 40 MB: an image of seven million pixels takes all but two.
fn small_budget() -> MemoryBudget {
    MemoryBudget::of_process(101 * MEGABYTE)
}

#[tokio::test]
async fn an_image_that_needs_more_memory_than_the_budget_is_never_decoded() {
    let world = world().await;
    let search = SearchSettings {
        image_memory: small_budget(),
        ..SearchSettings::default()
    };
    let searcher = Searcher::new(world.search_ports(), search);
    assert!(
        searcher
            .search(&images(&[6_900_000]), &everything())
            .await
            .is_ok()
    );
    let before = world.embedded();
    let error = refusal(&searcher, &images(&[8_000_000])).await;
    let SearchError::ExceedsMemory(refused) = &error else {
        panic!("{error}");
    };
    assert_eq!((refused.width, refused.available), (8_000_000, 40));
    assert!((6_900_000..7_000_000).contains(&refused.limit), "{refused}");

    world.put("catalog/large.jpg", "wide-8000000");
    let indexer = world.indexer_with(IndexSettings {
        image_memory: small_budget(),
        ..settings()
    });
    crate::world::index(&indexer, &["catalog/large.jpg"]).await;
    let (_, _, code) = world.failures().remove(0);
    assert_eq!(code, "too-many-pixels");
    assert_eq!(world.embedded(), before);
}

fn measured(world: &World) -> (Searcher, Arc<LoadRecorder>) {
    let recorder = LoadRecorder::of_memory(world.encoder.clone());
    let mut ports = world.search_ports();
    ports.encoders = EncoderCell::ready(recorder.clone()).into();
    let settings = SearchSettings {
        image_memory: small_budget(),
        ..SearchSettings::default()
    };
    (Searcher::new(ports, settings), recorder)
}

#[tokio::test]
async fn images_embedded_at_once_stay_within_the_budget_even_if_callers_leave() {
    let world = world().await;
    let (searcher, recorder) = measured(&world);
    // Several images of one request, of many requests, take turns and do not wait for each other.
    let query = images(&[5_000_000, 1_000_000, 4_000_000, 1_000_000]);
    let options = everything();
    let search = || searcher.search(&query, &options);
    for answer in join_all((0..6).map(|_| search())).await {
        assert!(answer.is_ok());
    }
    for _ in 0..3 {
        let impatient = || timeout(Duration::from_millis(5), search());
        join_all((0..4).map(|_| impatient())).await;
    }
    assert!(search().await.is_ok());
    let peak = recorder.peak();
    assert!((30_000_000..=40 * MEGABYTE).contains(&peak), "{peak}");
}

#[tokio::test]
async fn errors_in_the_header_are_reported_before_any_wait() {
    let world = world().await;
    let (searcher, _) = measured(&world);
    let options = everything();
    let busy = images(&[6_900_000; 9]);
    let bad = searcher.search_image(bytes("bad"), everything());
    let (busy, took) = tokio::join!(searcher.search(&busy, &options), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let begun = std::time::Instant::now();
        assert!(matches!(bad.await.unwrap_err(), SearchError::Image(_)));
        begun.elapsed()
    });
    assert!(busy.is_ok());
    assert!(took < Duration::from_millis(100), "{took:?}");
}
