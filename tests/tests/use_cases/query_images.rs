//! Embedding of query images.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use lookalike_core::EncoderCell;
use lookalike_core::ports::ImageEncoder;
use lookalike_search::{SearchError, SearchSettings, Searcher};
use lookalike_test_support::encoders::LoadRecorder;
use tokio::time::timeout;

use crate::snapshots::world;
use crate::world::{Noted, bytes, everything};

#[tokio::test]
async fn an_encoder_that_does_not_load_is_tried_again() {
    let world = world().await;
    let tries = Arc::new(AtomicU32::new(0));
    let (encoder, counted) = (world.encoder.clone(), tries.clone());
    let mut ports = world.search_ports();
    ports.encoders = EncoderCell::lazy(Box::new(move || {
        let (encoder, tries) = (encoder.clone(), counted.fetch_add(1, Ordering::Relaxed));
        Box::pin(async move {
            match tries {
                0 | 1 => Err("the model is not there".to_owned()),
                _ => Ok(encoder as Arc<dyn ImageEncoder>),
            }
        })
    }))
    .into();
    let searcher = Searcher::new(ports, SearchSettings::default());
    searcher.warm_up().await;
    let failed = searcher.search_image(bytes("x"), everything()).await;
    assert!(matches!(&failed, Err(SearchError::Encoder(reason)) if reason.contains("not there")));
    for _ in 0..3 {
        let answer = searcher.search_image(bytes("x"), everything()).await;
        assert_eq!(answer.unwrap().results.len(), 4);
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_query_that_makes_the_encoder_panic_fails_alone() {
    let world = world().await;
    let searcher = world.searcher();
    for query in ["panic", "zero"] {
        let failed = searcher.search_image(bytes(query), everything()).await;
        assert!(matches!(failed, Err(SearchError::Image(_))), "{failed:?}");
    }
    let answer = searcher.search_image(bytes("x"), everything()).await;
    assert_eq!(answer.unwrap().results.len(), 4);
    let none: BTreeMap<String, String> = BTreeMap::new();
    world.cloud.put_image("uploads/panic.jpg", "panic", none);
    let failed = searcher.search_key("uploads/panic.jpg", everything()).await;
    assert!(matches!(failed, Err(SearchError::Image(_))));
}

#[tokio::test]
async fn one_image_per_core_is_embedded_at_once_and_one_more() {
    let world = world().await;
    let recorder = LoadRecorder::of_images(world.encoder.clone());
    let mut ports = world.search_ports();
    ports.encoders = EncoderCell::ready(recorder.clone()).into();
    let searcher = Searcher::new(ports, SearchSettings::default());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let search = || searcher.search_image(bytes("x"), everything());
    for answer in join_all((0..3 * cores).map(|_| search())).await {
        assert_eq!(answer.unwrap().results.len(), 4);
    }
    // A caller who disconnects does not free the core before its image is embedded.
    for _ in 0..3 {
        let impatient = || timeout(Duration::from_millis(5), search());
        join_all((0..2 * cores).map(|_| impatient())).await;
    }
    let peak = recorder.peak() as usize;
    assert!(
        (1..=cores + 1).contains(&peak),
        "{peak} at once on {cores} cores"
    );
}

#[tokio::test]
async fn a_search_without_images_reports_no_embedding_time() {
    let world = world().await;
    let metrics = Arc::new(Noted::default());
    let mut ports = world.search_ports();
    ports.metrics = metrics.clone();
    let searcher = Searcher::new(ports, SearchSettings::default());
    let count = |name| {
        metrics
            .names()
            .iter()
            .filter(|noted| **noted == name)
            .count()
    };
    searcher.similar("00000", everything()).await.unwrap();
    assert_eq!((count("SearchTime"), count("QueryEmbedTime")), (1, 0));
    let found = searcher.search_image(bytes("x"), everything()).await;
    found.unwrap();
    assert_eq!((count("SearchTime"), count("QueryEmbedTime")), (2, 1));
}
