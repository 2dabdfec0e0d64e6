//! Making and dropping the tables of vector bases.

use lookalike_core::StoreErrorKind;
use serde_json::{Value, json};

use super::super::cloud_at;
use super::super::server::{Reply, Server};
use super::{TABLE, base, operation};

/// Returns the description of the base's table, with another status of its vector index.
fn table(index_status: &str) -> Value {
    let element = |name, kind| json!({"AttributeName": name, "SearchSchemaElementType": kind});
    json!({"Table": {
        "TableName": TABLE, "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-product"}],
        "VectorIndexes": [{
            "IndexName": "by-vector", "Dimensions": 2, "IndexStatus": index_status,
            "SearchSchema": [element("slot", "HASH"), element("f0", "INLINE_FILTER")],
        }],
    }})
}

#[tokio::test]
async fn an_index_is_searchable_once_it_answers() {
    let backfilling = Reply::dynamodb_error(400, "ValidationException");
    let missing = Reply::dynamodb_error(400, "ResourceNotFoundException");
    let answer = Reply::json(json!({"SearchResults": []}));
    for (described, searched, expected, calls) in [
        (missing, answer.clone(), false, 1),
        (Reply::json(table("CREATING")), answer.clone(), false, 1),
        (Reply::json(table("ACTIVE")), backfilling, false, 2),
        (Reply::json(table("ACTIVE")), answer, true, 2),
    ] {
        let server = Server::replying([described, searched]).await;
        let admin = cloud_at(server.url()).vector_base_admin;
        let searchable = admin.is_searchable(&base()).await.unwrap();
        assert_eq!((searchable, server.count()), (expected, calls));
    }
}

#[tokio::test]
async fn only_tables_of_vector_bases_are_deleted() {
    let foreign = json!({"Table": {
        "TableName": TABLE, "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    }});
    let server = Server::replying([Reply::json(foreign)]).await;
    let admin = cloud_at(server.url()).vector_base_admin;
    let error = admin.delete(&base().name).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (StoreErrorKind::Invalid, 1));
    assert!(error.to_string().contains(TABLE), "{error}");

    let in_use = Reply::dynamodb_error(400, "ResourceInUseException");
    let server = Server::replying([Reply::json(table("CREATING")), in_use]).await;
    let admin = cloud_at(server.url()).vector_base_admin;
    let error = admin.delete(&base().name).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_table_of_another_schema_is_a_conflict() {
    let mut dimensions = table("ACTIVE");
    dimensions["Table"]["VectorIndexes"][0]["Dimensions"] = json!(3);
    let mut fields = table("ACTIVE");
    fields["Table"]["VectorIndexes"][0]["SearchSchema"] =
        json!([{"AttributeName": "slot", "SearchSchemaElementType": "HASH"}]);
    let mut products = table("ACTIVE");
    products["Table"]["GlobalSecondaryIndexes"] = json!([]);
    for described in [dimensions, fields, products] {
        let server = Server::replying([Reply::json(described)]).await;
        let admin = cloud_at(server.url()).vector_base_admin;
        let error = admin.create(&base()).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Conflict, "{error}");
        assert_eq!(server.count(), 1, "nothing was made");
        assert!(!admin.is_searchable(&base()).await.unwrap());
    }
}

#[tokio::test]
async fn a_new_table_is_awaited_and_described() {
    let status = |status: &str| {
        let mut described = table("CREATING");
        described["Table"]["TableStatus"] = json!(status);
        Reply::json(described)
    };
    let missing = Reply::dynamodb_error(400, "ResourceNotFoundException");
    let disabled = json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}});
    let server = Server::replying([
        status("DELETING"),
        missing,
        Reply::dynamodb_error(400, "ResourceInUseException"),
        status("CREATING"),
        status("ACTIVE"),
        Reply::json(disabled),
        Reply::json(json!({})),
        Reply::json(json!({})),
    ])
    .await;
    let admin = cloud_at(server.url()).vector_base_admin;
    admin.create(&base()).await.unwrap();
    let seen = server.seen();
    let operations: Vec<_> = seen.iter().map(operation).collect();
    let expected = [
        "DescribeTable",
        "DescribeTable",
        "CreateTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTimeToLive",
        "UpdateTimeToLive",
        "PutItem",
    ];
    assert_eq!(operations, expected);
    let created = seen[2].json();
    assert_eq!(created["BillingMode"], json!("PAY_PER_REQUEST"));
    let index = &created["VectorIndexes"][0];
    assert_eq!(index["DistanceFunction"], json!("COSINE"));
    assert_eq!(index["VectorAttribute"], json!({"AttributeName": "vector"}));
    let projected = ["product_id", "etag", "attributes", "code", "writer"];
    let projection = json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": projected});
    assert_eq!(index["Projection"], projection);
    let expires = json!({"AttributeName": "expires", "Enabled": true});
    assert_eq!(seen[6].json()["TimeToLiveSpecification"], expires);
    let described = seen[7].json();
    assert_eq!(described["Item"]["key"], json!({"S": "#base"}));
    let layout = described["Item"]["description"]["S"].as_str().unwrap();
    assert!(
        layout.contains("\"slots\":1") && layout.contains("color"),
        "{layout}"
    );
}

#[tokio::test]
async fn bases_are_listed_by_their_prefix() {
    let server = Server::answering(|request, _| {
        let start = request.json()["ExclusiveStartTableName"].clone();
        match start.as_str() {
            None => Reply::json(json!({
                "TableNames": ["shop", "shop-base-a"], "LastEvaluatedTableName": "shop-base-a",
            })),
            Some(_) => Reply::json(json!({
                "TableNames": ["shop-base-", "shop-base-A", "shop-base-b", "shop-basement"],
            })),
        }
    })
    .await;
    let admin = cloud_at(server.url()).vector_base_admin;
    let names = admin.list().await.unwrap();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}
