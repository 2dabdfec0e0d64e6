//! The table, with batch calls that retry what DynamoDB leaves unprocessed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, WriteRequest};
use futures::future::try_join_all;
use lookalike_core::{StoreError, StoreErrorKind};

use crate::backoff::Backoff;
use crate::clients::Clients;
use crate::dynamodb::item::Item;
use crate::dynamodb::projection::projection;
use crate::errors;
use crate::resource::Resource;
use crate::settings;

/// Maximum number of keys in one `BatchGetItem`.
const MAX_KEYS_PER_GET: usize = 100;
/// Maximum number of requests in one `BatchWriteItem`.
const MAX_REQUESTS_PER_WRITE: usize = 25;
/// Maximum number of batch calls at the same time.
const MAX_CONCURRENT_CALLS: usize = 4;

/// Message of a batch call that no longer makes progress.
const THROTTLED: &str =
    "DynamoDB keeps leaving requests unprocessed: it is throttling the table, try again later";

/// The consistency of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Sees writes after a moment, at half the price.
    Eventual,
    /// Sees every earlier write.
    Consistent,
}

/// The table and the client to reach it.
#[derive(Debug)]
pub(crate) struct Table {
    client: aws_sdk_dynamodb::Client,
    resource: Resource,
}

impl Table {
    pub(crate) fn new(clients: &Clients, name: &str) -> Self {
        Self {
            client: clients.dynamodb.clone(),
            resource: Resource {
                kind: "table",
                name: name.to_owned(),
                variable: settings::TABLE,
            },
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.resource.name
    }

    pub(crate) fn resource(&self) -> &Resource {
        &self.resource
    }

    pub(crate) fn client(&self) -> &aws_sdk_dynamodb::Client {
        &self.client
    }

    /// Returns `verb table`, for errors.
    pub(crate) fn operation(&self, verb: &str) -> String {
        format!("{verb} dynamodb table {}", self.resource.name)
    }

    /// Returns the items that exist at `keys`, in any order. No key may occur twice.
    pub(crate) async fn get_items(
        &self,
        keys: Vec<Item>,
        reading: Reading,
    ) -> Result<Vec<Item>, StoreError> {
        self.get(keys, reading, None).await
    }

    /// Returns these attributes of the items that exist at `keys`, in the same way.
    pub(crate) async fn get_attributes(
        &self,
        keys: Vec<Item>,
        reading: Reading,
        attributes: &[&str],
    ) -> Result<Vec<Item>, StoreError> {
        self.get(keys, reading, Some(attributes)).await
    }

    async fn get(
        &self,
        keys: Vec<Item>,
        reading: Reading,
        attributes: Option<&[&str]>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let chunks: Vec<_> = keys.chunks(MAX_KEYS_PER_GET).collect();
        for group in chunks.chunks(MAX_CONCURRENT_CALLS) {
            let calls = group
                .iter()
                .map(|chunk| self.get_chunk(chunk.to_vec(), reading, attributes));
            items.extend(try_join_all(calls).await?.into_iter().flatten());
        }
        Ok(items)
    }

    /// Makes all the requests, in any order. No item may occur twice.
    pub(crate) async fn write_items(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let chunks: Vec<_> = requests.chunks(MAX_REQUESTS_PER_WRITE).collect();
        for group in chunks.chunks(MAX_CONCURRENT_CALLS) {
            let calls = group.iter().map(|chunk| self.write_chunk(chunk.to_vec()));
            try_join_all(calls).await?;
        }
        Ok(())
    }

    async fn get_chunk(
        &self,
        keys: Vec<Item>,
        reading: Reading,
        attributes: Option<&[&str]>,
    ) -> Result<Vec<Item>, StoreError> {
        let operation = || self.operation("batch get from");
        let (expression, names) = attributes.map(projection).unzip();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(reading == Reading::Consistent)
            .set_projection_expression(expression)
            .set_expression_attribute_names(names)
            .build();
        let wanted = wanted.map_err(|error| invalid(operation(), &error))?;
        let mut open = HashMap::from([(self.name().to_owned(), wanted)]);
        let mut items = Vec::new();
        let mut backoff = Backoff::new(THROTTLED);
        loop {
            let get = self.client.batch_get_item().set_request_items(Some(open));
            let reply = get
                .send()
                .await
                .map_err(|error| errors::translate(&self.resource, operation(), error))?;
            let before = items.len();
            items.extend(
                reply
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, found)| found),
            );
            open = reply.unprocessed_keys.unwrap_or_default();
            open.retain(|_, keys| !keys.keys().is_empty());
            if open.is_empty() {
                return Ok(items);
            }
            backoff.wait(items.len() > before, operation).await?;
        }
    }

    async fn write_chunk(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let operation = || self.operation("batch write to");
        let mut left = requests.len();
        let mut open = HashMap::from([(self.name().to_owned(), requests)]);
        let mut backoff = Backoff::new(THROTTLED);
        loop {
            let write = self.client.batch_write_item().set_request_items(Some(open));
            let reply = write
                .send()
                .await
                .map_err(|error| errors::translate(&self.resource, operation(), error))?;
            open = reply.unprocessed_items.unwrap_or_default();
            open.retain(|_, requests| !requests.is_empty());
            if open.is_empty() {
                return Ok(());
            }
            let before = left;
            left = open.values().map(Vec::len).sum();
            backoff.wait(left < before, operation).await?;
        }
    }
}

/// Makes the error of a request that cannot be built.
pub(crate) fn invalid(
    operation: String,
    error: &aws_sdk_dynamodb::error::BuildError,
) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, operation, error.to_string())
}
