//! The records of images: items `image#<key>` of each product id.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use lookalike_core::ports::ImageRecords;
use lookalike_core::{ImageRecord, ImageVersion, StoreError};

use crate::dynamodb::keys::{image_item, is_product_id, primary_key};
use crate::dynamodb::record_item;
use crate::dynamodb::table::{self, Reading, Table};
use crate::errors;

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
            .map_err(|error| table::invalid(self.table.operation("put into"), &error))?;
        Ok(WriteRequest::builder().put_request(put).build())
    }
}

#[async_trait]
impl ImageRecords for DynamoImageRecords {
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError> {
        // DynamoDB refuses a batch in which an item occurs twice: the last one counts, as with
        // single writes.
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
            .set_key(Some(primary_key(product_id, image_item(key))))
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                let operation = self.table.operation("delete a record from");
                errors::translate(self.table.resource(), operation, error)
            })
    }

    async fn find(&self, product_id: &str, key: &str) -> Result<Option<ImageRecord>, StoreError> {
        if !is_product_id(product_id) {
            return Ok(None);
        }
        let keys = vec![primary_key(product_id, image_item(key))];
        let found = self.table.get_items(keys, Reading::Consistent).await?;
        Ok(found.into_iter().find_map(record_item::to_record))
    }

    async fn missing(&self, images: &[ImageVersion]) -> Result<Vec<ImageVersion>, StoreError> {
        // DynamoDB refuses a whole batch if a key is repeated, as for two versions of an image, or cannot be a product
        // id; no record has such a key.
        let mut seen = HashSet::with_capacity(images.len());
        let possible = images.iter().filter(|image| {
            is_product_id(&image.product_id)
                && seen.insert((image.product_id.as_str(), image.key.as_str()))
        });
        let keys = possible.map(|image| primary_key(&image.product_id, image_item(&image.key)));
        let found = self.table.get_items(keys.collect(), Reading::Consistent);
        let found: HashSet<(String, String, String)> = found
            .await?
            .into_iter()
            .filter_map(record_item::to_record)
            .map(|record| (record.product_id, record.key, record.etag))
            .collect();
        let version = |i: &ImageVersion| (i.product_id.clone(), i.key.clone(), i.etag.clone());
        let missing = images.iter().filter(|i| !found.contains(&version(i)));
        Ok(missing.cloned().collect())
    }
}
