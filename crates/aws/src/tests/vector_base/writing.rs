//! Writing a vector base.

use lookalike_core::{StoreError, StoreErrorKind};
use lookalike_index::Row;
use serde_json::json;

use super::super::cloud_at;
use super::super::server::{Reply, Server};
use super::{TABLE, base, query, row};

#[tokio::test]
async fn a_write_that_is_too_late_does_not_count() {
    let server = Server::answering(|request, _| {
        match request.json()["Item"]["key"]["S"] == json!("catalog/3.jpg") {
            true => Reply::dynamodb_error(400, "ConditionalCheckFailedException"),
            false => Reply::json(json!({})),
        }
    })
    .await;
    let writer = cloud_at(server.url()).vector_base_writer;
    let rows: Vec<Row> = (0..100)
        .map(|i| row(&format!("catalog/{i}.jpg"), "p"))
        .collect();
    assert_eq!(writer.put(&base(), &rows, 7).await.unwrap(), 99);
    let keys: Vec<String> = rows.into_iter().map(|row| row.key).collect();
    assert_eq!(writer.remove(&base(), &keys, 7).await.unwrap(), 99);
    for request in server.seen() {
        let request = request.json();
        let condition = "attribute_not_exists(#writer) OR #writer <= :writer";
        assert_eq!(request["ConditionExpression"], json!(condition));
        assert_eq!(
            request["ExpressionAttributeNames"],
            json!({"#writer": "writer"})
        );
        assert_eq!(
            request["ExpressionAttributeValues"],
            json!({":writer": {"N": "7"}})
        );
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_stored_is_named() {
    let writer = cloud_at("http://127.0.0.1:1").vector_base_writer;
    let long = row("catalog/a.jpg", &"p".repeat(2049));
    let error = writer.put(&base(), &[long], 1).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    let message = error.to_string();
    assert!(message.contains("\"catalog/a.jpg\""), "{message}");
    assert!(message.contains("1 to 2048 bytes"), "{message}");
    let error = writer
        .remove(&base(), &[String::new()], 1)
        .await
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
}

#[tokio::test]
async fn throttling_may_be_over_later() {
    let throttled = Reply::dynamodb_error(400, "ThrottlingException");
    let server = Server::replying([throttled]).await;
    let cloud = cloud_at(server.url());
    let rows = [row("catalog/a.jpg", "p")];
    let ids = ["p".to_owned()];
    let errors: [StoreError; 4] = [
        cloud
            .vector_base_writer
            .put(&base(), &rows, 1)
            .await
            .unwrap_err(),
        cloud
            .vector_base
            .search(&base(), query(1))
            .await
            .unwrap_err(),
        cloud
            .vector_base
            .of_products(&base(), &ids)
            .await
            .unwrap_err(),
        cloud
            .vector_base_admin
            .is_searchable(&base())
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains(TABLE), "{error}");
    }
    assert_eq!(server.count(), 16, "each was tried four times");
}
