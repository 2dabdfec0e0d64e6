//! The catalog bucket in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::{Image, ImageHead, ListedImage, Page, UploadLink};
use lookalike_core::ports::{ImageStore, ImageWriter, UrlSigner};

use super::MemoryCloud;
use super::page::PAGE;

#[async_trait]
impl ImageStore for MemoryCloud {
    async fn head(&self, key: &str) -> Result<Option<ImageHead>, StoreError> {
        self.call_about("head image", key).await?;
        Ok(self.state().images.get(key).map(|(head, _)| head.clone()))
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Image>, StoreError> {
        self.call_about("get image", key).await?;
        let Some((head, body)) = self.state().images.get(key).cloned() else {
            return Ok(None);
        };
        let body = (head.bytes <= max_bytes).then_some(body);
        self.count_read(body.as_ref().map_or(0, Bytes::len));
        Ok(Some(Image { head, body }))
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedImage>, StoreError> {
        self.call("list images").await?;
        let state = self.state();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut items: Vec<ListedImage> = state
            .images
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(PAGE + 1)
            .map(|(key, (head, _))| ListedImage {
                key: key.clone(),
                etag: head.etag.clone(),
                bytes: head.bytes,
            })
            .collect();
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = items.last().filter(|_| more).map(|last| last.key.clone());
        Ok(Page { items, next })
    }
}

#[async_trait]
impl ImageWriter for MemoryCloud {
    async fn put(
        &self,
        key: &str,
        body: Bytes,
        _content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.call("put image").await?;
        self.put_image(key, body, metadata.clone());
        Ok(())
    }

    async fn set_metadata(
        &self,
        key: &str,
        etag: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.call("change metadata of image").await?;
        let mut state = self.state();
        let failed =
            |kind, message: &str| Err(StoreError::new(kind, format!("change {key}"), message));
        match state.images.get_mut(key) {
            None => failed(StoreErrorKind::NotFound, "there is no such image"),
            Some((head, _)) if head.etag != etag => {
                failed(StoreErrorKind::Conflict, "there is another version")
            }
            Some((head, _)) => {
                head.metadata.clone_from(metadata);
                Ok(())
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call("delete image").await?;
        self.remove_image(key);
        Ok(())
    }
}

#[async_trait]
impl UrlSigner for MemoryCloud {
    async fn fetch(&self, key: &str) -> Result<String, StoreError> {
        self.call("link to image").await?;
        Ok(format!("memory:///{key}"))
    }

    fn good_for(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn upload(
        &self,
        key: &str,
        content_type: &str,
        bytes: u64,
    ) -> Result<UploadLink, StoreError> {
        self.call("link to upload").await?;
        Ok(UploadLink {
            url: format!("memory:///{key}"),
            key: key.to_owned(),
            expires_in: 900,
            headers: BTreeMap::from([
                ("content-length".to_owned(), bytes.to_string()),
                ("content-type".to_owned(), content_type.to_owned()),
                ("if-none-match".to_owned(), "*".to_owned()),
            ]),
        })
    }
}
