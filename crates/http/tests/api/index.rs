//! `GET /index`: what it tells of generations and of images that failed.

use std::time::Duration;

use lookalike_core::Deadline;
use lookalike_http::HttpSettings;
use lookalike_indexing::{IndexSettings, Indexer};
use serde_json::{Value, json};

use crate::drawings::stripes;
use crate::support::{Shop, encoder};

async fn index(shop: &Shop) -> Value {
    let reply = shop.get("/index").await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.json()
}

#[tokio::test]
async fn the_last_generations_are_listed_newest_first() {
    let shop = Shop::stocked().await;
    shop.cloud.remove_image("catalog/bags/grün.png");
    let gone = ["catalog/bags/grün.png".to_owned()];
    shop.index_keys(&gone).await;
    shop.index(&[("catalog/hats/red.png", stripes(10, 10, 10))])
        .await;
    let ports = shop.cloud.index_ports(encoder(0).into());
    let indexer = Indexer::new(ports, IndexSettings::default());
    let soon = Deadline::after(Duration::from_secs(60));
    indexer.rebuild(soon).await.unwrap();

    let mut history = index(&shop).await["history"].take();
    for generation in history.as_array_mut().unwrap() {
        let at = generation["published"].take();
        let at = at.as_str().unwrap();
        assert!(at.len() == 20 && at.ends_with('Z'), "{at}");
        generation.as_object_mut().unwrap().remove("published");
    }
    let expected = json!([
        {"generation": 5, "summary": "3 rows in a new base", "rebuilt": 3},
        {"generation": 4, "summary": "rebuild begun", "step": "rebuild_begun"},
        {"generation": 3, "summary": "1 image replaced", "replaced": 1},
        {"generation": 2, "summary": "1 image removed", "removed": 1},
        {"generation": 1, "summary": "4 images added", "added": 4},
    ]);
    assert_eq!(history, expected);
}

#[tokio::test]
async fn an_empty_index_has_no_history() {
    let shop = Shop::empty();
    assert_eq!(index(&shop).await["history"], json!([]));
}

#[tokio::test]
async fn failed_images_are_named_with_their_reasons() {
    let shop = Shop::stocked().await;
    let state = index(&shop).await;
    assert_eq!(
        (&state["failed"], &state["failures"]),
        (&json!(0), &json!([]))
    );
    shop.index(&[("catalog/bags/text.png", b"text".to_vec())])
        .await;
    shop.index(&[("catalog/bags/cut.png", stripes(1, 2, 3)[..90].to_vec())])
        .await;
    let state = index(&shop).await;
    assert_eq!(state["failed"], 2);
    let mut failures = state["failures"].as_array().unwrap().clone();
    failures.sort_by_key(|one| one["key"].to_string());
    for (failure, name, code) in [
        (&failures[0], "cut", "corrupt"),
        (&failures[1], "text", "unsupported-format"),
    ] {
        assert_eq!(failure["key"], format!("catalog/bags/{name}.png"));
        assert_eq!(failure["product_id"], name);
        assert_eq!(failure["code"], code);
        assert!(failure["reason"].as_str().unwrap().len() > 10, "{failure}");
        assert!(failure["at"].as_str().unwrap().ends_with('Z'), "{failure}");
    }
    // A good image at the key ends the failure.
    shop.index(&[("catalog/bags/text.png", stripes(4, 5, 6))])
        .await;
    let state = index(&shop).await;
    assert_eq!(state["failed"], 1);
    assert_eq!(state["failures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn at_most_fifty_failures_are_listed_with_one_request() {
    let shop = Shop::empty();
    let names: Vec<String> = (0..55).map(|n| format!("catalog/{n:02}.png")).collect();
    let pictures: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| (name.as_str(), b"text".to_vec()))
        .collect();
    shop.index(&pictures).await;
    let calls = |name: &str| {
        let calls = shop.cloud.traffic().calls;
        calls.get(name).copied().unwrap_or(0)
    };
    let before = (calls("newest failures"), calls("list failures"));
    let state = index(&shop).await;
    let after = (calls("newest failures"), calls("list failures"));
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 0));
    assert_eq!(state["failed"], 55);
    assert_eq!(state["failures"].as_array().unwrap().len(), 50);
    // Requests soon after get the same count without another read.
    let shop = shop.with_hourly_refresh();
    for _ in 0..3 {
        assert_eq!(index(&shop).await["failed"], 55);
    }
    let calls = shop.cloud.traffic().calls["newest failures"];
    assert_eq!(calls - after.0, 1);
}

#[tokio::test]
async fn strangers_learn_how_many_images_failed_and_no_more() {
    let shop = Shop::stocked().await;
    shop.index(&[("catalog/bags/text.png", b"text".to_vec())])
        .await;
    let settings = HttpSettings {
        shows_failures: false,
        ..HttpSettings::default()
    };
    let shop = Shop::over(shop.cloud, 0, settings);
    let state = index(&shop).await;
    assert_eq!(
        (&state["failed"], &state["failures"]),
        (&json!(1), &json!([]))
    );
    let image = shop.get("/images/catalog/bags/text.png").await.json();
    assert_eq!(image["state"], "failed");
    assert_eq!((image.get("code"), image.get("reason")), (None, None));
}
