//! All services on one port.

use std::net::Ipv4Addr;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;

use crate::bare_http::{Reply, http};
use crate::dynamodb::{client as dynamodb_client, table, text};
use crate::lab::{BUCKET, Lab, failure};
use crate::sqs::client as sqs_client;

async fn lab() -> Lab {
    Lab::with(|options| options.tables = vec![table()]).await
}

fn s3(lab: &Lab) -> aws_sdk_s3::Client {
    let config = lab
        .s3
        .config()
        .to_builder()
        .endpoint_url(lab.cloud.aws_url());
    aws_sdk_s3::Client::from_conf(config.build())
}

/// A request whose signature names this service.
async fn signed(lab: &Lab, service: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let address = lab.cloud.aws_url().replace("http://", "");
    let credential = format!("local/20260302/us-east-1/{service}/aws4_request");
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
    let mut all = vec![("authorization", authorization.as_str())];
    all.extend(headers);
    http(&address, "POST", "/", &all, body).await
}

#[tokio::test]
async fn objects_are_those_of_the_s3_port() {
    let lab = lab().await;
    let s3 = s3(&lab);
    let bytes: Vec<u8> = (0..1_500_000_u32).map(|n| (n % 253) as u8).collect();
    let put = s3.put_object().bucket(BUCKET).key("catalog/a b+ü.jpg");
    put.body(ByteStream::from(bytes.clone()))
        .send()
        .await
        .unwrap();
    assert_eq!(lab.get("catalog/a b+ü.jpg").await, bytes);
    lab.put("b", b"x").await;
    let got = s3
        .get_object()
        .bucket(BUCKET)
        .key("b")
        .send()
        .await
        .unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"x");
    let missing = s3.get_object().bucket(BUCKET).key("c").send().await;
    assert_eq!(failure(missing), (404, "NoSuchKey".to_owned()));
    assert_eq!(lab.events().await.len(), 1);
}

#[tokio::test]
async fn links_work_and_are_checked() {
    let lab = lab().await;
    lab.put("a", b"hello").await;
    let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let link = s3(&lab).get_object().bucket(BUCKET).key("a");
    let link = link.presigned(lifetime).await.unwrap().uri().to_owned();
    let address = lab.cloud.aws_url().replace("http://", "");
    let target = link.split_once(&address).unwrap().1;
    let reply = http(&address, "GET", target, &[], "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    let preflight = [
        ("Origin", "http://127.0.0.1:8080"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    let reply = http(&address, "OPTIONS", target, &preflight, "").await;
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (200, "*")
    );
    let forged = target.replacen("/a?", "/b?", 1);
    let reply = http(&address, "GET", &forged, &[], "").await;
    assert!(reply.body.contains("SignatureDoesNotMatch"), "{reply:?}");
    let unsigned = http(&address, "GET", "/shop/a", &[], "").await;
    assert!(
        unsigned.body.contains("<Code>AccessDenied</Code>"),
        "{unsigned:?}"
    );
}

#[tokio::test]
async fn items_are_those_of_the_dynamodb_port() {
    let lab = lab().await;
    let near = dynamodb_client(&lab.cloud);
    let config = near.config().to_builder().endpoint_url(lab.cloud.aws_url());
    let far = aws_sdk_dynamodb::Client::from_conf(config.build());
    let put = far
        .put_item()
        .table_name("products")
        .item("product_id", text("größe"));
    put.item("item", text("product")).send().await.unwrap();
    let found = near.scan().table_name("products").send().await.unwrap();
    assert_eq!(found.items()[0]["product_id"], text("größe"));
    let missing = far.scan().table_name("none").send().await.unwrap_err();
    assert!(
        missing
            .into_service_error()
            .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn messages_reach_the_handler() {
    let lab = lab().await;
    let near = sqs_client(&lab.cloud);
    let config = near.config().to_builder().endpoint_url(lab.cloud.aws_url());
    let far = aws_sdk_sqs::Client::from_conf(config.build());
    let event = json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "catalog/a"}}}]});
    let url = far
        .get_queue_url()
        .queue_name("lookalike-changes")
        .send()
        .await;
    let send = far
        .send_message()
        .queue_url(url.unwrap().queue_url().unwrap());
    send.message_body(event.to_string()).send().await.unwrap();
    assert_eq!(lab.events().await[0].1, "catalog/a");
}

#[tokio::test]
async fn the_account_is_told_and_other_services_are_refused() {
    let lab = lab().await;
    let form = (
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    let whoami = "Action=GetCallerIdentity&Version=2011-06-15";
    let reply = signed(&lab, "sts", &[form], whoami).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.body.contains("<Account>000000000000</Account>"),
        "{reply:?}"
    );
    let reply = signed(&lab, "sts", &[form], "Action=AssumeRole").await;
    assert_eq!(reply.status, 501);
    let reply = signed(&lab, "cloudformation", &[form], "Action=DescribeStacks").await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (501, "text/xml")
    );
    assert!(
        reply.body.contains("there is no cloudformation here"),
        "{reply:?}"
    );
    let reply = signed(&lab, "lambda", &[], "{}").await;
    assert_eq!(
        (reply.status, reply.header("x-amzn-errortype")),
        (501, "NotImplemented")
    );
    let reply: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(
        reply["message"],
        "there is no lambda here, only S3, DynamoDB and SQS"
    );
}

#[tokio::test]
async fn an_address_is_listened_on_by_all_servers() {
    let lab = Lab::with(|options| options.address = Ipv4Addr::new(127, 0, 0, 9).into()).await;
    lab.put("a", b"x").await;
    let cloud = &lab.cloud;
    for url in [
        cloud.s3_url(),
        cloud.dynamodb_url(),
        cloud.sqs_url(),
        cloud.aws_url(),
        cloud.queue_url(),
    ] {
        let port = url
            .strip_prefix("http://127.0.0.9:")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        // An address that other tests leave alone: on 127.0.0.1, one that runs beside this may have
        // been given the same port.
        let elsewhere = format!("127.0.0.11:{port}");
        assert!(
            tokio::net::TcpStream::connect(elsewhere).await.is_err(),
            "{url}"
        );
    }
    let listing = s3(&lab).list_buckets().send().await.unwrap();
    assert_eq!(listing.buckets().len(), 1);
}
