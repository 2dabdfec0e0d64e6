//! Embeds the images of a query while the index loads, with the encoder that the index most likely has. If the index
//! turns out to have another encoder, the images are embedded again.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use lookalike_core::encoder_cell::{cores, embed};
use lookalike_core::ports::ImageEncoder;
use lookalike_encoder::Area;
use lookalike_index::Fingerprint;
use tokio::time::Instant;

use crate::answer::milliseconds;
use crate::error::{SearchError, no_encoder, of_item, search_error};
use crate::images::QueryImage;
use crate::query::{Query, QueryItem, Subject};
use crate::searcher::Searcher;

/// True if margins of query images are trimmed unless the caller decides, even if the encoder of the index does not trim
/// catalog images: a screenshot has margins whatever the catalog has.
const TRIM_BY_DEFAULT: bool = true;

/// The vectors of a query's images, or the reason why there are none.
pub(crate) struct Embedded {
    /// The encoder that was used, or that could not be loaded; `None` if it is not known, or if there are no images.
    pub(crate) tried: Option<Fingerprint>,
    /// For each item of the query, its vector if it is an image.
    pub(crate) vectors: Result<Vec<Option<Vec<f32>>>, SearchError>,
    /// Milliseconds of all images together.
    pub(crate) embedding_ms: f64,
}

impl Searcher {
    /// Embeds the images of a query with the encoder of the loaded snapshot, or with the configured one if none is
    /// loaded.
    pub(crate) async fn embed_guessing(&self, query: &Query) -> Embedded {
        if !query.has_images() {
            return Embedded {
                tried: None,
                vectors: Ok(vec![None; query.items().len()]),
                embedding_ms: 0.0,
            };
        }
        let known = self.snapshots.fingerprint();
        let embedder = match known {
            Some(known) => self.ports.encoders.of(known).await,
            None => self.ports.encoders.configured().await,
        };
        match embedder {
            Ok(embedder) => self.embed_with(embedder, query).await,
            Err(error) => Embedded {
                tried: known,
                vectors: Err(no_encoder(error)),
                embedding_ms: 0.0,
            },
        }
    }

    /// Embeds the images of a query, one per core at a time, and one more that waits. The headers of all images are
    /// checked before the first is decoded.
    pub(crate) async fn embed_with(
        &self,
        embedder: Arc<dyn ImageEncoder>,
        query: &Query,
    ) -> Embedded {
        let mut embedding_ms = 0.0;
        let embedded = async {
            let items = query.items();
            let images = self.inspect_images(&embedder, query).await?;
            // Boxed, because the compiler does not see that borrowing futures may be sent elsewhere.
            let each = images.into_iter().enumerate().map(|(at, image)| {
                let embedded = self.embed_image(Arc::clone(&embedder), image);
                embedded
                    .map_err(move |error| of_item(at, items.len(), error))
                    .boxed()
            });
            let each: Vec<BoxFuture<'_, _>> = each.collect();
            let embedded = stream::iter(each).buffered(cores() + 1);
            embedded.try_collect::<Vec<Option<(Vec<f32>, f64)>>>().await
        };
        let vectors = embedded.await.map(|embedded| {
            let vectors = embedded.into_iter().map(|image| {
                let (vector, took) = image?;
                embedding_ms += took;
                Some(vector)
            });
            vectors.collect()
        });
        Embedded {
            tried: Some(embedder.fingerprint()),
            vectors,
            embedding_ms,
        }
    }

    /// Returns the vector of an image, and the milliseconds that it took.
    async fn embed_image(
        &self,
        embedder: Arc<dyn ImageEncoder>,
        image: Option<QueryImage>,
    ) -> Result<Option<(Vec<f32>, f64)>, SearchError> {
        let Some(QueryImage { bytes, area, info }) = image else {
            return Ok(None);
        };
        // No memory is reserved for the encoded bytes: `inspect_images` bounds those of a request.
        let slot = self.slots.acquire(&info, 0).await?;
        let begun = Instant::now();
        let area = Area {
            trim: Some(area.trim.unwrap_or(TRIM_BY_DEFAULT)),
            ..area
        };
        let vector = embed(embedder, bytes, area, slot).await;
        Ok(Some((vector.map_err(search_error)?, milliseconds(begun))))
    }
}

impl Query {
    /// True if the query has images to embed.
    pub(crate) fn has_images(&self) -> bool {
        let is_image =
            |item: &QueryItem| matches!(item.subject, Subject::Image { .. } | Subject::Key { .. });
        self.items().iter().any(is_image)
    }
}
