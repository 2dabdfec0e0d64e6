//! What searches find.

use std::collections::BTreeSet;

use lookalike_core::ports::Products;
use lookalike_core::{ImageError, Metadata, Product, StoreErrorKind};
use lookalike_encoder::MAX_BYTES;
use lookalike_search::{MAX_K, SearchError, SearchOptions};
use serde_json::json;

use crate::world::{World, bytes, everything};

/// Ten products, two images each, in two folders.
async fn shop() -> World {
    let world = World::new();
    let mut keys = Vec::new();
    for i in 0..20 {
        let folder = ["shoes", "hats"][i % 2];
        let key = format!("catalog/{folder}/{i}.jpg");
        world.put_product(&key, &format!("image {i}"), &format!("p{}", i / 2));
        keys.push(key);
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    world.index(&keys).await;
    let product = Product {
        product_id: "p3".to_owned(),
        metadata: Metadata::from([
            ("name".to_owned(), json!("Boot")),
            ("price".to_owned(), json!(19.5)),
        ]),
    };
    Products::put_many(&*world.cloud, &[product]).await.unwrap();
    world
}

fn top(k: usize) -> SearchOptions {
    SearchOptions { k, ..everything() }
}

#[tokio::test]
async fn the_same_image_is_found_first_with_metadata_and_link() {
    let world = shop().await;
    let searcher = world.searcher();
    let answer = searcher
        .search_image(bytes("image 7"), top(4))
        .await
        .unwrap();
    let first = &answer.results[0];
    assert_eq!(first.product_id, "p3");
    assert_eq!(first.image.key, "catalog/hats/7.jpg");
    assert_eq!(
        first.image.url.as_deref(),
        Some("memory:///catalog/hats/7.jpg")
    );
    assert!((first.score - 1.0).abs() < 1e-3, "{}", first.score);
    let expected = json!({"name": "Boot", "price": 19.5, "category": "hats"});
    assert_eq!(json!(first.metadata), expected);
    assert!(json!(answer.results[1].metadata)["category"].is_string());
    assert_eq!(answer.results.len(), 4);
    assert!(answer.results.is_sorted_by(|a, b| a.score >= b.score));
    assert_eq!((answer.index.images, answer.index.products), (20, Some(10)));
    assert!(answer.timings.search_ms > 0.0);
}

#[tokio::test]
async fn the_table_has_the_last_word_on_the_category() {
    let world = shop().await;
    let product = Product {
        product_id: "p0".to_owned(),
        metadata: Metadata::from([("category".to_owned(), json!("boots"))]),
    };
    Products::put_many(&*world.cloud, &[product]).await.unwrap();
    let view = world.searcher().product("p0").await.unwrap();
    assert_eq!(json!(view.metadata), json!({"category": "boots"}));
}

#[tokio::test]
async fn every_product_is_found_once_and_k_bounds_how_many() {
    let world = shop().await;
    let searcher = world.searcher();
    for (k, expected) in [(1, 1), (9, 9), (10, 10), (11, 10), (MAX_K, 10)] {
        let answer = searcher.search_image(bytes("x"), top(k)).await.unwrap();
        let products: BTreeSet<_> = answer.results.iter().map(|r| &r.product_id).collect();
        assert_eq!((answer.results.len(), products.len()), (expected, expected));
    }
    for k in [0, MAX_K + 1, usize::MAX] {
        let refused = searcher.search_image(bytes("x"), top(k)).await;
        assert!(matches!(refused, Err(SearchError::KOutOfRange(n)) if n == k));
        assert!(searcher.similar("p1", top(k)).await.is_err());
        assert!(
            searcher
                .search_key("catalog/hats/1.jpg", top(k))
                .await
                .is_err()
        );
    }
    assert_eq!(world.embedded(), 25, "a refused search embeds nothing");
}

#[tokio::test]
async fn results_below_the_least_score_are_left_out() {
    let world = shop().await;
    let searcher = world.searcher();
    let all = searcher
        .search_image(bytes("image 7"), everything())
        .await
        .unwrap();
    for min_score in [-1.0, 0.0, 0.2, 0.999, 1.0] {
        let options = SearchOptions {
            min_score,
            ..everything()
        };
        let some = searcher
            .search_image(bytes("image 7"), options)
            .await
            .unwrap();
        let expected = all.results.iter().filter(|r| r.score >= min_score);
        let expected: Vec<_> = expected.map(|r| &r.product_id).collect();
        let found: Vec<_> = some.results.iter().map(|r| &r.product_id).collect();
        assert_eq!(found, expected, "{min_score}");
    }
    for min_score in [f32::NAN, -1.01, 1.01, f32::INFINITY] {
        let options = SearchOptions {
            min_score,
            ..top(1)
        };
        let refused = searcher.search_image(bytes("x"), options).await;
        assert!(matches!(refused, Err(SearchError::MinScoreOutOfRange(_))));
    }
}

#[tokio::test]
async fn similar_starts_from_every_image_of_a_product_and_leaves_it_out() {
    let world = shop().await;
    // Near-copies of the two images of p3: the same bytes in other products.
    world.put_product("catalog/shoes/copy.jpg", "image 6", "copy of the one");
    world.put_product("catalog/hats/copy.jpg", "image 7", "copy of the other");
    let copies = ["catalog/shoes/copy.jpg", "catalog/hats/copy.jpg"];
    world.index(&copies).await;
    let embedded = world.embedded();
    let searcher = world.searcher();
    let answer = searcher.similar("p3", everything()).await.unwrap();
    assert_eq!(answer.results.len(), 11);
    assert!(answer.results.iter().all(|r| r.product_id != "p3"));
    let first: BTreeSet<&str> = answer.results[..2].iter().map(|r| &*r.product_id).collect();
    assert_eq!(
        first,
        BTreeSet::from(["copy of the one", "copy of the other"])
    );
    assert!(answer.results[..2].iter().all(|r| r.score > 0.999));
    let two = searcher.similar("p3", top(2)).await.unwrap();
    assert_eq!(two.results.len(), 2);
    assert_eq!(world.embedded(), embedded, "nothing is embedded");
    let unknown = searcher.similar("nobody", everything()).await;
    assert!(matches!(unknown, Err(SearchError::UnknownProduct(id)) if id == "nobody"));
}

#[tokio::test]
async fn similar_to_the_only_product_is_nothing() {
    let world = World::new();
    world.put("catalog/only.jpg", "only");
    world.index(&["catalog/only.jpg"]).await;
    let answer = world
        .searcher()
        .similar("only", everything())
        .await
        .unwrap();
    assert_eq!(answer.results.len(), 0);
}

#[tokio::test]
async fn a_product_shows_its_images_and_metadata() {
    let world = shop().await;
    let searcher = world.searcher();
    let view = searcher.product("p3").await.unwrap();
    assert_eq!(view.product_id, "p3");
    assert_eq!(view.metadata["name"], json!("Boot"));
    let keys: Vec<&str> = view.images.iter().map(|image| &*image.key).collect();
    assert_eq!(keys, ["catalog/hats/7.jpg", "catalog/shoes/6.jpg"]);
    // Known to the table or to the index alone.
    let product = Product {
        product_id: "new".to_owned(),
        metadata: Metadata::from([("name".to_owned(), json!("New"))]),
    };
    Products::put_many(&*world.cloud, &[product]).await.unwrap();
    let new = searcher.product("new").await.unwrap();
    assert!(new.images.is_empty());
    assert_eq!(searcher.product("p1").await.unwrap().images.len(), 2);
    let unknown = searcher.product("nobody").await;
    assert!(matches!(unknown, Err(SearchError::UnknownProduct(_))));
}

#[tokio::test]
async fn stored_images_are_searched_by_key() {
    let world = shop().await;
    world.put("uploads/query.jpg", "image 7");
    world.put("uploads/bad.jpg", "bad");
    let large = vec![b'x'; MAX_BYTES + 1];
    world
        .cloud
        .put_image("uploads/large.jpg", large, Default::default());
    let searcher = world.searcher();
    for key in ["uploads/query.jpg", "catalog/hats/7.jpg"] {
        let answer = searcher.search_key(key, top(1)).await.unwrap();
        assert_eq!(answer.results[0].product_id, "p3");
    }
    let search = async |key| searcher.search_key(key, top(1)).await.err().unwrap();
    assert!(matches!(
        search("uploads/missing.jpg").await,
        SearchError::UnknownKey(_)
    ));
    assert!(matches!(
        search("index/manifest.json").await,
        SearchError::ForbiddenKey(_)
    ));
    assert!(matches!(
        search("uploads/bad.jpg").await,
        SearchError::Image(ImageError::UnsupportedFormat { .. })
    ));
    assert!(matches!(
        search("uploads/large.jpg").await,
        SearchError::Image(ImageError::TooManyBytes { .. })
    ));
}

#[tokio::test]
async fn uploads_are_linked_for_what_can_be_read() {
    let searcher = World::new().searcher();
    let mut keys = BTreeSet::new();
    for (media_type, extension) in [
        ("image/jpeg", "jpeg"),
        ("IMAGE/PNG", "png"),
        ("image/webp", "webp"),
        ("image/gif", "gif"),
        ("image/bmp", "bmp"),
        ("image/tiff", "tiff"),
        ("image/avif", "avif"),
    ] {
        let link = searcher.create_upload(media_type, 1).await.unwrap();
        assert!(link.key.starts_with("uploads/") && link.key.ends_with(extension));
        assert_eq!(link.headers["content-type"], media_type.to_lowercase());
        assert!(keys.insert(link.key));
    }
    for media_type in ["", "image/heic", "text/html", "image/png; x=y"] {
        let refused = searcher.create_upload(media_type, 1).await;
        assert!(matches!(refused, Err(SearchError::UnsupportedMediaType(_))));
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_error_of_its_kind() {
    let world = shop().await;
    let searcher = world.searcher();
    world.fail("get products", u64::MAX, StoreErrorKind::Unavailable);
    let failures = [
        searcher.search_image(bytes("x"), top(1)).await.err(),
        searcher.similar("p1", top(1)).await.err(),
        searcher.product("p1").await.err(),
    ];
    for failure in failures {
        let Some(SearchError::Store(error)) = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
    }
    world.fail("newest failures", 1, StoreErrorKind::Denied);
    let info = searcher.index_info().await;
    assert!(matches!(info, Err(SearchError::Store(e)) if e.kind == StoreErrorKind::Denied));
}

#[tokio::test]
async fn the_index_tells_about_itself() {
    let world = shop().await;
    world.put("catalog/bad.jpg", "bad");
    world.index(&["catalog/bad.jpg"]).await;
    let info = world.searcher().index_info().await.unwrap();
    assert_eq!(info.state.images, 20);
    assert_eq!(info.failed, 1);
    assert_eq!(
        (&*info.encoder.name, info.encoder.dimensions),
        ("arithmetic", 16)
    );
    let [segment] = &info.segments[..] else {
        panic!("{:?}", info.segments);
    };
    assert_eq!((segment.kind, segment.rows), ("delta", 20));
}
