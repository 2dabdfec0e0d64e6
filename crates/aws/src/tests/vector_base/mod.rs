//! Vector bases as DynamoDB requests.

mod reading;
mod tables;
mod writing;

use lookalike_core::vector_base::{BaseAddress, SlotQuery};
use lookalike_index::{Attributes, Field, Fingerprint, QuantizedVector, Row, VectorBaseLayout};
use serde_json::{Value, json};

use super::cloud_at;
use super::server::{Reply, Seen, Server};

const TABLE: &str = "shop-base-b";

fn base() -> BaseAddress {
    let field = Field {
        attribute: "color".to_owned(),
        bands: Vec::new(),
    };
    BaseAddress {
        name: "b".parse().unwrap(),
        fingerprint: Fingerprint([7; 32]),
        dimensions: 2,
        layout: VectorBaseLayout {
            slots: 1,
            fields: vec![field],
        },
    }
}

fn row(key: &str, product_id: &str) -> Row {
    Row {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: "\"e\"".to_owned(),
        attributes: Attributes::from([("color".to_owned(), json!("red"))]),
        embedding: QuantizedVector::new(&[1.0, 0.0]).unwrap(),
    }
}

/// Returns the item that was written for a row.
async fn item_of(row: Row) -> Value {
    let server = Server::replying([Reply::json(json!({}))]).await;
    let writer = cloud_at(server.url()).vector_base_writer;
    assert_eq!(writer.put(&base(), &[row], 3).await.unwrap(), 1);
    server.seen()[0].json()["Item"].clone()
}

fn operation(request: &Seen) -> String {
    let target = request.header("x-amz-target").unwrap();
    target.trim_start_matches("DynamoDB_20120810.").to_owned()
}

fn query(top: usize) -> SlotQuery<'static> {
    SlotQuery {
        slot: 5,
        vector: &[0.6, -0.8],
        terms: &[],
        top,
    }
}
