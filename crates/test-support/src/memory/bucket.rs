//! The catalog bucket in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{MemoryCloud, PAGE};
use lookalike_core::error::StoreError;
use lookalike_core::model::{ListedPicture, Page, Picture, PictureHead, UploadLink};
use lookalike_core::ports::{Links, PictureWriter, Pictures};

#[async_trait]
impl Pictures for MemoryCloud {
    async fn head(&self, key: &str) -> Result<Option<PictureHead>, StoreError> {
        self.call("head picture").await?;
        Ok(self.state().pictures.get(key).map(|(head, _)| head.clone()))
    }

    async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Picture>, StoreError> {
        self.call("get picture").await?;
        let Some((head, body)) = self.state().pictures.get(key).cloned() else {
            return Ok(None);
        };
        let body = (head.bytes <= max_bytes).then_some(body);
        self.count_read(body.as_ref().map_or(0, Bytes::len));
        Ok(Some(Picture { head, body }))
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page<ListedPicture>, StoreError> {
        self.call("list pictures").await?;
        let state = self.state();
        let mut items: Vec<ListedPicture> = state
            .pictures
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a))
            .take(PAGE + 1)
            .map(|(key, (head, _))| ListedPicture {
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
impl PictureWriter for MemoryCloud {
    async fn put(
        &self,
        key: &str,
        body: Bytes,
        _content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.call("put picture").await?;
        self.put_picture(key, body, metadata.clone());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call("delete picture").await?;
        self.remove_picture(key);
        Ok(())
    }
}

#[async_trait]
impl Links for MemoryCloud {
    async fn fetch(&self, key: &str) -> Result<String, StoreError> {
        self.call("link to picture").await?;
        Ok(format!("memory:///{key}"))
    }

    fn good_for(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn upload(&self, key: &str, content_type: &str) -> Result<UploadLink, StoreError> {
        self.call("link to upload").await?;
        Ok(UploadLink {
            url: format!("memory:///{key}"),
            key: key.to_owned(),
            expires_in: 900,
            headers: BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]),
        })
    }
}
