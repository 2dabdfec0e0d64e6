//! The adapters over real HTTP, against a server with prepared answers.

#![allow(clippy::unwrap_used)]

mod changes;
mod cloudformation;
mod dead_letters;
mod dynamodb;
mod encoder;
mod endpoints;
mod faults;
mod images;
mod manifests;
mod records;
mod segments;
mod server;
mod vector_base;

use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_sdk_s3::config::SharedCredentialsProvider;

use crate::clients::{Clients, Limits};
use crate::settings::Settings;
use crate::{Cloud, settings};

/// Limits that let tests finish quickly.
fn short_limits() -> Limits {
    Limits {
        first_backoff: Duration::from_millis(1),
        ..Limits::default()
    }
}

fn settings() -> Settings {
    Settings::read(|name| match name {
        settings::CATALOG_BUCKET => Some("shop-catalog".to_owned()),
        settings::INDEX_BUCKET => Some("shop-index".to_owned()),
        settings::TABLE => Some("shop".to_owned()),
        settings::QUEUE_URL => Some("http://127.0.0.1/123456789012/shop-changes".to_owned()),
        _ => None,
    })
    .unwrap()
}

fn cloud_within(url: &str, limits: Limits) -> Cloud {
    let credentials = Credentials::new("key", "secret", None, None, "test");
    let credentials = SharedCredentialsProvider::new(credentials);
    let region = Region::new("eu-central-1");
    let clients = Clients::at([url; 3], credentials, region, limits);
    Cloud::with_clients(clients, &settings())
}

fn cloud_at(url: &str) -> Cloud {
    cloud_within(url, short_limits())
}
