//! The images that could not be indexed: the sparse index `failed` of the table.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_core::ports::Failures;
use lookalike_core::{ImageRecord, NewestFailures, Page, StoreError, StoreErrorKind};
use lookalike_events::{ITEM, PRODUCT_ID};

use crate::dynamodb::item::Item;
use crate::dynamodb::keys::{FAILED, FAILED_INDEX, image_item};
use crate::dynamodb::record_item;
use crate::dynamodb::table::Table;
use crate::errors;

/// Number of records in one page.
const PAGE_RECORDS: i32 = 200;

/// Failure records in DynamoDB. The index follows the table within moments, not at once.
#[derive(Debug, Clone)]
pub struct DynamoFailures {
    table: Arc<Table>,
}

impl DynamoFailures {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self { table }
    }

    /// Makes a query for all failures.
    fn query(&self) -> QueryFluentBuilder {
        let query = self.table.client().query();
        query
            .table_name(self.table.name())
            .index_name(FAILED_INDEX)
            .key_condition_expression("#failed = :failed")
            .expression_attribute_names("#failed", FAILED)
            .expression_attribute_values(":failed", AttributeValue::S(FAILED.to_owned()))
    }
}

#[async_trait]
impl Failures for DynamoFailures {
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError> {
        let operation = || self.table.operation("list the failures in");
        let start = match after {
            Some(mark) => Some(start_of(mark).ok_or_else(|| {
                let message = format!("{mark:?} is not the end of a page of failures");
                StoreError::new(StoreErrorKind::Invalid, operation(), message)
            })?),
            None => None,
        };
        let reply = self
            .query()
            .limit(PAGE_RECORDS)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| errors::translate(self.table.resource(), operation(), error))?;
        Ok(Page {
            items: records(reply.items.unwrap_or_default()),
            next: reply.last_evaluated_key.as_ref().and_then(mark_of),
        })
    }

    async fn of_key(&self, key: &str) -> Result<Vec<ImageRecord>, StoreError> {
        let mut pages = self
            .query()
            .key_condition_expression("#failed = :failed AND #item = :item")
            .expression_attribute_names("#item", ITEM)
            .expression_attribute_values(":item", AttributeValue::S(image_item(key)))
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let operation = self.table.operation("look for a failure in");
                errors::translate(self.table.resource(), operation, error)
            })?;
            found.extend(records(page.items.unwrap_or_default()));
        }
        Ok(found)
    }

    /// Reads all pages, even to count: DynamoDB charges the same with or without the items, but the
    /// items take time to arrive. They come in the order of keys, so any page may have the newest.
    async fn newest(&self, most: usize) -> Result<NewestFailures, StoreError> {
        let mut pages = self.query().into_paginator().send();
        let mut newest = NewestFailures::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let operation = self.table.operation("read the failures in");
                errors::translate(self.table.resource(), operation, error)
            })?;
            let count = u64::from(page.count.max(0).unsigned_abs());
            newest = newest.and(count, records(page.items.unwrap_or_default()), most);
        }
        Ok(newest)
    }
}

fn records(items: Vec<Item>) -> Vec<ImageRecord> {
    let total = items.len();
    let records: Vec<_> = items
        .into_iter()
        .filter_map(record_item::to_record)
        .collect();
    if records.len() < total {
        let foreign = total - records.len();
        tracing::warn!(
            foreign,
            "items in the index of failures that are not image records"
        );
    }
    records
}

/// Returns the end of a page as text: a JSON array of item and product id.
fn mark_of(key: &Item) -> Option<String> {
    let text = |name| key.get(name)?.as_s().ok();
    serde_json::to_string(&(text(ITEM)?, text(PRODUCT_ID)?)).ok()
}

fn start_of(mark: &str) -> Option<Item> {
    let (item, product_id): (String, String) = serde_json::from_str(mark).ok()?;
    Some(Item::from([
        (FAILED.to_owned(), AttributeValue::S(FAILED.to_owned())),
        (ITEM.to_owned(), AttributeValue::S(item)),
        (PRODUCT_ID.to_owned(), AttributeValue::S(product_id)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_continues_where_the_previous_one_ended() {
        let mark = "[\"image#catalog/a \\\"b\\\".jpg\",\"p/1\"]";
        let start = start_of(mark);
        assert_eq!(start.as_ref().and_then(mark_of).as_deref(), Some(mark));
        assert_eq!(start.map(|key| key.len()), Some(3));
        for wrong in ["", "p1", "[]", "[1,2]", "{}"] {
            assert!(start_of(wrong).is_none());
        }
    }
}
