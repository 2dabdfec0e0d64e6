//! Two encoders never mix.

use lookalike_index::IndexError;
use lookalike_service::{Fingerprint, IndexingError, SearchError};

use crate::world::{World, bytes, everything, long};

const OURS: Fingerprint = Fingerprint([1; 32]);
const OTHER: Fingerprint = Fingerprint([2; 32]);

async fn two_worlds() -> (World, World) {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.index(&["catalog/a.jpg"]).await;
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
        indexer.maintain(long()).await.err(),
        indexer.rebuild(long()).await.err(),
        indexer.verify().await.err(),
        indexer.differences().await.err(),
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
}

#[tokio::test]
async fn a_query_of_another_encoder_is_refused() {
    let (_, other) = two_worlds().await;
    let searcher = other.searcher();
    let searched = searcher.search_picture(bytes("one"), everything()).await;
    let by_key = searcher.search_key("catalog/a.jpg", everything()).await;
    for refusal in [searched.err(), by_key.err()] {
        let Some(SearchError::OtherEncoder { expected, found }) = &refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!((*expected, *found), (OTHER, OURS));
        let text = refusal.unwrap().to_string();
        assert!(text.contains(&OURS.to_string()) && text.contains(&OTHER.to_string()));
    }
    // Stored embeddings are compared with stored embeddings, whoever made them.
    let similar = searcher.similar("a", everything()).await.unwrap();
    assert_eq!(similar.results.len(), 0);
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
    let refused = late.index_keys(&["catalog/b.jpg".to_owned()], long()).await;
    assert!(matches!(refused, Err(IndexingError::Index(_))));

    let keys = other.indexer().differences().await.unwrap().to_index;
    assert_eq!(keys, ["catalog/a.jpg", "catalog/b.jpg"]);
    let report = other.indexer().index_keys(&keys, long()).await.unwrap();
    assert_eq!(report.generation, 3);
    assert_eq!(other.verify().await, 2);
    let searcher = other.searcher();
    let answer = searcher.search_picture(bytes("one"), everything()).await;
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
    world.fail(
        "swap manifest",
        3,
        lookalike_service::StoreErrorKind::Conflict,
    );
    world.indexer().start_over().await.unwrap();
    assert_eq!(world.rows().len(), 0);
}
