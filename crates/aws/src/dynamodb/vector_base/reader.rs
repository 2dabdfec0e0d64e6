//! Reading a vector base.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_core::vector_base::{BaseAddress, FoundRows, KeyState, SlotQuery, VectorBase};
use lookalike_core::{Page, StoreError};
use lookalike_index::Row;

use super::keys::{is_key, key_of, primary_key};
use super::row_item::{PRODUCT_ID, ROW_ATTRIBUTES, rows, to_states};
use super::schema::BY_PRODUCT;
use super::{DynamoVectorBase, search};
use crate::dynamodb::keys::is_product_id;
use crate::dynamodb::projection::projection;
use crate::dynamodb::table::{Reading, Table};
use crate::errors;

/// Maximum number of products that are looked up at the same time.
const MAX_CONCURRENT_QUERIES: usize = 16;

#[async_trait]
impl VectorBase for DynamoVectorBase {
    async fn search(
        &self,
        base: &BaseAddress,
        query: SlotQuery<'_>,
    ) -> Result<FoundRows, StoreError> {
        let table = self.table(&base.name);
        let reply = search::request(&table, &query).send().await;
        let reply = reply.map_err(|error| {
            errors::translate(table.resource(), table.operation("search"), error)
        })?;
        let capacity = reply.consumed_capacity;
        let examined = capacity.and_then(|capacity| capacity.vector_search_request_bytes);
        let found = reply.search_results.unwrap_or_default();
        // DynamoDB does not say whether there are more. A score is 1 - cosine.
        let is_full = found.len() >= search::top_of(&query);
        let floor = found.last().filter(|_| is_full);
        let floor = floor.map(|last| (1.0 - last.score) as f32);
        let items = found.into_iter().filter_map(|result| result.item);
        Ok(FoundRows {
            rows: rows(to_states(table.name(), items, base.dimensions)),
            floor,
            examined_bytes: examined.unwrap_or_default() as u64,
        })
    }

    async fn of_products(
        &self,
        base: &BaseAddress,
        product_ids: &[String],
    ) -> Result<Vec<Row>, StoreError> {
        let table = self.table(&base.name);
        let wanted: BTreeSet<&str> = product_ids.iter().map(String::as_str).collect();
        let possible = wanted.iter().filter(|id| is_product_id(id));
        let queries: Vec<_> = possible.map(|id| keys_of_product(&table, id)).collect();
        let keys: Vec<Vec<String>> = stream::iter(queries)
            .buffer_unordered(MAX_CONCURRENT_QUERIES)
            .try_collect()
            .await?;
        // The index follows the table within moments, so a row may have changed its product meanwhile.
        let states = self.states(base, keys.iter().flatten()).await?;
        let mut rows = rows(states.into_iter());
        rows.retain(|row| wanted.contains(row.product_id.as_str()));
        Ok(rows)
    }

    async fn get(
        &self,
        base: &BaseAddress,
        keys: &[String],
    ) -> Result<BTreeMap<String, KeyState>, StoreError> {
        self.states(base, keys).await
    }

    async fn scan(&self, base: &BaseAddress, after: Option<&str>) -> Result<Page<Row>, StoreError> {
        let table = self.table(&base.name);
        let (expression, names) = projection(&ROW_ATTRIBUTES);
        let reply = table
            .client()
            .scan()
            .table_name(table.name())
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_exclusive_start_key(after.map(primary_key))
            .send()
            .await
            .map_err(|error| errors::translate(table.resource(), table.operation("scan"), error))?;
        let last = reply.last_evaluated_key.unwrap_or_default();
        let items = reply.items.unwrap_or_default();
        Ok(Page {
            items: rows(to_states(table.name(), items, base.dimensions)),
            next: key_of(&last).cloned(),
        })
    }
}

impl DynamoVectorBase {
    /// Returns the state of those keys that have an entry. DynamoDB refuses a whole batch if a key is repeated or
    /// impossible.
    async fn states(
        &self,
        base: &BaseAddress,
        keys: impl IntoIterator<Item = &String>,
    ) -> Result<BTreeMap<String, KeyState>, StoreError> {
        let table = self.table(&base.name);
        let possible: BTreeSet<&String> = keys.into_iter().filter(|key| is_key(key)).collect();
        let keys = possible.into_iter().map(|key| primary_key(key)).collect();
        let items = table.get_attributes(keys, Reading::Consistent, &ROW_ATTRIBUTES);
        Ok(to_states(table.name(), items.await?, base.dimensions).collect())
    }
}

/// Returns the keys of a product's rows, as the index knows them.
async fn keys_of_product(table: &Table, product_id: &str) -> Result<Vec<String>, StoreError> {
    let mut pages = table
        .client()
        .query()
        .table_name(table.name())
        .index_name(BY_PRODUCT)
        .key_condition_expression("#product = :product")
        .expression_attribute_names("#product", PRODUCT_ID)
        .expression_attribute_values(":product", AttributeValue::S(product_id.to_owned()))
        .into_paginator()
        .send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            let operation = table.operation("look for a product in");
            errors::translate(table.resource(), operation, error)
        })?;
        let items = page.items.unwrap_or_default();
        keys.extend(items.iter().filter_map(key_of).cloned());
    }
    Ok(keys)
}
