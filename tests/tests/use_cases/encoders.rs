//! Two encoders never mix.

use lookalike_core::Fingerprint;
use lookalike_index::IndexError;
use lookalike_indexing::IndexingError;
use lookalike_search::SearchError;

use crate::world::{World, bytes, everything, long};

const OURS: Fingerprint = Fingerprint([1; 32]);
const OTHER: Fingerprint = Fingerprint([2; 32]);

/// An index of one encoder, and a process of another one. The index's encoder is not stored, as in an
/// index of a release that did not store it.
async fn two_worlds() -> (World, World) {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.index(&["catalog/a.jpg"]).await;
    world.cloud.forget_encoder(OURS);
    let other = World::over(world.cloud.clone(), 2);
    (world, other)
}

#[tokio::test]
async fn a_writer_of_another_encoder_is_refused() {
    let (world, other) = two_worlds().await;
    world.put("catalog/b.jpg", "two");
    let before = world.cloud.manifest();
    let indexer = other.indexer();
    let keys = ["catalog/b.jpg".to_owned()];
    let refusals = [
        indexer.index_keys(&keys, long()).await.err(),
        indexer.check_encoder().await.err(),
    ];
    for refusal in refusals {
        let Some(IndexingError::Index(IndexError::Fingerprint {
            expected, found, ..
        })) = &refusal
        else {
            panic!("{refusal:?}");
        };
        assert_eq!((*expected, *found), (OTHER, OURS));
        let text = refusal.unwrap().to_string();
        assert!(text.contains(&OURS.to_string()) && text.contains(&OTHER.to_string()));
    }
    assert_eq!(world.cloud.manifest(), before);
    assert_eq!(other.embedded(), 0);
    // What needs no encoder goes on: the index stays one of its own encoder.
    assert_eq!(other.verify().await, 1);
    assert_eq!(indexer.differences().await.unwrap().to_index, keys);
    indexer.rebuild(long()).await.unwrap();
    assert_eq!(world.rows().len(), 1);
    assert_eq!(world.manifest().fingerprint, OURS);
}

#[tokio::test]
async fn a_query_of_another_encoder_is_refused() {
    let (_, other) = two_worlds().await;
    let searcher = other.searcher();
    let searched = searcher.search_image(bytes("one"), everything()).await;
    let by_key = searcher.search_key("catalog/a.jpg", everything()).await;
    for refusal in [searched.err(), by_key.err()] {
        let Some(SearchError::OtherEncoder { expected, found }) = &refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!((*expected, *found), (OTHER, OURS));
        let text = refusal.unwrap().to_string();
        assert!(text.contains(&OURS.to_string()) && text.contains(&OTHER.to_string()));
    }
    // Stored embeddings are compared with stored embeddings, whichever encoder made them.
    let similar = searcher.similar("a", everything()).await.unwrap();
    assert_eq!(similar.results.len(), 0);
    let bad = searcher.search_image(bytes("bad"), everything()).await;
    assert!(bad.is_err());
}

#[tokio::test]
async fn the_index_goes_on_with_its_own_encoder_whatever_the_process_brings() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.index(&["catalog/a.jpg"]).await;
    assert_eq!(world.cloud.encoders(), [OURS]);
    let other = World::over(world.cloud.clone(), 2);
    world.put("catalog/b.jpg", "two");
    other.index(&["catalog/b.jpg"]).await;
    assert_eq!(world.manifest().fingerprint, OURS);
    assert_eq!(world.rows().len(), 2);
    assert_eq!(other.embedded(), 0, "the stored encoder embedded it");
    let searcher = other.searcher();
    for (query, product) in [("one", "a"), ("two", "b")] {
        let answer = searcher.search_image(bytes(query), everything()).await;
        let best = &answer.unwrap().results[0];
        assert_eq!(best.product_id, product);
        assert!(best.score > 0.999, "{}", best.score);
    }
    let info = searcher.index_info().await.unwrap();
    assert_eq!(info.encoder.fingerprint, OURS);
    assert_eq!(info.configured_encoder.map(|c| c.fingerprint), Some(OTHER));
    assert!(
        world
            .searcher()
            .index_info()
            .await
            .unwrap()
            .configured_encoder
            .is_none()
    );
}

#[tokio::test]
async fn a_writer_stores_its_encoder_where_an_older_release_did_not() {
    let (world, other) = two_worlds().await;
    world.put("catalog/b.jpg", "two");
    // A store that is in trouble holds nothing up.
    world.fail("put encoder", 1, lookalike_core::StoreErrorKind::Denied);
    let indexer = world.indexer();
    indexer
        .index_keys(&["catalog/b.jpg".to_owned()], long())
        .await
        .unwrap();
    assert_eq!(world.cloud.encoders(), []);
    indexer.maintain(long()).await.unwrap();
    assert_eq!(world.cloud.encoders(), [OURS]);
    let calls = world.cloud.traffic().calls["look for encoder"];
    indexer.maintain(long()).await.unwrap();
    assert_eq!(
        world.cloud.traffic().calls["look for encoder"],
        calls,
        "once"
    );
    other.index(&["catalog/a.jpg"]).await;
}

#[tokio::test]
async fn a_stored_encoder_that_is_another_one_is_refused() {
    use lookalike_core::EncoderFiles;
    use lookalike_core::ports::StoredEncoders;
    let (world, other) = two_worlds().await;
    let wrong = EncoderFiles {
        name: "wrong".to_owned(),
        model: vec![3; 32].into(),
        preprocessing: Default::default(),
    };
    StoredEncoders::put(&*world.cloud, OURS, &wrong)
        .await
        .unwrap();
    let refused = other
        .searcher()
        .search_image(bytes("one"), everything())
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains(&Fingerprint([3; 32]).to_string()),
        "{refused}"
    );
    let refused = other
        .indexer()
        .check_encoder()
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains(&OURS.to_string()), "{refused}");
}

#[tokio::test]
async fn starting_over_is_the_way_to_another_encoder() {
    let (world, other) = two_worlds().await;
    // A writer of the old encoder that is at work meanwhile.
    let late = world.indexer();
    late.differences().await.unwrap();
    assert_eq!(other.indexer().start_over().await.unwrap(), 2);
    assert_eq!(other.rows().len(), 0);
    world.put("catalog/b.jpg", "two");
    // It goes on with the new one.
    late.index_keys(&["catalog/b.jpg".to_owned()], long())
        .await
        .unwrap();
    assert_eq!(world.manifest().fingerprint, OTHER);

    let keys = other.indexer().differences().await.unwrap().to_index;
    assert_eq!(keys, ["catalog/a.jpg"]);
    let report = other.indexer().index_keys(&keys, long()).await.unwrap();
    assert_eq!(report.generation, 4);
    assert_eq!(other.verify().await, 2);
    let searcher = other.searcher();
    let answer = searcher.search_image(bytes("one"), everything()).await;
    assert_eq!(answer.unwrap().results.len(), 2);
}

#[tokio::test]
async fn starting_over_works_from_any_state() {
    let world = World::new();
    assert_eq!(world.indexer().start_over().await.unwrap(), 1);
    for damaged in [
        &b"garbage"[..],
        b"",
        b"{\"manifest\":{\"generation\":18446744073709551615}}",
    ] {
        world.cloud.set_manifest(damaged.to_vec());
        assert!(world.indexer().verify().await.is_err());
        world.indexer().start_over().await.unwrap();
        assert_eq!(world.verify().await, 0);
    }
    world.put("catalog/a.jpg", "one");
    world.index(&["catalog/a.jpg"]).await;
    // Somebody else publishes in between, a few times.
    world.fail("swap manifest", 3, lookalike_core::StoreErrorKind::Conflict);
    world.indexer().start_over().await.unwrap();
    assert_eq!(world.rows().len(), 0);
}
