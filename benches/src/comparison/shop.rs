//! A shop's products in memory, and links made from keys, like in the Python service.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use lookalike_core::ports::{Products, UrlSigner};
use lookalike_core::{Metadata, Product, StoreError, StoreErrorKind, UploadLink};

/// Metadata by product.
#[derive(Default)]
pub(crate) struct Shop(HashMap<String, Metadata>);

impl FromIterator<Product> for Shop {
    fn from_iter<I: IntoIterator<Item = Product>>(products: I) -> Self {
        let products = products.into_iter();
        Self(products.map(|p| (p.product_id, p.metadata)).collect())
    }
}

#[async_trait]
impl Products for Shop {
    async fn get_many(&self, ids: &[String]) -> Result<HashMap<String, Metadata>, StoreError> {
        let known = ids.iter().filter_map(|id| self.0.get_key_value(id));
        Ok(known.map(|(id, m)| (id.clone(), m.clone())).collect())
    }

    async fn latest(&self, ids: &[String]) -> Result<HashMap<String, Metadata>, StoreError> {
        self.get_many(ids).await
    }

    async fn put_many(&self, _: &[Product]) -> Result<(), StoreError> {
        Err(refused("put products"))
    }
}

#[async_trait]
impl UrlSigner for Shop {
    async fn fetch(&self, key: &str) -> Result<String, StoreError> {
        Ok(format!("memory:///{key}"))
    }

    fn good_for(&self) -> Duration {
        Duration::MAX
    }

    async fn upload(&self, _: &str, _: &str, _: u64) -> Result<UploadLink, StoreError> {
        Err(refused("link to upload"))
    }
}

fn refused(operation: &str) -> StoreError {
    let reason = "a shop under measurement is read-only";
    StoreError::new(StoreErrorKind::Denied, operation, reason)
}
