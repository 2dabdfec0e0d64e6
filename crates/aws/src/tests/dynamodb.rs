//! Products as DynamoDB requests.

use std::collections::BTreeMap;

use lookalike_core::{Metadata, Product, StoreErrorKind};
use serde_json::{Value, json};

use super::cloud_at;
use super::server::{Reply, Seen, Server};

fn product(id: &str) -> Product {
    let metadata = Metadata::from([
        ("name".to_owned(), json!("Röcke")),
        ("price".to_owned(), json!(19.99)),
        ("in_stock".to_owned(), json!(true)),
    ]);
    Product {
        product_id: id.to_owned(),
        metadata,
    }
}

fn keys(request: &Seen) -> Vec<Value> {
    let body = request.json();
    body["RequestItems"]["shop"]["Keys"]
        .as_array()
        .unwrap()
        .clone()
}

fn items_for(keys: &[Value]) -> Vec<Value> {
    keys.iter()
        .map(|key| {
            let mut item = key.clone();
            item["metadata"] = json!({"M": {
                "name": {"S": "Röcke"}, "price": {"N": "19.99"}, "in_stock": {"BOOL": true},
            }});
            item
        })
        .collect()
}

fn batch(keys: &[Value], unprocessed: &[Value]) -> Reply {
    let open = match unprocessed {
        [] => json!({}),
        keys => json!({"shop": {"Keys": keys}}),
    };
    Reply::json(json!({"Responses": {"shop": items_for(keys)}, "UnprocessedKeys": open}))
}

#[tokio::test]
async fn many_products_are_read_in_batches_without_repeats() {
    let server = Server::answering(|request, _| batch(&keys(request), &[])).await;
    let products = cloud_at(server.url()).products;
    let mut ids: Vec<_> = (0..1050).map(|n| format!("p{n}")).collect();
    ids.extend(["p7".to_owned(), String::new(), "x".repeat(2049)]);
    let found = products.get_many(&ids).await.unwrap();
    assert_eq!(found.len(), 1050);
    assert_eq!(found["p7"], product("p7").metadata);
    let sizes: Vec<_> = server
        .seen()
        .iter()
        .map(|request| keys(request).len())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 1050);
    assert!(
        sizes.len() == 11 && sizes.iter().all(|size| *size <= 100),
        "{sizes:?}"
    );
    let key = &keys(&server.seen()[0])[0];
    assert_eq!(key["item"], json!({"S": "product"}));
    assert!(products.get_many(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_latest_is_read_consistently() {
    let server = Server::answering(|request, _| batch(&keys(request), &[])).await;
    let products = cloud_at(server.url()).products;
    let ids = ["p1".to_owned()];
    products.get_many(&ids).await.unwrap();
    let latest = products.latest(&ids).await.unwrap();
    assert_eq!(latest["p1"], product("p1").metadata);
    let consistent = server.seen().into_iter().map(|request| {
        let wanted = &request.json()["RequestItems"]["shop"];
        wanted["ConsistentRead"].as_bool().unwrap_or(false)
    });
    assert_eq!(consistent.collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn unprocessed_keys_are_asked_again() {
    let server = Server::answering(|request, _| {
        let keys = keys(request);
        let (now, later) = keys.split_at(1);
        batch(now, later)
    })
    .await;
    let products = cloud_at(server.url()).products;
    // More rounds than would be allowed without progress.
    let ids: Vec<_> = (0..10).map(|n| format!("p{n}")).collect();
    assert_eq!(products.get_many(&ids).await.unwrap().len(), 10);
    assert_eq!(server.count(), 10);
}

#[tokio::test]
async fn throttling_without_end_is_unavailable() {
    let server = Server::answering(|request, _| match request.header("x-amz-target") {
        Some("DynamoDB_20120810.BatchGetItem") => batch(&[], &keys(request)),
        _ => Reply::json(json!({"UnprocessedItems": request.json()["RequestItems"]})),
    })
    .await;
    let products = cloud_at(server.url()).products;
    let (ids, stored) = (["p1".to_owned()], [product("p1")]);
    let (read, write) = tokio::join!(products.get_many(&ids), products.put_many(&stored));
    for error in [read.unwrap_err(), write.unwrap_err()] {
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        assert!(error.to_string().contains("throttling"), "{error}");
    }
    assert_eq!(server.count(), 16);
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() {
    let throttled = Reply::dynamodb_error(400, "ProvisionedThroughputExceededException");
    let server = Server::answering(move |request, before| match before {
        0 | 1 => throttled.clone(),
        _ => batch(&keys(request), &[]),
    })
    .await;
    let products = cloud_at(server.url()).products;
    assert_eq!(
        products.get_many(&["p1".to_owned()]).await.unwrap().len(),
        1
    );
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn errors_have_their_kind() {
    for (status, code, kind) in [
        (
            400,
            "ProvisionedThroughputExceededException",
            StoreErrorKind::Unavailable,
        ),
        (400, "ThrottlingException", StoreErrorKind::Unavailable),
        (500, "InternalServerError", StoreErrorKind::Unavailable),
        (400, "ResourceNotFoundException", StoreErrorKind::NotFound),
        (400, "AccessDeniedException", StoreErrorKind::Denied),
        (400, "ExpiredTokenException", StoreErrorKind::Denied),
        (400, "UnrecognizedClientException", StoreErrorKind::Denied),
        (400, "ValidationException", StoreErrorKind::Invalid),
    ] {
        let server = Server::replying([Reply::dynamodb_error(status, code)]).await;
        let cloud = cloud_at(server.url());
        let error = cloud
            .products
            .get_many(&["p1".to_owned()])
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{code}: {error}");
        let message = error.to_string();
        assert!(
            message.starts_with("batch get from dynamodb table shop failed: "),
            "{message}"
        );
        if kind == StoreErrorKind::NotFound {
            assert!(message.contains("LOOKALIKE_TABLE"), "{message}");
        }
    }
}

#[tokio::test]
async fn many_products_are_written_in_batches_without_repeats() {
    let server = Server::answering(|request, before| {
        // Half of the first batch is left unprocessed once.
        let mut requests = request.json()["RequestItems"]["shop"]
            .as_array()
            .unwrap()
            .clone();
        let left = requests.split_off(if before == 0 { 12 } else { requests.len() });
        match left.is_empty() {
            true => Reply::json(json!({"UnprocessedItems": {}})),
            false => Reply::json(json!({"UnprocessedItems": {"shop": left}})),
        }
    })
    .await;
    let products = cloud_at(server.url()).products;
    let mut many: Vec<_> = (0..60).map(|n| product(&format!("p{n}"))).collect();
    many.push(Product {
        metadata: BTreeMap::new(),
        ..product("p3")
    });
    products.put_many(&many).await.unwrap();
    let mut written = Vec::new();
    for request in server.seen() {
        let requests = request.json()["RequestItems"]["shop"]
            .as_array()
            .unwrap()
            .clone();
        assert!(requests.len() <= 25);
        written.extend(requests.iter().map(|put| put["PutRequest"]["Item"].clone()));
    }
    assert_eq!(written.len(), 60 + 13, "13 were sent twice");
    let p3: Vec<_> = written
        .iter()
        .filter(|item| item["product_id"]["S"] == "p3")
        .collect();
    assert_eq!(p3[0]["metadata"], json!({"M": {}}), "the last one counts");
    let p4 = written
        .iter()
        .find(|item| item["product_id"]["S"] == "p4")
        .unwrap();
    let expected = json!({
        "product_id": {"S": "p4"}, "item": {"S": "product"},
        "metadata": {"M": {"name": {"S": "Röcke"}, "price": {"N": "19.99"}, "in_stock": {"BOOL": true}}},
    });
    assert_eq!(*p4, expected);
}

#[tokio::test]
async fn a_product_that_cannot_be_stored_is_named() {
    let products = cloud_at("http://127.0.0.1:1").products;
    let mut huge = product("p1");
    huge.metadata.insert("price".to_owned(), json!(1e300));
    let error = products.put_many(&[huge]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    assert!(
        error
            .to_string()
            .contains("product \"p1\": the number 1e+300"),
        "{error}"
    );
    let error = products.put_many(&[product("")]).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
}
