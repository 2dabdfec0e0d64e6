//! The SDK clients, configured once per process.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::{SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::endpoint::{self, Endpoint};
use crate::settings::{Settings, read};

/// Maximum time for the upload of one object or part: a slow connection is fine, and
/// [`Limits::stall`] ends a dead one.
const MAX_UPLOAD_TIME: Duration = Duration::from_secs(300);

/// No region is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no AWS region is configured: set AWS_REGION, e.g. to eu-central-1, or a region in the profile"
)]
pub struct NoRegion;

/// The clients that the adapters share.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Client for short requests and for reading.
    pub(crate) s3: aws_sdk_s3::Client,
    /// Client for large bodies, whose upload counts towards the time until the first reply byte.
    pub(crate) s3_uploads: aws_sdk_s3::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

/// Timeouts, attempts and pauses of requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    /// Maximum time until the first byte of the reply.
    pub(crate) first_byte: Duration,
    /// Maximum time of one attempt, up to the reply's headers.
    pub(crate) attempt: Duration,
    /// Maximum time of all attempts together, up to the reply's headers: less than API Gateway
    /// waits.
    pub(crate) operation: Duration,
    /// Maximum time without any byte of a body.
    pub(crate) stall: Duration,
    pub(crate) attempts: u32,
    pub(crate) first_backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_byte: Duration::from_secs(10),
            attempt: Duration::from_secs(20),
            operation: Duration::from_secs(25),
            stall: Duration::from_secs(10),
            attempts: 4,
            first_backoff: Duration::from_millis(100),
        }
    }
}

impl Clients {
    /// Makes clients for the account, region and endpoints in the SDK's own environment variables
    /// and profiles. Credentials are loaded on first use, environment first, so that a Lambda
    /// function never waits for a provider that it does not need.
    ///
    /// # Errors
    /// [`NoRegion`] if neither environment nor profile has one.
    pub async fn connect(settings: &Settings) -> Result<Self, NoRegion> {
        Self::from_config(&sdk_config().await?, settings.path_style)
    }

    /// Makes clients like [`connect`](Self::connect), for reads that need no settings, such as that
    /// of an encoder by its URI.
    ///
    /// # Errors
    /// [`NoRegion`] if neither environment nor profile has one.
    pub async fn without_settings() -> Result<Self, NoRegion> {
        Self::from_config(&sdk_config().await?, read::path_style_of_env())
    }

    /// Makes clients from a configuration of the caller, usually from [`sdk_config`].
    ///
    /// # Errors
    /// [`NoRegion`] if `config` has none.
    pub fn from_config(config: &SdkConfig, path_style: bool) -> Result<Self, NoRegion> {
        if config.region().is_none() {
            return Err(NoRegion);
        }
        let path_style = path_style || config.endpoint_url().is_some();
        let mut s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style);
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(config);
        let mut sqs = aws_sdk_sqs::config::Builder::from(config);
        let is_empty = |service_id| endpoint::named(config, service_id) == Endpoint::Empty;
        let otherwise = || config.endpoint_url().map(str::to_owned);
        if is_empty("S3") {
            s3.set_endpoint_url(otherwise());
        }
        if is_empty("DynamoDB") {
            dynamodb.set_endpoint_url(otherwise());
        }
        if is_empty("SQS") {
            sqs.set_endpoint_url(otherwise());
        }
        Ok(Self::build(s3, dynamodb, sqs, config.timeout_config()))
    }

    /// Makes clients for local S3, DynamoDB and SQS servers with fixed credentials; no environment
    /// is read.
    pub fn local(
        s3_url: &str,
        dynamodb_url: &str,
        sqs_url: &str,
        access_key: &str,
        secret_key: &str,
        region: &str,
    ) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "local");
        let credentials = SharedCredentialsProvider::new(credentials);
        let region = Region::new(region.to_owned());
        let urls = [s3_url, dynamodb_url, sqs_url];
        Self::at(urls, credentials, region, Limits::default())
    }

    /// Makes clients for given servers of S3, DynamoDB and SQS.
    pub(crate) fn at(
        [s3_url, dynamodb_url, sqs_url]: [&str; 3],
        credentials: SharedCredentialsProvider,
        region: Region,
        limits: Limits,
    ) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client())
            .timeout_config(timeouts(limits))
            .retry_config(retries(limits))
            .stalled_stream_protection(stall_protection(limits))
            .region(region)
            .credentials_provider(credentials)
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .endpoint_url(s3_url)
            .force_path_style(true);
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(dynamodb_url);
        let sqs = aws_sdk_sqs::config::Builder::from(&config).endpoint_url(sqs_url);
        Self::build(s3, dynamodb, sqs, config.timeout_config())
    }

    fn build(
        s3: aws_sdk_s3::config::Builder,
        dynamodb: aws_sdk_dynamodb::config::Builder,
        sqs: aws_sdk_sqs::config::Builder,
        timeouts: Option<&TimeoutConfig>,
    ) -> Self {
        let patient = timeouts
            .map(TimeoutConfig::to_builder)
            .unwrap_or_default()
            .read_timeout(MAX_UPLOAD_TIME)
            .operation_attempt_timeout(MAX_UPLOAD_TIME)
            .disable_operation_timeout()
            .build();
        let s3_uploads = s3.clone().timeout_config(patient).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            s3_uploads: aws_sdk_s3::Client::from_conf(s3_uploads),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
        }
    }

    /// Returns the S3 client, for calls that no port covers.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// Returns the DynamoDB client, for calls that no port covers.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb
    }
}

/// Loads the SDK configuration of this process, with the connector, timeouts and retries of this
/// crate: for other AWS services, and for [`Clients::from_config`].
///
/// # Errors
/// [`NoRegion`] if neither environment nor profile has one.
pub async fn sdk_config() -> Result<SdkConfig, NoRegion> {
    let limits = Limits::default();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        .timeout_config(timeouts(limits))
        .retry_config(retries(limits))
        .stalled_stream_protection(stall_protection(limits))
        .load()
        .await;
    match config.region() {
        Some(_) => Ok(config),
        None => Err(NoRegion),
    }
}

/// Makes the HTTP client. TLS is rustls with ring, which builds without a C tool chain for other
/// targets. Idle connections are dropped before S3 closes them; otherwise a thawed function would
/// begin with a failed attempt.
pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .pool_idle_timeout(Duration::from_secs(20))
        .build_https()
}

fn timeouts(limits: Limits) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limits.connect)
        .read_timeout(limits.first_byte)
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.operation)
        .build()
}

fn retries(limits: Limits) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(limits.attempts)
        .with_initial_backoff(limits.first_backoff)
        .with_max_backoff(Duration::from_secs(2))
}

fn stall_protection(limits: Limits) -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled()
        .grace_period(limits.stall)
        .build()
}
