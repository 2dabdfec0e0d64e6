//! `GET /audit`.

use std::collections::BTreeMap;
use std::time::Duration;

use lookalike_core::Deadline;
use lookalike_core::StoreErrorKind::{Denied, Unavailable};
use lookalike_http::{AuditLimits, HttpSettings};
use lookalike_indexing::{IndexSettings, Indexer};
use serde_json::{Value, json};

use crate::drawings::{color, stripes};
use crate::support::{Shop, encoder};

fn settings(seconds: u64, pictures: u64) -> HttpSettings {
    HttpSettings {
        audit: Some(AuditLimits {
            time: Duration::from_secs(seconds),
            pictures,
        }),
        ..HttpSettings::default()
    }
}

async fn shop() -> Shop {
    let stocked = Shop::stocked().await;
    Shop::over(stocked.cloud, 0, settings(60, 1000))
}

fn totals(audit: &Value) -> Vec<(&str, u64)> {
    let members = audit.as_object().unwrap().iter();
    members
        .filter_map(|(name, list)| Some((name.as_str(), list["total"].as_u64()?)))
        .filter(|(_, total)| *total > 0)
        .collect()
}

#[tokio::test]
async fn audit_is_disabled_by_default() {
    let shop = Shop::stocked().await;
    shop.cloud
        .set_fault(Some(Box::new(|_| panic!("a store was asked"))));
    let detail = shop.get("/audit").await.problem(404, "audit-off");
    assert!(
        detail.contains("AuditSeconds") && detail.contains("lookalike audit"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_catalog_without_differences_is_consistent() {
    let audit = shop().await.get("/audit").await.json();
    assert_eq!(audit["consistent"], true);
    assert_eq!((&audit["images"], &audit["stored"]), (&json!(4), &json!(4)));
    // Only one product has metadata.
    assert_eq!(totals(&audit), [("pictures_without_product", 3)]);
    let picture = &audit["pictures_without_product"]["items"][0];
    let key = "catalog/bags/blue one+1%.png";
    assert_eq!(
        *picture,
        json!({"key": key, "product_id": "blue one+1%", "url": format!("memory:///{key}")})
    );
}

#[tokio::test]
async fn duplicates_failures_and_differences_are_listed() {
    let shop = shop().await;
    shop.index(&[
        ("catalog/hats/red again.png", stripes(200, 30, 30)),
        ("catalog/hats/bad.png", b"text".to_vec()),
    ])
    .await;
    let new = stripes(1, 2, 3);
    shop.cloud
        .put_image("catalog/new.png", new, Default::default());
    shop.cloud.remove_image("catalog/hats/orange.png");
    let audit = shop.get("/audit").await.json();
    assert_eq!(audit["consistent"], false);
    assert_eq!(audit["unindexed"]["items"], json!(["catalog/new.png"]));
    assert_eq!(audit["gone"]["items"], json!(["catalog/hats/orange.png"]));
    let failed = &audit["failed"]["items"][0];
    assert_eq!(failed["key"], "catalog/hats/bad.png");
    assert!(!failed["reason"].as_str().unwrap().is_empty());
    let group = &audit["duplicates"]["items"][0];
    assert_eq!(
        (&group["products"], &group["score"]),
        (&json!(2), &json!(1.0))
    );
    let pictures = group["pictures"]["items"].as_array().unwrap();
    let keys: Vec<&Value> = pictures.iter().map(|picture| &picture["key"]).collect();
    assert_eq!(keys, ["catalog/hats/red again.png", "catalog/hats/red.png"]);

    let short = shop.get("/audit?limit=1").await.json();
    assert_eq!(totals(&short), totals(&audit));
    assert_eq!(
        short["pictures_without_product"]["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let group = &short["duplicates"]["items"][0]["pictures"];
    assert_eq!(
        (&group["total"], group["items"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
}

#[tokio::test]
async fn limits_are_whole_numbers_up_to_a_hundred() {
    let shop = shop().await;
    for limit in ["0", "101", "-1", "1.5", "many", ""] {
        let reply = shop.get(&format!("/audit?limit={limit}")).await;
        let detail = reply.problem(400, "invalid-parameter");
        assert!(detail.contains("from 1 to 100"), "{detail}");
    }
    shop.get("/audit?limit=1&limit=2")
        .await
        .problem(400, "invalid-parameter");
    let reply = shop.get("/audit?k=3").await;
    let detail = reply.problem(400, "unknown-parameter");
    assert!(detail.contains("known here: limit"), "{detail}");
    assert_eq!(shop.get("/audit?limit=100").await.status, 200);
}

#[tokio::test]
async fn a_catalog_that_is_too_large_is_refused() {
    let shop = shop().await;
    for settings in [settings(60, 3), settings(0, 1000)] {
        let small = Shop::over(shop.cloud.clone(), 0, settings);
        let reply = small.get("/audit").await;
        let detail = reply.problem(503, "audit-too-large");
        assert!(detail.contains("`lookalike audit`"), "{detail}");
        // A retry would fail too.
        assert_eq!(reply.header("retry-after"), "");
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_an_error() {
    let shop = shop().await;
    shop.break_call("scan table", Unavailable);
    shop.get("/audit").await.problem(503, "unavailable");
    shop.break_call("scan table", Denied);
    shop.get("/audit").await.problem(500, "misconfigured");
    shop.cloud.set_fault(None);
    assert_eq!(shop.get("/audit").await.status, 200);
}

#[tokio::test]
async fn only_one_audit_runs_at_a_time() {
    let shop = shop().await;
    // Every call of a store yields, so the two audits overlap.
    let (one, other) = tokio::join!(shop.get("/audit"), shop.get("/audit"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
    let busy = if one.status == 503 { one } else { other };
    busy.problem(503, "unavailable");
    assert_eq!(busy.header("retry-after"), "2");
    assert_eq!(shop.get("/audit").await.status, 200);
}

#[tokio::test]
async fn products_that_only_a_file_name_joins_are_listed() {
    let stocked = Shop::stocked().await;
    let (r, g, b) = color(5);
    let keys = ["catalog/bread/0.png", "catalog/soup/0.png"];
    for key in keys {
        stocked
            .cloud
            .put_image(key, stripes(r, g, b), BTreeMap::new());
    }
    // Named by its metadata, and two of one folder: on purpose.
    let named = BTreeMap::from([("product-id".to_owned(), "0".to_owned())]);
    stocked
        .cloud
        .put_image("catalog/rice/named.png", stripes(g, b, r), named);
    let indexer = Indexer::new(
        stocked.cloud.index_ports(encoder(0).into()),
        IndexSettings::default(),
    );
    let all = keys
        .into_iter()
        .chain(["catalog/rice/named.png"])
        .map(str::to_owned);
    let all: Vec<String> = all.collect();
    let deadline = Deadline::after(Duration::from_secs(60));
    indexer.index_keys(&all, deadline).await.unwrap();
    let shop = Shop::over(stocked.cloud, 0, settings(60, 1000));
    let audit = shop.get("/audit").await.json();
    assert_eq!(
        audit["products_of_several_folders"],
        json!({"total": 1, "items": [{"product_id": "0", "pictures": {"total": 2, "items": keys}}]})
    );
}
