//! Writes to a watched table reach the handler, whatever client makes them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, Put, PutRequest, TransactWriteItem, WriteRequest,
};
use lookalike_local_cloud::{EventHandler, LocalCloud, Options, WatchedTable};
use serde_json::{Value, json};

use crate::dynamodb::{client, table, text};

type Item = HashMap<String, AttributeValue>;
type Answer = Box<dyn Fn(&Value) -> Result<Value, String> + Send + Sync>;

/// Records every batch, and answers as it was last told, at first with success.
#[derive(Default)]
struct Listener {
    batches: Mutex<Vec<Value>>,
    answer: Mutex<Option<Answer>>,
}

impl Listener {
    fn batches(&self) -> Vec<Value> {
        self.batches.lock().unwrap().clone()
    }

    fn reply_with(&self, answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Some(Box::new(answer));
    }
}

#[async_trait]
impl EventHandler for Listener {
    async fn handle(&self, event: Value) -> Result<Value, String> {
        self.batches.lock().unwrap().push(event.clone());
        let answer = self.answer.lock().unwrap();
        answer
            .as_ref()
            .map_or(Ok(Value::Null), |answer| answer(&event))
    }
}

fn options(folder: &std::path::Path) -> Options {
    let mut table = table();
    table["StreamSpecification"] = json!({"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"});
    let mut options = Options::new(folder);
    options.tables = vec![table];
    options.watch = Some(WatchedTable {
        table: "products".to_owned(),
        only: Some(("item".to_owned(), "product".to_owned())),
        batch: 10,
    });
    options.queue.backoff = Duration::from_millis(10);
    options
}

fn key(id: &str, item: &str) -> Item {
    let parts = [("product_id", id), ("item", item)];
    parts
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into()
}

/// Returns product ids of the records so far, in order, and their event names.
fn told(listener: &Listener) -> Vec<(String, String)> {
    let record = |record: &Value| {
        assert_eq!(record["eventSource"], "aws:dynamodb");
        assert_eq!(record["dynamodb"]["Keys"]["item"]["S"], "product");
        assert!(record["dynamodb"]["NewImage"].is_null(), "keys are enough");
        assert!(
            record["eventSourceARN"]
                .as_str()
                .unwrap()
                .contains("table/products/stream/")
        );
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let id = text(&record["dynamodb"]["Keys"]["product_id"]["S"]);
        (id, text(&record["eventName"]))
    };
    let batches = listener.batches();
    let records = batches
        .iter()
        .flat_map(|b| b["Records"].as_array().unwrap());
    records.map(record).collect()
}

async fn put(cloud: &LocalCloud, id: &str, item: &str) {
    let put = client(cloud).put_item().table_name("products");
    put.set_item(Some(key(id, item))).send().await.unwrap();
}

#[tokio::test]
async fn every_way_of_writing_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(options(folder.path())).await.unwrap();
    let listener = Arc::new(Listener::default());
    put(&cloud, "before the handler", "product").await;
    cloud.deliver_to(listener.clone());
    let db = client(&cloud);
    put(&cloud, "put", "product").await;
    put(&cloud, "put", "image#catalog/a.jpg").await;
    let update = db.update_item().table_name("products");
    let update = update.set_key(Some(key("put", "product")));
    let update = update.update_expression("SET price = :p");
    let update = update.expression_attribute_values(":p", AttributeValue::N("5".to_owned()));
    update.send().await.unwrap();
    let batch = ["one", "two"].map(|id| {
        let put = PutRequest::builder().set_item(Some(key(id, "product")));
        WriteRequest::builder()
            .put_request(put.build().unwrap())
            .build()
    });
    let delete = DeleteRequest::builder().set_key(Some(key("put", "product")));
    let delete = WriteRequest::builder().delete_request(delete.build().unwrap());
    let batch = [batch.to_vec(), vec![delete.build()]].concat();
    let write = db.batch_write_item().request_items("products", batch);
    write.send().await.unwrap();
    let put_three = Put::builder().table_name("products");
    let put_three = put_three.set_item(Some(key("three", "product"))).build();
    let delete_one = Delete::builder().table_name("products");
    let delete_one = delete_one.set_key(Some(key("one", "product"))).build();
    let transact = db.transact_write_items();
    let transact = transact
        .transact_items(TransactWriteItem::builder().put(put_three.unwrap()).build())
        .transact_items(
            TransactWriteItem::builder()
                .delete(delete_one.unwrap())
                .build(),
        );
    transact.send().await.unwrap();
    let statement =
        r#"UPDATE "products" SET price = 7 WHERE product_id = 'two' AND item = 'product'"#;
    db.execute_statement()
        .statement(statement)
        .send()
        .await
        .unwrap();
    cloud.idle().await;
    let told = told(&listener);
    let of = |id: &str| -> Vec<&str> {
        let told = told.iter().filter(|(known, _)| known == id);
        told.map(|(_, event)| event.as_str()).collect()
    };
    assert_eq!(of("before the handler"), ["INSERT"]);
    assert_eq!(of("put"), ["INSERT", "MODIFY", "REMOVE"]);
    assert_eq!(of("one"), ["INSERT", "REMOVE"]);
    assert_eq!(of("two"), ["INSERT", "MODIFY"]);
    assert_eq!(of("three"), ["INSERT"]);
    assert_eq!(told.len(), 9);
    cloud.shutdown().await;
}

#[tokio::test]
async fn writes_are_delivered_at_once_and_in_batches() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(options(folder.path())).await.unwrap();
    let listener = Arc::new(Listener::default());
    cloud.deliver_to(listener.clone());
    for number in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let began = Instant::now();
        put(&cloud, &number.to_string(), "product").await;
        while told(&listener).len() <= number {
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(began.elapsed() < Duration::from_secs(1));
        }
    }
    for number in 0..45 {
        put(&cloud, &format!("many-{number}"), "product").await;
    }
    cloud.idle().await;
    assert_eq!(told(&listener).len(), 48);
    let batches = listener.batches();
    let sizes: Vec<usize> = batches
        .iter()
        .map(|batch| batch["Records"].as_array().unwrap().len())
        .collect();
    assert!(
        sizes.iter().all(|size| (1..=10).contains(size)),
        "{sizes:?}"
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn failed_records_are_delivered_again_and_finally_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.queue.max_receives = 3;
    let cloud = LocalCloud::start(options).await.unwrap();
    let listener = Arc::new(Listener::default());
    for id in ["good", "bad"] {
        put(&cloud, id, "product").await;
    }
    let fail = |id: &str, event: &Value| -> Value {
        let records = event["Records"].as_array().unwrap().iter();
        let failed = records.filter(|r| r["dynamodb"]["Keys"]["product_id"]["S"] == id);
        let failed = failed.map(|r| json!({"itemIdentifier": r["dynamodb"]["SequenceNumber"]}));
        json!({"batchItemFailures": failed.collect::<Vec<_>>()})
    };
    listener.reply_with(move |event| Ok(fail("bad", event)));
    cloud.deliver_to(listener.clone());
    cloud.idle().await;
    let ids: Vec<String> = told(&listener).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["good", "bad", "bad", "bad"]);
    let letters = cloud.dead_letters();
    assert_eq!((letters.len(), letters[0].receives), (1, 3));
    assert!(letters[0].body.contains("\"bad\""), "{}", letters[0].body);

    listener.reply_with(|_| Err("no index".to_owned()));
    put(&cloud, "never", "product").await;
    cloud.idle().await;
    let letters = cloud.dead_letters();
    assert_eq!((letters.len(), letters[1].reason.as_str()), (2, "no index"));
    listener.reply_with(|_| Ok(Value::Null));
    put(&cloud, "after", "product").await;
    cloud.idle().await;
    assert_eq!(told(&listener).last().unwrap().0, "after");
    cloud.shutdown().await;
}

/// A data folder of a release before there were streams, and writes that continue after a restart.
#[tokio::test]
async fn a_table_without_a_stream_gets_one_and_drops_old_records() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = Options::new(folder.path());
    old.tables = vec![table()];
    let cloud = LocalCloud::start(old).await.unwrap();
    put(&cloud, "old", "product").await;
    cloud.shutdown().await;
    for run in 0..2 {
        let cloud = LocalCloud::start(options(folder.path())).await.unwrap();
        let listener = Arc::new(Listener::default());
        cloud.deliver_to(listener.clone());
        put(&cloud, &format!("new-{run}"), "product").await;
        cloud.idle().await;
        let told: HashSet<String> = told(&listener).into_iter().map(|(id, _)| id).collect();
        assert_eq!(told, HashSet::from([format!("new-{run}")]));
        let described = client(&cloud).describe_table().table_name("products");
        let described = described.send().await.unwrap().table.unwrap();
        assert!(described.latest_stream_arn.is_some());
        cloud.shutdown().await;
    }
}
