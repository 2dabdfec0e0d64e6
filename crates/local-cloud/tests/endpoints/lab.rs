use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls;
use lookalike_local_cloud::{LocalCloud, Notify, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::recorder::Recorder;

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

    /// Serves the same folder again.
    pub(crate) async fn restart(self) -> Self {
        self.cloud.shutdown().await;
        let options = options(self.folder.path());
        Self::start(self.folder, options).await
    }

    /// Returns the path of an object's file.
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

    /// Returns the event names and keys so far, once the queue is empty.
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

/// Returns status and error code of a call that failed.
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
