//! Writing a vector base.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, future, stream};
use lookalike_core::vector_base::{BaseAddress, VectorBaseWriter, WriterNumber};
use lookalike_core::{StoreError, StoreErrorKind};
use lookalike_index::Row;

use super::DynamoVectorBase;
use super::row_item::{self, BadRow, WRITER};
use crate::dynamodb::item::Item;
use crate::dynamodb::table::Table;
use crate::errors;

/// Maximum number of items that one call writes at the same time.
const MAX_CONCURRENT_WRITES: usize = 32;
/// Time for which a removed row keeps an older version from coming back: longer than any write is on its way.
const REMOVED_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

#[async_trait]
impl VectorBaseWriter for DynamoVectorBase {
    async fn put(
        &self,
        base: &BaseAddress,
        rows: &[Row],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let table = self.table(&base.name);
        // Items are made when it is their turn: with its vector written out, one takes some 25 KB.
        let writes = rows.iter().map(async |row| {
            let item = row_item::of_row(base, row, writer);
            write(&table, &row.key, item, writer).await
        });
        count(writes.collect()).await
    }

    async fn remove(
        &self,
        base: &BaseAddress,
        keys: &[String],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let table = self.table(&base.name);
        let expires = self.host.now() / 1000 + REMOVED_FOR.as_secs();
        let writes = keys.iter().map(async |key| {
            let item = row_item::of_removed(key, writer, expires);
            write(&table, key, item, writer).await
        });
        count(writes.collect()).await
    }
}

/// Carries out writes, several at a time. Returns the number of those that took effect.
async fn count(
    writes: Vec<impl Future<Output = Result<bool, StoreError>>>,
) -> Result<u64, StoreError> {
    let written = stream::iter(writes).buffer_unordered(MAX_CONCURRENT_WRITES);
    let effective = written.try_filter(|took_effect| future::ready(*took_effect));
    effective
        .try_fold(0, |count, _| future::ready(Ok(count + 1)))
        .await
}

/// Writes the item of a key. Returns false if a process with a higher number wrote one, which stays.
async fn write(
    table: &Table,
    key: &str,
    item: Result<Item, BadRow>,
    writer: WriterNumber,
) -> Result<bool, StoreError> {
    let operation = || table.operation(&format!("write {key:?} to"));
    let item = item.map_err(|reason| {
        StoreError::new(StoreErrorKind::Invalid, operation(), reason.to_string())
    })?;
    let put = table.client().put_item();
    let put = put
        .table_name(table.name())
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#writer) OR #writer <= :writer")
        .expression_attribute_names("#writer", WRITER)
        .expression_attribute_values(":writer", AttributeValue::N(writer.to_string()));
    // Boxed, so that the many writes that still wait are small.
    match Box::pin(put.send()).await {
        Ok(_) => Ok(true),
        Err(error) if errors::is_conflict(&error) => Ok(false),
        Err(error) => Err(errors::translate(table.resource(), operation(), error)),
    }
}
