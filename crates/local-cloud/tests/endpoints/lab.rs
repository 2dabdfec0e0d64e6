use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls;
use lookalike_local_cloud::{EventHandler, LocalCloud, Notify, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const BUCKET: &str = "shop";

/// A local cloud in a temporary folder, clients for it, and the events that it sent.
pub(crate) struct Lab {
    pub(crate) cloud: LocalCloud,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) folder: TempDir,
}

pub(crate) fn options(folder: &Path) -> Options {
    let mut options = Options::new(folder);
    options.buckets = vec![BUCKET.to_owned()];
    options.notify = Some(Notify {
        bucket: BUCKET.to_owned(),
        prefix: "catalog/".to_owned(),
    });
    options.queue.window = Duration::from_millis(20);
    options.queue.backoff = Duration::from_millis(10);
    options
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options(folder.path());
        change(&mut options);
        Self::start(folder, options).await
    }

    async fn start(folder: TempDir, options: Options) -> Self {
        let cloud = LocalCloud::start(options).await.unwrap();
        let recorder = Arc::new(Recorder::default());
        cloud.deliver_to(recorder.clone());
        Self {
            s3: s3_client(&cloud),
            cloud,
            recorder,
            folder,
        }
    }

    /// The same folder, served anew.
    pub(crate) async fn restart(self) -> Self {
        self.cloud.shutdown().await;
        let options = options(self.folder.path());
        Self::start(self.folder, options).await
    }

    /// Where an object's file is.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join("s3").join(BUCKET).join(key)
    }

    pub(crate) async fn put(&self, key: &str, body: &[u8]) -> String {
        let put = self
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(ByteStream::from(body.to_vec()));
        put.send().await.unwrap().e_tag.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Vec<u8> {
        let object = self
            .s3
            .get_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    pub(crate) async fn etag(&self, key: &str) -> String {
        let object = self
            .s3
            .head_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
        object.e_tag.unwrap()
    }

    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let listing = self
            .s3
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .send()
            .await
            .unwrap();
        listing
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect()
    }

    /// The event names and keys so far, once the queue is empty.
    pub(crate) async fn events(&self) -> Vec<(String, String)> {
        self.cloud.idle().await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = self.recorder.events();
        events
            .iter()
            .map(|event| {
                (
                    text(&event["eventName"]),
                    text(&event["s3"]["object"]["key"]),
                )
            })
            .collect()
    }

    pub(crate) fn address(&self) -> String {
        self.cloud.s3_url().replace("http://", "")
    }
}

pub(crate) fn s3_client(cloud: &LocalCloud) -> aws_sdk_s3::Client {
    let keys = Credentials::new(cloud.access_key(), cloud.secret_key(), None, None, "test");
    s3_client_with(cloud, keys)
}

pub(crate) fn s3_client_with(cloud: &LocalCloud, keys: Credentials) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(cloud.region()))
        .endpoint_url(cloud.s3_url())
        .force_path_style(true)
        .credentials_provider(keys)
        .http_client(http_client())
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

pub(crate) fn http_client() -> aws_sdk_s3::config::SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new()
        .tls_provider(provider)
        .build_https()
}

/// Status and error code of a call that failed.
pub(crate) fn failure<T, E: ProvideErrorMetadata>(
    result: Result<T, SdkError<E, aws_sdk_s3::config::http::HttpResponse>>,
) -> (u16, String) {
    let Err(error) = result else {
        panic!("expected an error")
    };
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    (status, error.code().unwrap_or_default().to_owned())
}

/// Answers as scripted, then with success; remembers every delivery.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) script: Mutex<VecDeque<Answer>>,
    pub(crate) deliveries: Mutex<Vec<Value>>,
}

pub(crate) enum Answer {
    /// The whole batch fails.
    Fail,
    Panic,
    /// These keys fail.
    FailKeys(Vec<&'static str>),
    Reply(Value),
}

impl Recorder {
    /// The S3 records of all deliveries.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.deliveries
            .lock()
            .unwrap()
            .iter()
            .flat_map(records)
            .map(|(_, event)| event)
            .collect()
    }

    pub(crate) fn plan(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().extend(answers);
    }
}

/// Message ids and S3 records of an SQS event.
pub(crate) fn records(sqs_event: &Value) -> Vec<(String, Value)> {
    let record = |record: &Value| {
        let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
        (
            record["messageId"].as_str().unwrap().to_owned(),
            body["Records"][0].clone(),
        )
    };
    sqs_event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(record)
        .collect()
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, sqs_event: Value) -> Result<Value, String> {
        self.deliveries.lock().unwrap().push(sqs_event.clone());
        let answer = self.script.lock().unwrap().pop_front();
        match answer {
            None => Ok(Value::Null),
            Some(Answer::Fail) => Err("told to fail".to_owned()),
            Some(Answer::Panic) => panic!("told to panic"),
            Some(Answer::Reply(reply)) => Ok(reply),
            Some(Answer::FailKeys(keys)) => {
                let is_bad =
                    |event: &Value| keys.iter().any(|key| event["s3"]["object"]["key"] == *key);
                let bad = records(&sqs_event)
                    .into_iter()
                    .filter(|(_, event)| is_bad(event));
                let items: Vec<Value> = bad.map(|(id, _)| json!({"itemIdentifier": id})).collect();
                Ok(json!({"batchItemFailures": items}))
            }
        }
    }
}

/// A reply to a bare HTTP request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// One HTTP/1.1 request, nothing added but `Host`, `Content-Length` and `Connection`.
pub(crate) async fn http(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    Reply {
        status,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
