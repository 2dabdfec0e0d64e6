//! The product metadata in the table: item `product` of each product id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use lookalike_core::ports::Products;
use lookalike_core::{Metadata, Product, StoreError, StoreErrorKind};
use lookalike_events::{ITEM, PRODUCT_ID, PRODUCT_ITEM};

use crate::dynamodb::attributes;
use crate::dynamodb::item::Item;
use crate::dynamodb::keys::{MAX_PRODUCT_ID_BYTES, is_product_id, primary_key};
use crate::dynamodb::table::{self, Reading, Table};

const METADATA: &str = "metadata";

/// Product metadata in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoProducts {
    table: Arc<Table>,
}

impl DynamoProducts {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self { table }
    }

    async fn read(
        &self,
        product_ids: &[String],
        reading: Reading,
    ) -> Result<HashMap<String, Metadata>, StoreError> {
        // DynamoDB refuses a whole batch if a key is repeated or cannot be a product id.
        let mut seen = HashSet::with_capacity(product_ids.len());
        let keys = product_ids
            .iter()
            .filter(|id| is_product_id(id) && seen.insert(id.as_str()))
            .map(|id| primary_key(id, PRODUCT_ITEM.to_owned()))
            .collect();
        let items = self.table.get_items(keys, reading).await?;
        Ok(items.into_iter().filter_map(metadata_of).collect())
    }

    fn write_request(&self, product: &Product) -> Result<WriteRequest, StoreError> {
        let refused = |reason: String| {
            let operation = self.table.operation("put a product into");
            let message = format!("product {:?}: {reason}", product.product_id);
            StoreError::new(StoreErrorKind::Invalid, operation, message)
        };
        if !is_product_id(&product.product_id) {
            return Err(refused(format!(
                "a product id has 1 to {MAX_PRODUCT_ID_BYTES} bytes, but this one has {}",
                product.product_id.len()
            )));
        }
        let metadata = attributes::map_from_json(&product.metadata)
            .map_err(|error| refused(error.to_string()))?;
        let put = PutRequest::builder()
            .item(PRODUCT_ID, AttributeValue::S(product.product_id.clone()))
            .item(ITEM, AttributeValue::S(PRODUCT_ITEM.to_owned()))
            .item(METADATA, AttributeValue::M(metadata))
            .build()
            .map_err(|error| table::invalid(self.table.operation("put into"), &error))?;
        Ok(WriteRequest::builder().put_request(put).build())
    }
}

#[async_trait]
impl Products for DynamoProducts {
    async fn get_many(
        &self,
        product_ids: &[String],
    ) -> Result<HashMap<String, Metadata>, StoreError> {
        self.read(product_ids, Reading::Eventual).await
    }

    async fn latest(
        &self,
        product_ids: &[String],
    ) -> Result<HashMap<String, Metadata>, StoreError> {
        self.read(product_ids, Reading::Consistent).await
    }

    async fn put_many(&self, products: &[Product]) -> Result<(), StoreError> {
        // DynamoDB refuses a batch in which an item occurs twice: the last one counts, as with
        // single writes.
        let mut seen = HashSet::with_capacity(products.len());
        let mut requests = products
            .iter()
            .rev()
            .filter(|product| seen.insert(product.product_id.as_str()))
            .map(|product| self.write_request(product))
            .collect::<Result<Vec<_>, _>>()?;
        requests.reverse();
        self.table.write_items(requests).await
    }
}

fn metadata_of(mut item: Item) -> Option<(String, Metadata)> {
    let Some(AttributeValue::S(product_id)) = item.remove(PRODUCT_ID) else {
        return None;
    };
    let Some(AttributeValue::M(metadata)) = item.remove(METADATA) else {
        return None;
    };
    let metadata = metadata
        .into_iter()
        .map(|(name, value)| (name, attributes::to_json(value)))
        .collect();
    Some((product_id, metadata))
}
