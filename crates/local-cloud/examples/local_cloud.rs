//! Serves a folder as S3, DynamoDB and SQS until standard input ends or the process receives
//! SIGTERM.
//!
//! `cargo run --example local_cloud -- FOLDER [S3_PORT [DYNAMODB_PORT [SQS_PORT]]]` prints one line of JSON with
//! the endpoints and the keys, then one line for each event of an object in the bucket `catalog`.

use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use lookalike_local_cloud::{EventHandler, LocalCloud, Notify, Options};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

struct Printer;

#[async_trait]
impl EventHandler for Printer {
    async fn handle(&self, sqs_event: Value) -> Result<Value, String> {
        for record in sqs_event["Records"].as_array().into_iter().flatten() {
            let body = record["body"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
            print_line(&event["Records"][0]).map_err(|error| error.to_string())?;
        }
        Ok(Value::Null)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("expected a folder: local_cloud FOLDER [S3_PORT [DYNAMODB_PORT [SQS_PORT]]]")?;
    let mut options = Options::new(folder);
    if let Some(port) = arguments.next() {
        options.s3_port = port.parse()?;
    }
    if let Some(port) = arguments.next() {
        options.dynamodb_port = port.parse()?;
    }
    if let Some(port) = arguments.next() {
        options.sqs_port = port.parse()?;
    }
    options.buckets = vec!["catalog".to_owned()];
    options.notify = Some(Notify {
        bucket: "catalog".to_owned(),
        prefix: String::new(),
    });
    options.tables = vec![json!({
        "TableName": "products",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "product_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "product_id", "KeyType": "HASH"}],
    })];
    let cloud = LocalCloud::start(options).await?;
    cloud.deliver_to(Arc::new(Printer));
    print_line(&json!({
        "s3": cloud.s3_url(),
        "dynamodb": cloud.dynamodb_url(),
        "sqs": cloud.sqs_url(),
        "queue": cloud.queue_url(),
        "access_key": cloud.access_key(),
        "secret_key": cloud.secret_key(),
        "region": cloud.region(),
    }))?;
    wait_for_the_end().await?;
    cloud.shutdown().await;
    // A thread may still be waiting for standard input, and must not keep the process alive.
    std::process::exit(0)
}

fn print_line(value: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{value}")?;
    output.flush()
}

async fn wait_for_the_end() -> std::io::Result<()> {
    let input = async {
        let mut ignored = Vec::new();
        tokio::io::stdin()
            .read_to_end(&mut ignored)
            .await
            .map(|_| ())
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = input => ended,
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::select! {
        ended = input => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
