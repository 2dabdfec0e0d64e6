//! Reads the whole bucket and the whole table.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::error::StoreError;
use lookalike_core::keys::{CATALOG_PREFIX, is_catalog_key};
use lookalike_core::model::{ImageRecord, TableEntry};

use super::{AuditError, AuditOptions};
use crate::error::SearchError;
use crate::searcher::Searcher;

/// The contents of the table.
#[derive(Default)]
pub(super) struct Table {
    /// Products with metadata.
    pub(super) products: BTreeSet<String>,
    pub(super) records: Vec<ImageRecord>,
}

impl Searcher {
    /// Returns the ETag of every catalog image by key.
    pub(super) async fn stored_images(
        &self,
        options: &AuditOptions,
    ) -> Result<BTreeMap<String, String>, AuditError> {
        let mut stored = BTreeMap::new();
        let mut after = None;
        loop {
            options.expect_in_time()?;
            let list = self.ports.images.list(CATALOG_PREFIX, after.as_deref());
            let page = list.await?;
            let images = page.items.into_iter().filter(|p| is_catalog_key(&p.key));
            stored.extend(images.map(|image| (image.key, image.etag)));
            options.expect_at_most(stored.len() as u64, "images in the bucket")?;
            after = page.next;
            if after.is_none() {
                return Ok(stored);
            }
        }
    }

    pub(super) async fn table_entries(&self, options: &AuditOptions) -> Result<Table, AuditError> {
        let mut table = Table::default();
        let mut after = None;
        loop {
            options.expect_in_time()?;
            let page = self.ports.table.scan(after.as_deref()).await?;
            for entry in page.items {
                match entry {
                    TableEntry::Product(id) => drop(table.products.insert(id)),
                    TableEntry::Image(record) => table.records.push(record),
                }
            }
            // An image has one record, and perhaps a few outdated ones.
            let quarter = (table.products.len() + table.records.len()) as u64 / 4;
            options.expect_at_most(quarter, "images and four times as many items in the table")?;
            after = page.next;
            if after.is_none() {
                return Ok(table);
            }
        }
    }

    /// Returns the images that could not be indexed, in key order.
    pub(super) async fn failed_images(
        &self,
        options: &AuditOptions,
    ) -> Result<Vec<ImageRecord>, AuditError> {
        let mut failed = Vec::new();
        let mut after = None;
        loop {
            options.expect_in_time()?;
            let page = self.ports.failures.list(after.as_deref()).await?;
            failed.extend(page.items);
            options.expect_at_most(failed.len() as u64, "failed images")?;
            after = page.next;
            if after.is_none() {
                return Ok(failed);
            }
        }
    }
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        SearchError::from(error).into()
    }
}
