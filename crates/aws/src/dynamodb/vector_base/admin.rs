//! Making and dropping vector bases.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{
    TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use lookalike_core::vector_base::{BaseAddress, SlotQuery, VectorBaseAdmin};
use lookalike_core::{StoreError, StoreErrorKind};
use lookalike_index::BaseName;
use tokio::time::Instant;

use super::description::{describes, description_item};
use super::keys::{DESCRIPTION_KEY, KEY, primary_key};
use super::row_item::EXPIRES;
use super::{DynamoVectorBase, schema, search};
use crate::dynamodb::table::{self, Reading, Table};
use crate::errors;

/// Maximum time until a new table can be written to.
const MAX_CREATION: Duration = Duration::from_secs(120);
/// Pause before the state of a table is read again.
const PAUSE: Duration = Duration::from_millis(250);

#[async_trait]
impl VectorBaseAdmin for DynamoVectorBase {
    async fn create(&self, base: &BaseAddress) -> Result<(), StoreError> {
        let table = self.table(&base.name);
        create_table(&table, base).await?;
        let_rows_expire(&table).await?;
        store_description(&table, base).await
    }

    async fn is_searchable(&self, base: &BaseAddress) -> Result<bool, StoreError> {
        let table = self.table(&base.name);
        let described = describe(&table).await?;
        if !described.is_some_and(|table| schema::fits(&table, base) && schema::is_active(&table)) {
            return Ok(false);
        }
        answers(&table, base.dimensions).await
    }

    async fn delete(&self, name: &BaseName) -> Result<(), StoreError> {
        let table = self.table(name);
        let operation = || table.operation("delete");
        let Some(described) = describe(&table).await? else {
            return Ok(());
        };
        // The prefix of the names may be that of a table of another program.
        if !schema::is_vector_base(&described) {
            let message =
                "the table is not one of a vector base: delete it yourself if it is not needed";
            return Err(StoreError::new(
                StoreErrorKind::Invalid,
                operation(),
                message,
            ));
        }
        if described.table_status() == Some(&TableStatus::Deleting) {
            return Ok(());
        }
        let delete = table.client().delete_table().table_name(table.name());
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if errors::is_missing_resource(&error) => Ok(()),
            Err(error) => Err(errors::translate(table.resource(), operation(), error)),
        }
    }

    async fn list(&self) -> Result<Vec<BaseName>, StoreError> {
        let mut pages = self.clients.dynamodb.list_tables().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let all = self.table_named("*");
                errors::translate(all.resource(), "list dynamodb tables", error)
            })?;
            let tables = page.table_names.unwrap_or_default();
            let of_bases = tables
                .iter()
                .filter_map(|table| table.strip_prefix(&self.prefix));
            names.extend(of_bases.filter_map(|name| name.parse().ok()));
        }
        Ok(names)
    }
}

/// Makes the table unless it exists, and waits until it can be written to.
async fn create_table(table: &Table, base: &BaseAddress) -> Result<(), StoreError> {
    let operation = || table.operation("create");
    let begun = Instant::now();
    while begun.elapsed() < MAX_CREATION {
        match describe(table).await? {
            None => request_table(table, base).await?,
            // One of the same name can be made once it is gone.
            Some(old) if old.table_status() == Some(&TableStatus::Deleting) => {}
            Some(other) if !schema::fits(&other, base) => return Err(conflict(operation())),
            Some(made) if made.table_status() == Some(&TableStatus::Active) => return Ok(()),
            Some(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = "the table is not active yet: try again in a minute";
    Err(StoreError::new(
        StoreErrorKind::Unavailable,
        operation(),
        message,
    ))
}

async fn request_table(table: &Table, base: &BaseAddress) -> Result<(), StoreError> {
    let operation = || table.operation("create");
    let request = table.client().create_table().table_name(table.name());
    let request =
        schema::define(request, base).map_err(|error| table::invalid(operation(), &error))?;
    match request.send().await {
        Ok(_) => Ok(()),
        // Another process was faster. Its table is compared next.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_in_use_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(errors::translate(table.resource(), operation(), error)),
    }
}

/// Lets DynamoDB drop the items of removed rows once they are old.
async fn let_rows_expire(table: &Table) -> Result<(), StoreError> {
    let operation = || table.operation("set the time to live of");
    let describe = table.client().describe_time_to_live();
    let described = describe.table_name(table.name()).send().await;
    let described =
        described.map_err(|error| errors::translate(table.resource(), operation(), error))?;
    let status = described
        .time_to_live_description
        .and_then(|description| description.time_to_live_status);
    if let Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) = status {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(EXPIRES)
        .build()
        .map_err(|error| table::invalid(operation(), &error))?;
    let update = table.client().update_time_to_live();
    let updated = update
        .table_name(table.name())
        .time_to_live_specification(specification)
        .send()
        .await;
    updated
        .map(drop)
        .map_err(|error| errors::translate(table.resource(), operation(), error))
}

/// Stores the description of the base unless there is one, which must be the same.
async fn store_description(table: &Table, base: &BaseAddress) -> Result<(), StoreError> {
    let operation = || table.operation("describe the vector base in");
    let put = table.client().put_item();
    let stored = put
        .table_name(table.name())
        .set_item(Some(description_item(base)))
        .condition_expression("attribute_not_exists(#key)")
        .expression_attribute_names("#key", KEY)
        .send()
        .await;
    match stored {
        Ok(_) => return Ok(()),
        Err(error) if errors::is_conflict(&error) => {}
        Err(error) => return Err(errors::translate(table.resource(), operation(), error)),
    }
    let found = table.get_items(vec![primary_key(DESCRIPTION_KEY)], Reading::Consistent);
    match found.await?.iter().any(|item| describes(item, base)) {
        true => Ok(()),
        false => Err(conflict(operation())),
    }
}

fn conflict(operation: String) -> StoreError {
    let message = "the table has another layout or vectors of another encoder: choose another name";
    StoreError::new(StoreErrorKind::Conflict, operation, message)
}

/// Returns the description of a table; `None` if it does not exist.
async fn describe(table: &Table) -> Result<Option<TableDescription>, StoreError> {
    let request = table.client().describe_table().table_name(table.name());
    match request.send().await {
        Ok(reply) => Ok(reply.table),
        Err(error) if errors::is_missing_resource(&error) => Ok(None),
        Err(error) => {
            let operation = table.operation("describe");
            Err(errors::translate(table.resource(), operation, error))
        }
    }
}

/// True if a search is answered. An index may refuse searches for a while after it was reported as active.
async fn answers(table: &Table, dimensions: usize) -> Result<bool, StoreError> {
    let first = |i| if i == 0 { 1.0 } else { 0.0 };
    let vector: Vec<f32> = (0..dimensions).map(first).collect();
    let probe = SlotQuery {
        slot: 0,
        vector: &vector,
        terms: &[],
        top: 1,
    };
    let searched = search::request(table, &probe).send().await;
    let searched = searched
        .map_err(|error| errors::translate(table.resource(), table.operation("search"), error));
    match searched {
        Ok(_) => Ok(true),
        Err(error)
            if matches!(
                error.kind,
                StoreErrorKind::Invalid | StoreErrorKind::NotFound
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
