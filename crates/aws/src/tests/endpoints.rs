//! Endpoints that the environment names.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::clients::{Clients, http_client};
use crate::endpoint::{Endpoint, named};

/// An environment whose only variable is `AWS_ENDPOINT_URL`.
#[derive(Debug)]
struct Environment(Option<&'static str>);

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let is_endpoint = key.env() == "AWS_ENDPOINT_URL";
        is_endpoint.then_some(self.0)?.map(str::to_owned)
    }
}

fn config(endpoint_url: Option<&'static str>) -> SdkConfig {
    let credentials = Credentials::new("key", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(Environment(endpoint_url))
        .build()
}

async fn link(config: &SdkConfig) -> String {
    let clients = Clients::from_config(config, false).unwrap();
    let object = clients
        .s3()
        .get_object()
        .bucket("shop-catalog")
        .key("a.jpg");
    let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    object.presigned(lifetime).await.unwrap().uri().to_owned()
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
    for variable in [None, Some("")] {
        let link = link(&config(variable)).await;
        let expected = "https://shop-catalog.s3.eu-central-1.amazonaws.com/a.jpg?";
        assert!(link.starts_with(expected), "{variable:?}: {link}");
    }
    assert_eq!(named(&config(None), "SQS"), Endpoint::Unset);
    assert_eq!(named(&config(Some("")), "SQS"), Endpoint::Empty);
}

#[tokio::test]
async fn a_url_is_where_requests_go() {
    let config = config(Some("http://127.0.0.1:4566"));
    let link = link(&config).await;
    assert!(
        link.starts_with("http://") && link.contains("127.0.0.1:4566/"),
        "{link}"
    );
    let expected = Endpoint::Url("http://127.0.0.1:4566".to_owned());
    assert_eq!(named(&config, "DynamoDB"), expected);
}
