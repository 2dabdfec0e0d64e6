//! The images of a query before any of them is decoded: read, inspected and within the limits of one request.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use lookalike_core::encoder_cell::{cores, inspect};
use lookalike_core::ports::ImageEncoder;
use lookalike_encoder::{Area, ImageError, ImageInfo, MAX_BYTES, MAX_PIXELS};

use crate::error::{SearchError, of_item, search_error};
use crate::query::{Query, QueryItem, Subject};
use crate::searcher::Searcher;

/// An image of a query.
pub(crate) struct QueryImage {
    pub(crate) bytes: Bytes,
    pub(crate) area: Area,
    pub(crate) info: ImageInfo,
}

impl Searcher {
    /// Returns the image of each item of a query, `None` for items without one.
    ///
    /// All images together have at most the bytes and the pixels of one image: the cost of a request does not grow with
    /// the number of its images, nor with how well they are compressed. Images named by key are read only after their
    /// sizes were added up, so no more bytes are ever held.
    pub(crate) async fn inspect_images(
        &self,
        embedder: &Arc<dyn ImageEncoder>,
        query: &Query,
    ) -> Result<Vec<Option<QueryImage>>, SearchError> {
        let items = query.items();
        let limits = self.limits(items).await?;
        // Boxed, because the compiler does not see that borrowing futures may be sent elsewhere.
        let each = items.iter().zip(limits).enumerate();
        let each = each.map(|(at, (item, limit))| {
            self.inspect_image(embedder, item, limit)
                .map_err(move |error| match error {
                    // It is about all items together.
                    SearchError::TooManyBytes => error,
                    error => of_item(at, items.len(), error),
                })
                .boxed()
        });
        let each: Vec<BoxFuture<'_, _>> = each.collect();
        let mut inspected = stream::iter(each).buffered(cores() + 1);
        let mut images: Vec<Option<QueryImage>> = Vec::with_capacity(items.len());
        let mut pixels = 0;
        while let Some(image) = inspected.try_next().await? {
            pixels += image.as_ref().map_or(0, |image| image.info.pixels());
            images.push(image);
        }
        match pixels > MAX_PIXELS {
            true => Err(SearchError::TooManyPixels(pixels)),
            false => Ok(images),
        }
    }

    /// Returns the bytes that each item's image may have: together no more than one image may have.
    async fn limits(&self, items: &[QueryItem]) -> Result<Vec<u64>, SearchError> {
        // A single key needs no size beforehand: reading it is limited to what is left.
        let given: u64 = items.iter().map(given_bytes).sum();
        let left = (MAX_BYTES as u64)
            .checked_sub(given)
            .ok_or(SearchError::TooManyBytes)?;
        let is_key = |item: &&QueryItem| matches!(item.subject, Subject::Key { .. });
        if items.iter().filter(is_key).count() <= 1 {
            return Ok(vec![left; items.len()]);
        }
        // Boxed, because the compiler does not see that borrowing futures may be sent elsewhere.
        let each = items.iter().enumerate().map(|(at, item)| {
            self.stored_bytes(item)
                .map_err(move |error| of_item(at, items.len(), error))
                .boxed()
        });
        let each: Vec<BoxFuture<'_, _>> = each.collect();
        let stored: Vec<u64> = try_join_all(each).await?;
        match stored.iter().sum::<u64>() > left {
            true => Err(SearchError::TooManyBytes),
            false => Ok(stored),
        }
    }

    /// Returns the bytes of the image that an item names by key.
    async fn stored_bytes(&self, item: &QueryItem) -> Result<u64, SearchError> {
        let Subject::Key { key, .. } = &item.subject else {
            return Ok(0);
        };
        let head = self.ports.images.head(key).await?;
        let head = head.ok_or_else(|| SearchError::UnknownKey(key.to_owned()))?;
        match head.bytes > MAX_BYTES as u64 {
            true => Err(too_many_bytes(head.bytes)),
            false => Ok(head.bytes),
        }
    }

    async fn inspect_image(
        &self,
        embedder: &Arc<dyn ImageEncoder>,
        item: &QueryItem,
        limit: u64,
    ) -> Result<Option<QueryImage>, SearchError> {
        let (bytes, area) = match &item.subject {
            Subject::Image { bytes, area } => (bytes.clone(), *area),
            Subject::Key { key, area } => (self.image_at(key, limit).await?, *area),
            Subject::Product(_) | Subject::Vector { .. } => return Ok(None),
        };
        let info = inspect(Arc::clone(embedder), bytes.clone()).await;
        let info = info.map_err(search_error)?;
        Ok(Some(QueryImage { bytes, area, info }))
    }

    async fn image_at(&self, key: &str, limit: u64) -> Result<Bytes, SearchError> {
        let image = self.ports.images.get(key, limit).await?;
        let image = image.ok_or_else(|| SearchError::UnknownKey(key.to_owned()))?;
        image.body.ok_or(match image.head.bytes > MAX_BYTES as u64 {
            true => too_many_bytes(image.head.bytes),
            // Together with the other images, or because the object grew after its size was read.
            false => SearchError::TooManyBytes,
        })
    }
}

/// Returns the bytes of the image that is part of an item.
fn given_bytes(item: &QueryItem) -> u64 {
    match &item.subject {
        Subject::Image { bytes, .. } => bytes.len() as u64,
        _ => 0,
    }
}

/// Refuses an image file of more bytes than the encoder reads.
pub(crate) fn too_many_bytes(bytes: u64) -> SearchError {
    SearchError::Image(ImageError::TooManyBytes {
        bytes: bytes as usize,
        limit: MAX_BYTES,
    })
}
