//! Looking at what is at a key now. Events are hints; this is the truth.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_encoder::MAX_BYTES;
use lookalike_index::{Quantised, Row};
use tokio::sync::Semaphore;

use super::Indexer;
use super::batch_run::Recorded;
use super::current::Current;
use crate::embedder::EmbedError;
use crate::error::StoreError;
use crate::keys::{attributes_of, product_id_of};
use crate::model::{Failure, Picture, PictureHead};
use crate::ports::{Measurement, Unit};
use crate::time::Deadline;

/// Keys looked at for each picture that is being embedded: a store answers in about the time that
/// an embedding takes, several times over.
const READ_AHEAD: usize = 4;
/// Pictures above this size are held in memory one at a time, or a batch of the largest ones would
/// need more than a function has.
const SMALL_BYTES: u64 = 4 << 20;

/// What a key turned out to be.
pub(crate) enum Observation {
    /// The live row says it already.
    Unchanged {
        product_id: String,
        head: PictureHead,
    },
    /// A picture, embedded.
    Picture {
        row: Box<Row>,
        head: PictureHead,
        embed_time: Duration,
    },
    /// A picture that cannot be embedded.
    Bad {
        product_id: String,
        head: PictureHead,
        failure: Failure,
    },
    /// Nothing.
    Gone,
    /// Not to be had now.
    Unavailable(String),
}

impl Observation {
    /// Whether the object that is at `key` by now still says what was observed: the same version,
    /// product and attributes. Metadata may change while S3's ETag stays.
    pub(crate) fn holds(&self, key: &str, now: Option<&PictureHead>) -> bool {
        match (self, now) {
            (Self::Gone, None) => true,
            (
                Self::Unchanged { head, .. } | Self::Picture { head, .. } | Self::Bad { head, .. },
                Some(now),
            ) => {
                head.etag == now.etag
                    && product_id_of(key, &head.metadata) == product_id_of(key, &now.metadata)
                    && attributes_of(key, &head.metadata) == attributes_of(key, &now.metadata)
            }
            _ => false,
        }
    }
}

/// Bounds what goes on at once.
struct Slots {
    /// Embedding.
    embedding: Semaphore,
    /// Holding a large picture.
    large: Semaphore,
}

impl Indexer {
    /// Looks at every key, and removes the records that are no longer true, in key order.
    pub(crate) async fn observe_all(
        &self,
        keys: &BTreeSet<String>,
        current: &Current,
        written: &Recorded,
        deadline: Deadline,
    ) -> Vec<(String, Observation)> {
        let parallel = self.settings.parallel.max(1);
        let slots = Slots {
            embedding: Semaphore::new(parallel),
            large: Semaphore::new(1),
        };
        let slots = &slots;
        let mut observed: Vec<(String, Observation)> = stream::iter(keys.clone())
            .map(|key| async move {
                let observation = self.observe(&key, current, written, slots, deadline).await;
                (key, observation)
            })
            .buffer_unordered(parallel * READ_AHEAD)
            .collect()
            .await;
        observed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.measure_embedding(&observed);
        observed
    }

    /// Reads what is at `key` and embeds it, unless that version is indexed already. What is not done
    /// when only the time to publish is left is not waited for.
    async fn observe(
        &self,
        key: &str,
        current: &Current,
        written: &Recorded,
        slots: &Slots,
        deadline: Deadline,
    ) -> Observation {
        let left = deadline
            .remaining()
            .saturating_sub(self.settings.publish_reserve);
        if left.is_zero() {
            return Observation::Unavailable("no time was left in this invocation".to_owned());
        }
        let look = async {
            let observation = self.try_observe(key, current, slots).await?;
            self.forget_other_records(key, &observation, current, written)
                .await?;
            Ok::<_, StoreError>(observation)
        };
        match tokio::time::timeout(left, look).await {
            Ok(Ok(observation)) => observation,
            Ok(Err(error)) => Observation::Unavailable(error.to_string()),
            Err(_) => {
                let reason = "it took longer than the time that was left in this invocation";
                Observation::Unavailable(reason.to_owned())
            }
        }
    }

    async fn try_observe(
        &self,
        key: &str,
        current: &Current,
        slots: &Slots,
    ) -> Result<Observation, StoreError> {
        if let Some(at) = current.view.locate(key) {
            // A known key is often a repeated event: asking for the head first saves the picture.
            let Some(head) = self.ports.pictures.head(key).await? else {
                return Ok(Observation::Gone);
            };
            let meta = current.view.meta(at);
            let product_id = product_id_of(key, &head.metadata);
            if meta.etag(at.row) == head.etag
                && meta.product_id(at.row) == product_id
                && meta.attributes(at.row) == attributes_of(key, &head.metadata)
            {
                return Ok(Observation::Unchanged { product_id, head });
            }
        }
        let pictures = &self.ports.pictures;
        let limit = MAX_BYTES as u64;
        let mut found = pictures.get(key, SMALL_BYTES.min(limit)).await?;
        let is_large = |p: &Picture| p.body.is_none() && p.head.bytes <= limit;
        // Held until the large picture is embedded.
        let _large = match &found {
            Some(picture) if is_large(picture) => {
                let permit = slots.large.acquire().await.ok();
                found = pictures.get(key, limit).await?;
                permit
            }
            _ => None,
        };
        Ok(match found {
            None => Observation::Gone,
            Some(Picture { head, body: None }) => too_large(key, head),
            Some(Picture {
                head,
                body: Some(body),
            }) => self.embed(key, head, body, slots).await,
        })
    }

    async fn embed(&self, key: &str, head: PictureHead, body: Bytes, slots: &Slots) -> Observation {
        let permit = slots.embedding.acquire().await;
        let begun = Instant::now();
        let embedded = self.ports.embedder.embed(body).await;
        let embed_time = begun.elapsed();
        drop(permit);
        let vector = match embedded {
            Ok(vector) => vector,
            Err(EmbedError::Encoder(reason)) => return Observation::Unavailable(reason),
            Err(EmbedError::Picture(error)) => {
                return bad(key, head, error.code(), error.to_string());
            }
        };
        match Quantised::new(&vector) {
            Ok(embedding) => Observation::Picture {
                row: Box::new(Row {
                    key: key.to_owned(),
                    product_id: product_id_of(key, &head.metadata),
                    etag: head.etag.clone(),
                    attributes: attributes_of(key, &head.metadata),
                    embedding,
                }),
                head,
                embed_time,
            },
            Err(error) => bad(key, head, "no-direction", error.to_string()),
        }
    }

    fn measure_embedding(&self, observed: &[(String, Observation)]) {
        let times: Vec<Duration> = observed
            .iter()
            .filter_map(|(_, observation)| match observation {
                Observation::Picture { embed_time, .. } => Some(*embed_time),
                _ => None,
            })
            .collect();
        if times.is_empty() {
            return;
        }
        let total = times.iter().sum::<Duration>().as_secs_f64() * 1000.0;
        self.ports.metrics.emit(&[Measurement {
            name: "EmbedTime",
            unit: Unit::Milliseconds,
            value: total / times.len() as f64,
        }]);
    }
}

fn too_large(key: &str, head: PictureHead) -> Observation {
    let reason = format!(
        "the picture has {} bytes, at most {MAX_BYTES} can be indexed: make it smaller",
        head.bytes
    );
    bad(key, head, "too-many-bytes", reason)
}

fn bad(key: &str, head: PictureHead, code: &str, reason: String) -> Observation {
    Observation::Bad {
        product_id: product_id_of(key, &head.metadata),
        head,
        failure: Failure {
            code: code.to_owned(),
            reason,
        },
    }
}
