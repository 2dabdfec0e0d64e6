//! The images of a query before any of them is decoded: read, inspected and within the limits of one request.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use lookalike_encoder::{Area, ImageInfo, MAX_BYTES, MAX_PIXELS, PictureError};

use super::query::{Query, QueryItem, Subject};
use super::vectors::of_item;
use super::{SearchError, Searcher, search_error};
use crate::embedder::{cores, inspect};
use crate::ports::Embedder;

/// An image of a query.
pub(super) struct QueryImage {
    pub(super) bytes: Bytes,
    pub(super) area: Area,
    pub(super) info: ImageInfo,
}

impl Searcher {
    /// For each item of a query its image, if it has one.
    ///
    /// All of them together have at most the bytes and the pixels that one image may have: what a request costs
    /// does not grow with the number of its images, nor with how well they are compressed.
    pub(super) async fn inspect_images(
        &self,
        embedder: &Arc<dyn Embedder>,
        query: &Query,
    ) -> Result<Vec<Option<QueryImage>>, SearchError> {
        let items = query.items();
        // Boxed, because the compiler does not see that borrowing futures may be sent elsewhere.
        let each = items.iter().enumerate().map(|(at, item)| {
            self.inspect_image(embedder, item)
                .map_err(move |error| of_item(at, items, error))
                .boxed()
        });
        let each: Vec<BoxFuture<'_, _>> = each.collect();
        let mut inspected = stream::iter(each).buffered(cores() + 1);
        let mut images: Vec<Option<QueryImage>> = Vec::with_capacity(items.len());
        let (mut bytes, mut pixels) = (0, 0);
        while let Some(image) = inspected.try_next().await? {
            if let Some(image) = &image {
                bytes += image.bytes.len();
                pixels += image.info.pixels();
            }
            if bytes > MAX_BYTES {
                return Err(SearchError::TooManyBytes);
            }
            images.push(image);
        }
        match pixels > MAX_PIXELS {
            true => Err(SearchError::TooManyPixels(pixels)),
            false => Ok(images),
        }
    }

    async fn inspect_image(
        &self,
        embedder: &Arc<dyn Embedder>,
        item: &QueryItem,
    ) -> Result<Option<QueryImage>, SearchError> {
        let (bytes, area) = match &item.subject {
            Subject::Picture { bytes, area } => (bytes.clone(), *area),
            Subject::Key { key, area } => (self.image_at(key).await?, *area),
            Subject::Product(_) | Subject::Vector { .. } => return Ok(None),
        };
        let info = inspect(Arc::clone(embedder), bytes.clone()).await;
        let info = info.map_err(search_error)?;
        Ok(Some(QueryImage { bytes, area, info }))
    }

    async fn image_at(&self, key: &str) -> Result<Bytes, SearchError> {
        let image = self.ports.pictures.get(key, MAX_BYTES as u64).await?;
        let image = image.ok_or_else(|| SearchError::UnknownKey(key.to_owned()))?;
        image.body.ok_or_else(|| {
            SearchError::Picture(PictureError::TooManyBytes {
                bytes: image.head.bytes as usize,
                limit: MAX_BYTES,
            })
        })
    }
}
