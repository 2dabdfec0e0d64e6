//! The table in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use lookalike_core::error::StoreError;
use lookalike_core::model::{
    ImageRecord, ImageVersion, Metadata, NewestFailures, Page, Product, TableEntry,
};
use lookalike_core::ports::{Failures, ImageRecords, Products, TableReader};

use super::MemoryCloud;
use super::page::PAGE;

#[async_trait]
impl Products for MemoryCloud {
    async fn get_many(&self, ids: &[String]) -> Result<HashMap<String, Metadata>, StoreError> {
        self.call("get products").await?;
        Ok(self.metadata_of(ids))
    }

    async fn latest(&self, ids: &[String]) -> Result<HashMap<String, Metadata>, StoreError> {
        self.call("get latest products").await?;
        Ok(self.metadata_of(ids))
    }

    async fn put_many(&self, products: &[Product]) -> Result<(), StoreError> {
        let products = products.to_vec();
        self.write("put products", move |state| {
            for product in &products {
                let (id, metadata) = (product.product_id.clone(), product.metadata.clone());
                state.products.insert(id, metadata);
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl ImageRecords for MemoryCloud {
    async fn put_many(&self, records: &[ImageRecord]) -> Result<(), StoreError> {
        let records = records.to_vec();
        self.write("put records", move |state| {
            for record in &records {
                let id = (record.product_id.clone(), record.key.clone());
                let failed = (record.key.clone(), record.product_id.clone());
                state.records.insert(id, record.clone());
                // The index of failures: as in the table, finding a key costs the same however many
                // there are.
                match record.failure {
                    Some(_) => state.failed.insert(failed, record.clone()),
                    None => state.failed.remove(&failed),
                };
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, product_id: &str, key: &str) -> Result<(), StoreError> {
        let id = (product_id.to_owned(), key.to_owned());
        self.write_about("remove record", key, move |state| {
            state.records.remove(&id);
            state.failed.remove(&(id.1.clone(), id.0.clone()));
            Ok(())
        })
        .await
    }

    async fn find(&self, product_id: &str, key: &str) -> Result<Option<ImageRecord>, StoreError> {
        self.call_about("find record", key).await?;
        let id = (product_id.to_owned(), key.to_owned());
        Ok(self.state().records.get(&id).cloned())
    }

    async fn missing(&self, images: &[ImageVersion]) -> Result<Vec<ImageVersion>, StoreError> {
        self.call("look for records").await?;
        let state = self.state();
        let is_recorded = |image: &&ImageVersion| {
            let id = (image.product_id.clone(), image.key.clone());
            (state.records.get(&id)).is_some_and(|record| record.etag == image.etag)
        };
        let missing = images.iter().filter(|image| !is_recorded(image));
        Ok(missing.cloned().collect())
    }
}

#[async_trait]
impl Failures for MemoryCloud {
    async fn list(&self, after: Option<&str>) -> Result<Page<ImageRecord>, StoreError> {
        self.call("list failures").await?;
        // Two products may have failed under one key.
        let mark = |record: &ImageRecord| format!("{}\0{}", record.key, record.product_id);
        let mut items: Vec<ImageRecord> = self
            .failed()
            .into_iter()
            .filter(|r| after.is_none_or(|a| mark(r).as_str() > a))
            .collect();
        items.sort_by_key(mark);
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = items.last().filter(|_| more).map(mark);
        Ok(Page { items, next })
    }

    async fn of_key(&self, key: &str) -> Result<Vec<ImageRecord>, StoreError> {
        self.call_about("failures of key", key).await?;
        let state = self.state();
        let from = (key.to_owned(), String::new());
        let records = state.failed.range(from..).map(|(_, record)| record);
        Ok(records
            .take_while(|record| record.key == key)
            .cloned()
            .collect())
    }

    async fn newest(&self, most: usize) -> Result<NewestFailures, StoreError> {
        self.call("newest failures").await?;
        let failed = self.failed();
        Ok(NewestFailures::default().and(failed.len() as u64, failed, most))
    }
}

#[async_trait]
impl TableReader for MemoryCloud {
    async fn scan(&self, after: Option<&str>) -> Result<Page<TableEntry>, StoreError> {
        self.call("scan table").await?;
        let state = self.state();
        let products = state.products.keys().map(|id| {
            let mark = format!("{id}\0");
            (mark, TableEntry::Product(id.clone()))
        });
        let records = state.records.values().map(|record| {
            let mark = format!("{}\0{}", record.product_id, record.key);
            (mark, TableEntry::Image(record.clone()))
        });
        let entries = products.chain(records);
        let mut entries: Vec<(String, TableEntry)> = entries
            .filter(|(mark, _)| after.is_none_or(|after| mark.as_str() > after))
            .collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let more = entries.len() > PAGE;
        entries.truncate(PAGE);
        let next = entries.last().filter(|_| more);
        Ok(Page {
            next: next.map(|(mark, _)| mark.clone()),
            items: entries.into_iter().map(|(_, entry)| entry).collect(),
        })
    }
}

impl MemoryCloud {
    /// Stores a product's metadata, as another process could at any moment.
    pub fn put_metadata(&self, product_id: &str, metadata: Metadata) {
        let mut state = self.state();
        state.products.insert(product_id.to_owned(), metadata);
    }

    /// Removes a product's metadata.
    pub fn remove_metadata(&self, product_id: &str) {
        self.state().products.remove(product_id);
    }

    /// Returns the metadata of every product.
    pub fn products(&self) -> HashMap<String, Metadata> {
        self.state().products.clone()
    }

    fn metadata_of(&self, ids: &[String]) -> HashMap<String, Metadata> {
        let state = self.state();
        let known = ids.iter().filter_map(|id| state.products.get_key_value(id));
        known.map(|(id, m)| (id.clone(), m.clone())).collect()
    }

    fn failed(&self) -> Vec<ImageRecord> {
        self.state().failed.values().cloned().collect()
    }
}
