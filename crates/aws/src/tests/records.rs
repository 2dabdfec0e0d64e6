//! Records and failures as DynamoDB requests.

use lookalike_core::{Failure, ImageRecord, StoreErrorKind};
use serde_json::{Value, json};

use super::cloud_at;
use super::server::{Reply, Server};

fn failure(n: u64) -> ImageRecord {
    ImageRecord {
        key: format!("catalog/{n}.jpg"),
        product_id: format!("{n}"),
        etag: "\"e\"".to_owned(),
        bytes: 7,
        encoder: "00ff".to_owned(),
        at: "2026-01-02T03:04:05Z".to_owned(),
        failure: Some(Failure {
            code: "corrupt".to_owned(),
            reason: "the JPEG ends early".to_owned(),
        }),
    }
}

fn failure_item(n: u64) -> Value {
    json!({
        "product_id": {"S": format!("{n}")}, "item": {"S": format!("image#catalog/{n}.jpg")},
        "key": {"S": format!("catalog/{n}.jpg")}, "etag": {"S": "\"e\""}, "bytes": {"N": "7"},
        "encoder": {"S": "00ff"}, "at": {"S": "2026-01-02T03:04:05Z"},
        "failed": {"S": "failed"}, "code": {"S": "corrupt"}, "reason": {"S": "the JPEG ends early"},
    })
}

#[tokio::test]
async fn records_are_items_of_their_product() {
    let server = Server::replying([Reply::json(json!({}))]).await;
    let records = cloud_at(server.url()).records;
    records.put_many(&[failure(1), failure(1)]).await.unwrap();
    records.remove("1", "catalog/1.jpg").await.unwrap();
    let [put, delete] = server.seen().try_into().unwrap();
    assert_eq!(
        put.json()["RequestItems"],
        json!({"shop": [{"PutRequest": {"Item": failure_item(1)}}]})
    );
    assert_eq!(
        delete.json()["Key"],
        json!({"product_id": {"S": "1"}, "item": {"S": "image#catalog/1.jpg"}})
    );
}

#[tokio::test]
async fn failures_come_in_pages() {
    let foreign = json!({"product_id": {"S": "x"}, "item": {"S": "y"}, "failed": {"S": "failed"}});
    let end = json!({"failed": {"S": "failed"}, "item": {"S": "image#catalog/2.jpg"}, "product_id": {"S": "2"}});
    let server = Server::replying([
        Reply::json(
            json!({"Items": [failure_item(1), foreign, failure_item(2)], "LastEvaluatedKey": end}),
        ),
        Reply::json(json!({"Items": [failure_item(3)]})),
    ])
    .await;
    let failures = cloud_at(server.url()).failures;
    let first = failures.list(None).await.unwrap();
    assert_eq!(first.items, [failure(1), failure(2)]);
    let last = failures.list(first.next.as_deref()).await.unwrap();
    assert_eq!((last.items, last.next), (vec![failure(3)], None));
    let error = failures.list(Some("nonsense")).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    let [one, two] = server.seen().try_into().unwrap();
    assert_eq!(one.json()["IndexName"], "failed");
    assert_eq!(one.json()["ExclusiveStartKey"], Value::Null);
    assert_eq!(two.json()["ExclusiveStartKey"], end);
}

#[tokio::test]
async fn failures_are_counted_over_all_pages_and_found_by_key() {
    let mut older = [failure_item(3), failure_item(4)];
    older[0]["at"] = json!({"S": "2020-01-01T00:00:00Z"});
    older[1]["at"] = json!({"S": "2099-01-01T00:00:00Z"});
    let end =
        json!({"failed": {"S": "failed"}, "item": {"S": "image#2"}, "product_id": {"S": "2"}});
    let server = Server::replying([
        Reply::json(json!({"Items": older, "Count": 5000, "LastEvaluatedKey": end})),
        Reply::json(json!({"Items": [failure_item(1), failure_item(2)], "Count": 7})),
        Reply::json(json!({"Items": [failure_item(1)], "Count": 1})),
    ])
    .await;
    let failures = cloud_at(server.url()).failures;
    let newest = failures.newest(3).await.unwrap();
    let keys: Vec<&str> = newest.records.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(newest.count, 5007);
    assert_eq!(keys, ["catalog/4.jpg", "catalog/1.jpg", "catalog/2.jpg"]);
    assert_eq!(
        failures.of_key("catalog/1.jpg").await.unwrap(),
        [failure(1)]
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 3, "one request for each page");
    let values = &seen[2].json()["ExpressionAttributeValues"];
    assert_eq!(values[":item"], json!({"S": "image#catalog/1.jpg"}));
}
