use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_local_cloud::{LocalCloud, Options, StartError};
use serde_json::{Value, json};

use crate::lab::http_client;

pub(crate) fn table() -> Value {
    json!({
        "TableName": "products",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "product_id", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
            {"AttributeName": "failed", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "product_id", "KeyType": "HASH"},
            {"AttributeName": "item", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "failed",
            "KeySchema": [
                {"AttributeName": "failed", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }],
    })
}

pub(crate) fn client(cloud: &LocalCloud) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(cloud.region()))
        .endpoint_url(cloud.dynamodb_url())
        .credentials_provider(Credentials::new(
            cloud.access_key(),
            cloud.secret_key(),
            None,
            None,
            "test",
        ))
        .http_client(http_client())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn tables_and_items_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    options.tables = vec![table()];
    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    let db = client(&cloud);
    for number in 0..30 {
        let put = db
            .put_item()
            .table_name("products")
            .item("product_id", text(&number.to_string()));
        let put = put.item("item", text("image#a"));
        // Only a few are in the sparse index.
        let put = if number % 10 == 0 {
            put.item("failed", text("failed"))
        } else {
            put
        };
        put.send().await.unwrap();
    }
    cloud.shutdown().await;
    let cloud = LocalCloud::start(options).await.unwrap();
    let db = client(&cloud);
    let one = db
        .get_item()
        .table_name("products")
        .key("product_id", text("7"))
        .key("item", text("image#a"));
    assert!(one.send().await.unwrap().item.is_some());
    let failed = db
        .query()
        .table_name("products")
        .index_name("failed")
        .key_condition_expression("failed = :f");
    let failed = failed
        .expression_attribute_values(":f", text("failed"))
        .send()
        .await
        .unwrap();
    assert_eq!(failed.count(), 3);
    let scan = db.scan().table_name("products").send().await.unwrap();
    assert_eq!(scan.count(), 30);
    cloud.shutdown().await;
}

#[tokio::test]
async fn an_impossible_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    options.tables = vec![json!({"TableName": "odd"})];
    let error = LocalCloud::start(options).await.unwrap_err();
    assert!(
        matches!(&error, StartError::Table { table, .. } if table == "odd"),
        "{error}"
    );
}
