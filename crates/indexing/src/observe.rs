//! Looking at the objects that are at keys now. Events are hints; the bucket is the truth.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_core::encoder_cell::{EmbedError, embed, inspect};
use lookalike_core::error::StoreError;
use lookalike_core::keys::product_id_of;
use lookalike_core::memory_budget::ExceedsMemory;
use lookalike_core::model::{Image, ImageHead, ImageRecord};
use lookalike_core::ports::{ImageEncoder, Measurement};
use lookalike_core::time::Deadline;
use lookalike_encoder::{Area, MAX_BYTES};
use lookalike_index::{Attributes, QuantizedVector, Row};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::indexer::Indexer;
use crate::observation::{Observation, Observed, Recorded};
use crate::targets::IndexTarget;

/// Keys looked at for each image that is being embedded: a store answers in about the time that
/// an embedding takes, several times over.
const READ_AHEAD: usize = 4;
/// The files of images above this size are held in memory one at a time, or a batch of the largest ones would
/// need more than a function has before the budget of memory knows of them.
const SMALL_BYTES: u64 = 4 << 20;

/// The inputs of observing the keys of a batch.
pub(crate) struct Looking<'a> {
    pub(crate) targets: &'a [IndexTarget],
    /// The records that this batch wrote in earlier rounds.
    pub(crate) written: &'a Recorded,
    /// The record of an image that must not be tried again, as long as its version is there.
    pub(crate) hopeless: Option<&'a ImageRecord>,
    pub(crate) deadline: Deadline,
}

impl Looking<'_> {
    /// Makes the same observation for every index.
    fn all(&self, observation: Observation) -> Observed {
        Observed(vec![observation; self.targets.len()])
    }
}

impl Indexer {
    /// Looks at every key, and removes the records that are no longer true, in key order.
    pub(crate) async fn observe_all(
        &self,
        keys: &BTreeSet<String>,
        looking: &Looking<'_>,
    ) -> Vec<(String, Observed)> {
        let parallel = self.settings.parallel.max(1);
        // For holding the file of a large image, whose header is not known yet.
        let large = &Semaphore::new(1);
        let mut observed: Vec<(String, Observed)> = stream::iter(keys.clone())
            .map(|key| async move {
                let observed = self.observe(&key, looking, large).await;
                (key, observed)
            })
            .buffer_unordered(parallel * READ_AHEAD)
            .collect()
            .await;
        observed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.measure_embedding(&observed);
        observed
    }

    /// Reads the object at `key` and embeds it, unless that version is indexed already. The row gets its attributes from
    /// [`apply_attributes`](Self::apply_attributes), for the whole batch at once. Gives up when only the time to publish
    /// is left.
    async fn observe(&self, key: &str, looking: &Looking<'_>, large: &Semaphore) -> Observed {
        let unavailable = |reason: String| looking.all(Observation::Unavailable(reason));
        let left = looking
            .deadline
            .remaining()
            .saturating_sub(self.settings.publish_reserve);
        if left.is_zero() {
            return unavailable("no time was left in this invocation".to_owned());
        }
        let look = async {
            let observed = self.try_observe(key, looking, large).await?;
            // Records speak of the index that is searched.
            let current = &looking.targets[0].current;
            self.forget_other_records(key, observed.served(), current, looking.written)
                .await?;
            Ok::<_, StoreError>(observed)
        };
        match tokio::time::timeout(left, look).await {
            Ok(Ok(observed)) => observed,
            Ok(Err(error)) => unavailable(error.to_string()),
            Err(_) => {
                let reason = "it took longer than the time that was left in this invocation";
                unavailable(reason.to_owned())
            }
        }
    }

    async fn try_observe(
        &self,
        key: &str,
        looking: &Looking<'_>,
        large: &Semaphore,
    ) -> Result<Observed, StoreError> {
        let targets = looking.targets;
        let hopeless = looking.hopeless.filter(|record| record.key == key);
        if hopeless.is_some() || targets.iter().all(|target| target.has(key)) {
            // A known key is often a repeated event: asking for the head first saves the image.
            let Some(head) = self.ports.images.head(key).await? else {
                return Ok(looking.all(Observation::Gone));
            };
            if targets.iter().all(|target| target.has_version(key, &head)) {
                return Ok(looking.all(Observation::unchanged(key, head)));
            }
            if let Some(record) = hopeless.filter(|record| record.etag == head.etag)
                && let Some(failure) = &record.failure
            {
                // An index that has the version keeps it: another encoder may be what the process died of.
                let of = |target: &IndexTarget| match target.has_version(key, &head) {
                    true => Observation::unchanged(key, head.clone()),
                    false => Observation::Bad {
                        product_id: product_id_of(key, &head.metadata),
                        head: head.clone(),
                        failure: failure.clone(),
                    },
                };
                return Ok(Observed(targets.iter().map(of).collect()));
            }
        }
        let images = &self.ports.images;
        let limit = MAX_BYTES as u64;
        let mut found = images.get(key, SMALL_BYTES.min(limit)).await?;
        let is_large = |p: &Image| p.body.is_none() && p.head.bytes <= limit;
        // Held until the large image is embedded.
        let _large = match &found {
            Some(image) if is_large(image) => {
                let permit = large.acquire().await.ok();
                found = images.get(key, limit).await?;
                permit
            }
            _ => None,
        };
        let Image { head, body } = match found {
            None => return Ok(looking.all(Observation::Gone)),
            Some(Image { head, body: None }) => {
                return Ok(looking.all(Observation::too_large(key, head)));
            }
            Some(image) => image,
        };
        let body = body.unwrap_or_default();
        let mut observed = Vec::with_capacity(targets.len());
        for target in targets {
            observed.push(self.observe_body(key, &head, &body, target).await);
        }
        Ok(Observed(observed))
    }

    /// Returns the observation of an image for one index.
    async fn observe_body(
        &self,
        key: &str,
        head: &ImageHead,
        body: &Bytes,
        target: &IndexTarget,
    ) -> Observation {
        let head = head.clone();
        if target.has_version(key, &head) {
            return Observation::unchanged(key, head);
        }
        let (vector, embed_time) = match self.embed(body, &target.embedder).await {
            Ok(embedded) => embedded,
            Err(EmbedError::Encoder(reason)) => return Observation::Unavailable(reason),
            Err(EmbedError::Memory(error)) => {
                return Observation::bad(key, head, ExceedsMemory::CODE, error.to_string());
            }
            Err(EmbedError::Image(error)) => {
                return Observation::bad(key, head, error.code(), error.to_string());
            }
        };
        match QuantizedVector::new(&vector) {
            Ok(embedding) => Observation::Image {
                row: Box::new(Row {
                    key: key.to_owned(),
                    product_id: product_id_of(key, &head.metadata),
                    etag: head.etag.clone(),
                    attributes: Attributes::new(),
                    embedding,
                }),
                head,
                embed_time,
            },
            Err(error) => Observation::bad(key, head, "no-direction", error.to_string()),
        }
    }

    /// Returns the embedding of an image, and the time it took once there was memory and a core for it.
    async fn embed(
        &self,
        body: &Bytes,
        embedder: &Arc<dyn ImageEncoder>,
    ) -> Result<(Vec<f32>, Duration), EmbedError> {
        let info = inspect(Arc::clone(embedder), body.clone()).await?;
        let slot = self.slots.acquire(&info, body.len()).await?;
        let begun = Instant::now();
        let embedded = embed(Arc::clone(embedder), body.clone(), Area::default(), slot);
        Ok((embedded.await?, begun.elapsed()))
    }

    fn measure_embedding(&self, observed: &[(String, Observed)]) {
        let times: Vec<Duration> = observed
            .iter()
            .flat_map(|(_, observed)| &observed.0)
            .filter_map(|observation| match observation {
                Observation::Image { embed_time, .. } => Some(*embed_time),
                _ => None,
            })
            .collect();
        if times.is_empty() {
            return;
        }
        let total = times.iter().sum::<Duration>().as_secs_f64() * 1000.0;
        let mean = Measurement::milliseconds("EmbedTime", total / times.len() as f64);
        self.ports.metrics.emit(&[mean]);
    }
}
