//! The whole table, page by page.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use lookalike_core::ports::TableReader;
use lookalike_core::{Page, StoreError, StoreErrorKind, TableEntry};
use lookalike_events::{ITEM, PRODUCT_ID, PRODUCT_ITEM};

use crate::dynamodb::item::Item;
use crate::dynamodb::projection::projection;
use crate::dynamodb::record_item;
use crate::dynamodb::table::Table;
use crate::errors;

/// The attributes that are read: all of a record, and no metadata of a product.
const FIELDS: [&str; 10] = [
    PRODUCT_ID, ITEM, "key", "etag", "bytes", "encoder", "at", "failed", "code", "reason",
];

/// Scans a DynamoDB table. DynamoDB reads a page at once: one MB of items, including metadata.
#[derive(Debug, Clone)]
pub struct DynamoTableReader {
    table: Arc<Table>,
}

impl DynamoTableReader {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self { table }
    }
}

#[async_trait]
impl TableReader for DynamoTableReader {
    async fn scan(&self, after: Option<&str>) -> Result<Page<TableEntry>, StoreError> {
        let operation = || self.table.operation("scan");
        let start = match after {
            Some(mark) => Some(start_of(mark).ok_or_else(|| {
                let message = format!("{mark:?} is not the end of a page of the table");
                StoreError::new(StoreErrorKind::Invalid, operation(), message)
            })?),
            None => None,
        };
        let (expression, names) = projection(&FIELDS);
        let scan = self.table.client().scan();
        let reply = scan
            .table_name(self.table.name())
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| errors::translate(self.table.resource(), operation(), error))?;
        let items = reply.items.unwrap_or_default();
        Ok(Page {
            items: items.into_iter().filter_map(entry_of).collect(),
            next: reply.last_evaluated_key.as_ref().and_then(mark_of),
        })
    }
}

/// Returns the entry of an item; `None` for items that other programs store in the table.
fn entry_of(item: Item) -> Option<TableEntry> {
    if item.get(ITEM)?.as_s().ok()? == PRODUCT_ITEM {
        let id = item.get(PRODUCT_ID)?.as_s().ok()?;
        return Some(TableEntry::Product(id.clone()));
    }
    record_item::to_record(item).map(TableEntry::Image)
}

/// Returns the end of a page as text: a JSON array of product id and item.
fn mark_of(key: &Item) -> Option<String> {
    let text = |name| key.get(name)?.as_s().ok();
    serde_json::to_string(&(text(PRODUCT_ID)?, text(ITEM)?)).ok()
}

fn start_of(mark: &str) -> Option<Item> {
    let (product_id, item): (String, String) = serde_json::from_str(mark).ok()?;
    Some(Item::from([
        (PRODUCT_ID.to_owned(), AttributeValue::S(product_id)),
        (ITEM.to_owned(), AttributeValue::S(item)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_continues_where_the_previous_one_ended() {
        let mark = "[\"p/1\",\"image#catalog/a \\\"b\\\".jpg\"]";
        let start = start_of(mark);
        assert_eq!(start.as_ref().and_then(mark_of).as_deref(), Some(mark));
        for wrong in ["", "p1", "[]", "[1,2]", "{}"] {
            assert!(start_of(wrong).is_none());
        }
    }

    #[test]
    fn items_of_others_are_not_entries() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = |item: &str| {
            Item::from([
                (PRODUCT_ID.to_owned(), text("p1")),
                (ITEM.to_owned(), text(item)),
            ])
        };
        let product = TableEntry::Product("p1".to_owned());
        assert_eq!(entry_of(item(PRODUCT_ITEM)), Some(product));
        assert_eq!(entry_of(item("order#7")), None);
        assert_eq!(entry_of(Item::new()), None);
    }
}
