//! What became of every picture: items `image#<key>` of each product id.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use lookalike_service::ports::ImageRecords;
use lookalike_service::{ImageRecord, StoreError};

use crate::dynamo::{self, Table};
use crate::errors;
use crate::keys::{ITEM, PRODUCT_ID, image_item};
use crate::record_item;

/// Image records in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoImageRecords {
    table: Arc<Table>,
}

impl DynamoImageRecords {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self { table }
    }

    fn write_request(&self, record: &ImageRecord) -> Result<WriteRequest, StoreError> {
        let put = PutRequest::builder()
            .set_item(Some(record_item::from_record(record)))
            .build()
            .map_err(|error| dynamo::invalid(self.table.operation("put into"), &error))?;
        Ok(WriteRequest::builder().put_request(put).build())
    }
}

#[async_trait]
impl ImageRecords for DynamoImageRecords {
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError> {
        // DynamoDB refuses an item twice in a batch: the last one counts, as it would one by one.
        let mut seen = HashSet::with_capacity(records.len());
        let mut requests = records
            .iter()
            .rev()
            .filter(|record| seen.insert((record.product_id.as_str(), record.key.as_str())))
            .map(|record| self.write_request(record))
            .collect::<Result<Vec<_>, _>>()?;
        requests.reverse();
        self.table.write_items(requests).await
    }

    async fn remove(&self, product_id: &str, key: &str) -> Result<(), StoreError> {
        let delete = self.table.client().delete_item();
        delete
            .table_name(self.table.name())
            .key(PRODUCT_ID, AttributeValue::S(product_id.to_owned()))
            .key(ITEM, AttributeValue::S(image_item(key)))
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                let operation = self.table.operation("delete a record from");
                errors::translate(self.table.place(), operation, error)
            })
    }
}
