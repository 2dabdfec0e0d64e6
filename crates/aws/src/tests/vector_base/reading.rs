//! Reading a vector base.

use lookalike_core::vector_base::SlotQuery;
use serde_json::{Value, json};

use super::super::cloud_at;
use super::super::server::{Reply, Server};
use super::{TABLE, base, item_of, operation, query, row};

#[tokio::test]
async fn a_search_asks_for_a_slot_and_terms() {
    let server = Server::replying([Reply::json(json!({
        "SearchResults": [], "ConsumedCapacity": {"VectorSearchRequestBytes": 2048.0},
    }))])
    .await;
    let reader = cloud_at(server.url()).vector_base;
    let terms = base().layout.terms_of(&row("a", "p").attributes);
    let query = SlotQuery {
        terms: &terms,
        ..query(1000)
    };
    let found = reader.search(&base(), query).await.unwrap();
    assert_eq!(
        (found.rows.len(), found.floor, found.examined_bytes),
        (0, None, 2048)
    );
    let mut request = server.seen()[0].json();
    let names = request["ExpressionAttributeNames"].take();
    assert_eq!(
        (&names["#slot"], &names["#term0"]),
        (&json!("slot"), &json!("f0"))
    );
    let projected = request["ProjectionExpression"].take();
    let projected = projected.as_str().unwrap().split(", ");
    let projected: Vec<&str> = projected
        .map(|name| names[name].as_str().unwrap())
        .collect();
    let expected = ["key", "product_id", "etag", "attributes", "code", "writer"];
    assert_eq!(projected, expected);
    let expected = json!({
        "TableName": TABLE, "IndexName": "by-vector", "TopK": 100,
        "SearchVector": [{"N": "0.6"}, {"N": "-0.8"}],
        "SearchConditionExpression": "#slot = :slot AND #term0 = :term0",
        "ExpressionAttributeNames": null,
        "ExpressionAttributeValues": {":slot": {"N": "5"}, ":term0": {"S": "sred"}},
        "ProjectionExpression": null, "ReturnConsumedCapacity": "TOTAL",
    });
    assert_eq!(request, expected);
}

#[tokio::test]
async fn damaged_items_do_not_fail_a_search() {
    let good = item_of(row("catalog/a.jpg", "p1")).await;
    let mut damaged = good.clone();
    damaged["code"] = json!({"B": "AAAA"});
    let server = Server::answering(move |_, _| {
        Reply::json(json!({"SearchResults": [
            {"Item": {"name": {"S": "foreign"}}, "Score": 0.1},
            {"Item": good, "Score": 0.25},
            {"Item": damaged, "Score": 0.5},
        ]}))
    })
    .await;
    let reader = cloud_at(server.url()).vector_base;
    let found = reader.search(&base(), query(3)).await.unwrap();
    assert_eq!(found.rows, [row("catalog/a.jpg", "p1")]);
    assert_eq!(found.floor, Some(0.5), "the floor is that of all answers");
    let found = reader.search(&base(), query(4)).await.unwrap();
    assert_eq!(found.floor, None, "there are no more");
}

#[tokio::test]
async fn a_product_has_the_rows_that_its_keys_have_now() {
    let items = [
        item_of(row("a", "p1")).await,
        item_of(row("b", "moved")).await,
        json!({"key": {"S": "c"}, "writer": {"N": "9"}}),
    ];
    let server = Server::answering(move |request, _| match &*operation(request) {
        "Query" => match request.json()["ExclusiveStartKey"].is_null() {
            true => Reply::json(json!({
                "Items": [{"key": {"S": "a"}}], "LastEvaluatedKey": {"key": {"S": "a"}},
            })),
            false => Reply::json(json!({"Items": [{"key": {"S": "b"}}, {"key": {"S": "c"}}]})),
        },
        _ => Reply::json(json!({"Responses": {TABLE: items.clone()}})),
    })
    .await;
    let reader = cloud_at(server.url()).vector_base;
    let ids = ["p1".to_owned(), "p1".to_owned(), String::new()];
    let found = reader.of_products(&base(), &ids).await.unwrap();
    assert_eq!(found, [row("a", "p1")]);
    let operations: Vec<_> = server.seen().iter().map(operation).collect();
    assert_eq!(operations, ["Query", "Query", "BatchGetItem"]);
    let wanted = server.seen()[2].json()["RequestItems"][TABLE].clone();
    assert_eq!(wanted["ConsistentRead"], json!(true));
    assert_eq!(wanted["Keys"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn many_keys_are_read_in_batches_without_repeats() {
    let server = Server::answering(|request, _| {
        let wanted = &request.json()["RequestItems"][TABLE];
        let keys = wanted["Keys"].as_array().unwrap().clone();
        let items: Vec<Value> = keys[..keys.len().min(60)]
            .iter()
            .map(|key| json!({"key": key["key"], "writer": {"N": "2"}}))
            .collect();
        let mut open = wanted.clone();
        open["Keys"] = json!(keys[items.len()..]);
        Reply::json(json!({"Responses": {TABLE: items}, "UnprocessedKeys": {TABLE: open}}))
    })
    .await;
    let reader = cloud_at(server.url()).vector_base;
    let mut keys: Vec<_> = (0..250).map(|i| format!("catalog/{i}.jpg")).collect();
    keys.extend([keys[0].clone(), String::new(), "k".repeat(1025)]);
    let states = reader.get(&base(), &keys).await.unwrap();
    assert_eq!(states.len(), 250);
    assert!(
        states
            .values()
            .all(|state| state.row.is_none() && state.writer == 2)
    );
    assert_eq!(server.count(), 5, "two batches of 100 were asked again");
    let again = server.seen().into_iter().all(|request| {
        let wanted = &request.json()["RequestItems"][TABLE];
        wanted["ProjectionExpression"].is_string() && wanted["ConsistentRead"] == json!(true)
    });
    assert!(again, "the vectors are never read");
}

#[tokio::test]
async fn a_scan_leaves_out_what_is_no_row() {
    let good = item_of(row("catalog/b.jpg", "p1")).await;
    let server =
        Server::answering(
            move |request, _| match request.json()["ExclusiveStartKey"]["key"]["S"].as_str() {
                None => Reply::json(json!({
                    "Items": [
                        {"key": {"S": "#base"}},
                        {"key": {"S": "catalog/gone.jpg"}, "writer": {"N": "1"}},
                        {"key": {"S": "catalog/a.jpg"}, "code": {"S": "damaged"}},
                    ],
                    "LastEvaluatedKey": {"key": {"S": "catalog/a.jpg"}},
                })),
                Some("catalog/a.jpg") => Reply::json(json!({"Items": [good]})),
                Some(other) => panic!("{other} is not the end of a page"),
            },
        )
        .await;
    let reader = cloud_at(server.url()).vector_base;
    let first = reader.scan(&base(), None).await.unwrap();
    assert_eq!(
        (first.items.len(), first.next.as_deref()),
        (0, Some("catalog/a.jpg"))
    );
    let second = reader.scan(&base(), first.next.as_deref()).await.unwrap();
    assert_eq!(
        (second.items, second.next),
        (vec![row("catalog/b.jpg", "p1")], None)
    );
    let scans = server.seen();
    assert!(
        scans
            .iter()
            .all(|scan| scan.json()["ConsistentRead"] == json!(true))
    );
}
