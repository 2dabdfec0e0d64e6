//! What the index, the bucket and the table disagree about.

use std::collections::BTreeMap;

use crate::world::{World, long};

#[tokio::test]
async fn differences_are_what_events_would_have_to_name() {
    let world = World::new();
    for key in [
        "catalog/same.jpg",
        "catalog/changed.jpg",
        "catalog/gone.jpg",
    ] {
        world.put(key, key);
    }
    let keys = [
        "catalog/same.jpg",
        "catalog/changed.jpg",
        "catalog/gone.jpg",
    ];
    world.index(&keys).await;
    assert_eq!(
        world.indexer().differences().await.unwrap(),
        Default::default()
    );
    world.put("catalog/changed.jpg", "changed");
    world.put("catalog/new.jpg", "new");
    world.put("catalog/bad.jpg", "bad");
    world.put("catalog/folder/", "");
    world.put("uploads/other.jpg", "other");
    world.cloud.remove_image("catalog/gone.jpg");
    for i in 0..250 {
        world.put(&format!("catalog/many/{i:03}.jpg"), "x");
    }
    let difference = world.indexer().differences().await.unwrap();
    assert_eq!(difference.to_index.len(), 253);
    assert_eq!(
        difference.to_index[..2],
        ["catalog/bad.jpg", "catalog/changed.jpg"]
    );
    assert_eq!(difference.to_remove, ["catalog/gone.jpg"]);
    let indexer = world.indexer();
    for keys in [difference.to_index, difference.to_remove] {
        indexer.index_keys(&keys, long()).await.unwrap();
    }
    let left = indexer.differences().await.unwrap();
    assert_eq!(left.to_index, ["catalog/bad.jpg"], "bad images stay");
    assert_eq!(left.known_failures, left.to_index);
    assert_eq!(left.to_remove, Vec::<String>::new());
}

/// As after a write that its process had given up, and that took effect after a newer one.
#[tokio::test]
async fn a_record_of_an_older_version_is_written_again() {
    let world = World::new();
    let key = "catalog/changed.jpg";
    world.put(key, "old");
    world.index(&[key]).await;
    let older = world.cloud.image_records();
    let version = world.put(key, "new");
    world.index(&[key]).await;
    let records = world.index_ports().records;
    records.put_many(&older).await.unwrap();
    let missed = world.indexer().missed_changes(long()).await.unwrap();
    assert_eq!(missed, [key]);
    world.indexer().index_keys(&missed, long()).await.unwrap();
    let record = &world.cloud.image_records()[0];
    assert_eq!(record.etag, version);
    let missed = world.indexer().missed_changes(long()).await.unwrap();
    assert_eq!(missed, [] as [String; 0]);
}

/// As after a process that was killed between the removal and its event.
#[tokio::test]
async fn failures_of_images_that_are_gone_are_forgotten() {
    let world = World::new();
    for key in ["catalog/bad.jpg", "catalog/bad too.jpg"] {
        world.put(key, "bad");
        world.index(&[key]).await;
    }
    assert_eq!(world.failures().len(), 2);
    world.cloud.remove_image("catalog/bad.jpg");
    let indexer = world.indexer();
    let difference = indexer.differences().await.unwrap();
    assert_eq!(difference.to_remove, ["catalog/bad.jpg"]);
    assert_eq!(
        indexer.missed_changes(long()).await.unwrap(),
        ["catalog/bad.jpg"]
    );
    indexer
        .index_keys(&difference.to_remove, long())
        .await
        .unwrap();
    let left: Vec<String> = world.failures().into_iter().map(|(key, ..)| key).collect();
    assert_eq!(left, ["catalog/bad too.jpg"]);
    assert_eq!(
        indexer.missed_changes(long()).await.unwrap(),
        Vec::<String>::new()
    );
}

/// An ETag depends on the bytes alone.
#[tokio::test]
async fn images_that_are_filed_elsewhere_without_a_new_version_are_found() {
    let world = World::new();
    let described = |key: &str, name: &str, value: &str| {
        let metadata = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        world
            .cloud
            .put_image_as(key, key.to_owned(), metadata, "\"1\"");
    };
    // The category of its folder; of its object; of its product in the table; of nothing that matters.
    let keys = [
        "catalog/hats/folder.jpg",
        "catalog/hats/object.jpg",
        "catalog/hats/table.jpg",
        "catalog/hats/still.jpg",
    ];
    for key in keys {
        described(key, "note", "1");
    }
    described(keys[1], "category", "caps");
    world.put_metadata("table", serde_json::json!({"category": "bonnets"}));
    world.index(&keys).await;
    let indexer = world.indexer();
    let relabeled = async || indexer.relabeled().await.unwrap();
    assert_eq!(relabeled().await, Vec::<String>::new());

    for (key, name, value) in [
        (keys[0], "category", "caps"),
        (keys[1], "category", "hats"),
        (keys[2], "category", "caps"),
        (keys[3], "note", "2"),
    ] {
        described(key, name, value);
    }
    assert_eq!(indexer.differences().await.unwrap(), Default::default());
    // Without asking every image, only a category that is not that of its folder is noticed.
    let outdated = indexer.outdated().await.unwrap();
    assert_eq!(outdated.len(), 1);
    assert_eq!(outdated[0].key, keys[1]);
    // The table's category comes first.
    assert_eq!(relabeled().await, [keys[0], keys[1]]);
    described(keys[3], "product-id", "other");
    assert_eq!(relabeled().await, [keys[0], keys[1], keys[3]]);

    indexer
        .index_keys(&relabeled().await, long())
        .await
        .unwrap();
    assert_eq!(relabeled().await, Vec::<String>::new());
    let moved = indexer.images_of(&["other".to_owned()]).await.unwrap();
    assert_eq!(moved[0].key, keys[3]);
}
