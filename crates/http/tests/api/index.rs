//! `GET /index`: what it tells of generations and of pictures that failed.

use std::time::Duration;

use lookalike_service::{Deadline, IndexSettings, Indexer};
use serde_json::{Value, json};

use crate::support::{Shop, encoder, stripes};

async fn index(shop: &Shop) -> Value {
    let reply = shop.get("/index").await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.json()
}

#[tokio::test]
async fn the_last_generations_are_told_newest_first() {
    let shop = Shop::stocked().await;
    shop.cloud.remove_picture("catalog/bags/grün.png");
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
        {"generation": 3, "summary": "1 picture replaced", "replaced": 1},
        {"generation": 2, "summary": "1 picture removed", "removed": 1},
        {"generation": 1, "summary": "4 pictures added", "added": 4},
    ]);
    assert_eq!(history, expected);
}

#[tokio::test]
async fn an_index_that_is_not_there_has_no_history() {
    let shop = Shop::empty();
    assert_eq!(index(&shop).await["history"], json!([]));
}
