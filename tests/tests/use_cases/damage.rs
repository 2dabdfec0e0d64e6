//! Stored objects that are not what was written.

use bytes::Bytes;
use lookalike_core::StoreErrorKind;
use lookalike_index::IndexError;
use lookalike_indexing::IndexingError;
use lookalike_search::SearchError;

use crate::world::{World, bytes, everything, long};

async fn world() -> World {
    let world = World::new();
    for i in 0..3 {
        world.put(&format!("catalog/{i}.jpg"), &format!("image {i}"));
    }
    let keys = ["catalog/0.jpg", "catalog/1.jpg", "catalog/2.jpg"];
    world.index(&keys).await;
    world
}

fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut damaged = bytes.to_vec();
    damaged[at] ^= 1 << (at % 8);
    Bytes::from(damaged)
}

#[tokio::test]
async fn any_damaged_byte_of_a_segment_is_noticed() {
    let world = world().await;
    let (id, sound) = world.cloud.segments().pop_first().unwrap();
    let meta_bytes = world.manifest().segments[0].meta_bytes as usize;
    for at in 0..sound.len() {
        world.cloud.tamper(id, Some(flipped(&sound, at)));
        let searched = world.searcher().similar("0", everything()).await;
        assert!(
            matches!(searched, Err(SearchError::Index(_))),
            "byte {at}: {searched:?}"
        );
        let report = world.indexer().verify().await.unwrap();
        assert_eq!(report.problems.len(), 1, "byte {at}");
        assert!(report.problems[0].contains(&id.to_string()));
        if at < meta_bytes {
            let keys = ["catalog/0.jpg".to_owned()];
            let indexed = world.indexer().index_keys(&keys, long()).await;
            assert!(matches!(indexed, Err(IndexingError::Index(_))), "byte {at}");
        }
    }
    for length in [0, 1, 127, 128, meta_bytes, sound.len() - 1] {
        world.cloud.tamper(id, Some(sound.slice(..length)));
        let searched = world.searcher().similar("0", everything()).await;
        assert!(matches!(searched, Err(SearchError::Index(_))), "{length}");
    }
    let mut longer = sound.to_vec();
    longer.push(0);
    world.cloud.tamper(id, Some(longer.into()));
    // What comes behind is never read.
    assert!(world.searcher().similar("0", everything()).await.is_ok());
    world.cloud.tamper(id, Some(sound));
    world.verify().await;
}

#[tokio::test]
async fn a_missing_segment_is_named() {
    let world = world().await;
    let id = *world.segment_ids().first().unwrap();
    world.cloud.tamper(id, None);
    let searched = world.searcher().similar("0", everything()).await;
    let Err(SearchError::MissingSegment { id: named, source }) = searched else {
        panic!("{searched:?}");
    };
    assert_eq!((named, source.kind), (id, StoreErrorKind::NotFound));
    let keys = ["catalog/0.jpg".to_owned()];
    let indexed = world.indexer().index_keys(&keys, long()).await;
    assert!(matches!(indexed, Err(IndexingError::Store(_))));
    let report = world.indexer().verify().await.unwrap();
    assert!(report.problems[0].contains(&id.to_string()));
}

#[tokio::test]
async fn any_damaged_byte_of_the_manifest_is_noticed_or_changes_nothing() {
    let world = world().await;
    let sound = world.cloud.manifest().unwrap();
    let rows = world.rows().len() as u64;
    for at in 0..sound.len() {
        world.cloud.set_manifest(flipped(&sound, at));
        match world.searcher().similar("0", everything()).await {
            Ok(answer) => assert_eq!(answer.index.images, rows, "byte {at}"),
            Err(SearchError::Index(_)) => {}
            Err(error) => panic!("byte {at}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_manifest_of_a_future_version_is_refused_on_both_sides() {
    let world = world().await;
    let text = String::from_utf8(world.cloud.manifest().unwrap().to_vec()).unwrap();
    let future = text.replace("\"version\":1", "\"version\":7");
    world.cloud.set_manifest(future.clone());
    let is_named = |error: &IndexError| {
        matches!(
            error,
            IndexError::Version {
                expected: 3,
                found: 7,
                ..
            }
        )
    };
    let searched = world
        .searcher()
        .search_image(bytes("x"), everything())
        .await;
    assert!(matches!(&searched, Err(SearchError::Index(e)) if is_named(e)));
    let keys = ["catalog/0.jpg".to_owned()];
    let indexer = world.indexer();
    let indexed = indexer.index_keys(&keys, long()).await;
    assert!(matches!(&indexed, Err(IndexingError::Index(e)) if is_named(e)));
    // Garbage collection does not know what it names, and leaves everything.
    world
        .cloud
        .age_segments(std::time::Duration::from_secs(9000));
    assert!(indexer.collect_garbage().await.is_err());
    assert_eq!(world.cloud.segments().len(), 1);
    assert_eq!(world.cloud.manifest().unwrap(), future.as_bytes());
}

#[tokio::test]
async fn what_the_manifest_says_of_a_segment_must_hold() {
    let world = world().await;
    let mut manifest = world.manifest();
    manifest.segments[0].rows += 1;
    world.cloud.set_manifest(manifest.encode());
    let report = world.indexer().verify().await.unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
}

#[tokio::test]
async fn a_lost_image_is_noticed() {
    let world = world().await;
    world.put("catalog/0.jpg", "another");
    world.index(&["catalog/0.jpg"]).await;
    world.verify().await;
    // The old row stays superseded when the delta that took its place is replaced by one that only
    // says so.
    let mut manifest = world.manifest();
    let old = manifest.segments[0].id;
    let row = {
        let stored = world.cloud.segments();
        let segment =
            lookalike_index::Segment::open(&stored[&old], old, manifest.fingerprint).unwrap();
        segment.meta().find("catalog/0.jpg").unwrap()
    };
    let content = lookalike_index::SegmentContent {
        deleted: [(old, vec![row])].into(),
        ..Default::default()
    };
    let id = lookalike_index::SegmentId::new(1, 2);
    let encoded = content
        .encode_delta(id, manifest.fingerprint, manifest.dimensions)
        .unwrap();
    let entry = &mut manifest.segments[1];
    (entry.id, entry.rows) = (id, 0);
    (entry.bytes, entry.meta_bytes) = (encoded.bytes.len() as u64, encoded.meta_bytes);
    use lookalike_core::ports::Segments;
    Segments::put(&*world.cloud, id, encoded.bytes.into())
        .await
        .unwrap();
    world.cloud.set_manifest(manifest.encode());
    let report = world.indexer().verify().await.unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(report.problems[0].contains("catalog/0.jpg"));
}

#[tokio::test]
async fn a_manifest_that_promises_too_much_is_an_error() {
    let world = World::new();
    world.put("catalog/a.jpg", "one");
    world.index(&["catalog/a.jpg"]).await;
    let image = bytes("x");
    let good = world.manifest();
    // More than any segment has.
    let mut manifest = good.clone();
    manifest.segments[0].bytes = 1 << 60;
    world.cloud.set_manifest(manifest.encode());
    let searcher = world.searcher();
    let searched = searcher.search_image(image, everything()).await;
    assert!(searched.is_err(), "{searched:?}");
}
