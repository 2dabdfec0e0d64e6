//! Looking at what is at a key now. Events are hints; this is the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use lookalike_core::encoder_cell::{EmbedError, embed, inspect};
use lookalike_core::error::StoreError;
use lookalike_core::keys::{category_of, product_id_of};
use lookalike_core::memory_budget::ExceedsMemory;
use lookalike_core::model::{Failure, Image, ImageHead, ImageRecord};
use lookalike_core::ports::{ImageEncoder, Measurement};
use lookalike_core::time::Deadline;
use lookalike_encoder::{Area, MAX_BYTES};
use lookalike_index::{Attributes, QuantizedVector, Row};
use tokio::sync::Semaphore;

use crate::indexer::Indexer;
use crate::targets::IndexTarget;

/// The products that a key was recorded under in earlier rounds.
pub(crate) type Recorded = BTreeMap<String, BTreeSet<String>>;

/// Keys looked at for each image that is being embedded: a store answers in about the time that
/// an embedding takes, several times over.
const READ_AHEAD: usize = 4;
/// The files of images above this size are held in memory one at a time, or a batch of the largest ones would
/// need more than a function has before the budget of memory knows of them.
const SMALL_BYTES: u64 = 4 << 20;

/// What a key turned out to be, for each index that is kept. Read once, so that all of them are told
/// of the same version.
pub(crate) struct Observed {
    /// For the index that is searched.
    pub(crate) served: Observation,
    /// For the other indexes, in the order of the targets.
    pub(crate) sides: Vec<Observation>,
}

/// The state of a key for one index.
#[derive(Clone)]
pub(crate) enum Observation {
    /// The live row is of this version. Once it was compared with the table: and says the rest already.
    Unchanged { product_id: String, head: ImageHead },
    /// The live row is of this version, but says something else; with the embedding that it has.
    AttributesUpdated { row: Box<Row>, head: ImageHead },
    /// An image, embedded.
    Image {
        row: Box<Row>,
        head: ImageHead,
        embed_time: Duration,
    },
    /// An image that cannot be embedded.
    Bad {
        product_id: String,
        head: ImageHead,
        failure: Failure,
    },
    /// Nothing.
    Gone,
    /// Not to be had now.
    Unavailable(String),
}

impl Observed {
    /// The same for every index.
    fn all(observation: Observation, indexes: usize) -> Self {
        Self {
            sides: vec![observation.clone(); indexes - 1],
            served: observation,
        }
    }

    /// The observation for the index of that number, the searched one first.
    pub(crate) fn of(&self, target: usize) -> &Observation {
        match target.checked_sub(1) {
            None => &self.served,
            Some(side) => &self.sides[side],
        }
    }

    pub(crate) fn of_mut(&mut self, target: usize) -> &mut Observation {
        match target.checked_sub(1) {
            None => &mut self.served,
            Some(side) => &mut self.sides[side],
        }
    }

    /// The observations for every index, the searched one first.
    fn each(&self) -> impl Iterator<Item = &Observation> {
        std::iter::once(&self.served).chain(&self.sides)
    }

    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Observation> {
        std::iter::once(&mut self.served).chain(&mut self.sides)
    }

    /// The product that an image shows which has, or is to have, a row.
    pub(crate) fn product_id(&self) -> Option<&str> {
        self.each().find_map(Observation::product_id)
    }

    /// The row that some index is to have; they differ in nothing but the embedding.
    pub(crate) fn row(&self) -> Option<(&Row, &ImageHead)> {
        self.each().find_map(|observation| match observation {
            Observation::Image { row, head, .. } | Observation::AttributesUpdated { row, head } => {
                Some((&**row, head))
            }
            _ => None,
        })
    }

    /// Why a side index was not told of the key, if so.
    pub(crate) fn standby_retry_reason(&self) -> Option<&str> {
        self.sides.iter().find_map(|side| match side {
            Observation::Unavailable(reason) => Some(reason.as_str()),
            _ => None,
        })
    }
}

impl Observation {
    /// The product that an image shows which has, or is to have, a row.
    pub(crate) fn product_id(&self) -> Option<&str> {
        match self {
            Self::Unchanged { product_id, .. } => Some(product_id),
            Self::Image { row, .. } | Self::AttributesUpdated { row, .. } => Some(&row.product_id),
            Self::Bad { .. } | Self::Gone | Self::Unavailable(_) => None,
        }
    }

    /// True if the object that is at `key` by now still says what was observed: the same version,
    /// product and category. Metadata may change while S3's ETag stays.
    pub(crate) fn holds(&self, key: &str, now: Option<&ImageHead>) -> bool {
        match (self, now) {
            (Self::Gone, None) => true,
            (
                Self::Unchanged { head, .. }
                | Self::AttributesUpdated { head, .. }
                | Self::Image { head, .. }
                | Self::Bad { head, .. },
                Some(now),
            ) => {
                head.etag == now.etag
                    && product_id_of(key, &head.metadata) == product_id_of(key, &now.metadata)
                    && category_of(key, &head.metadata) == category_of(key, &now.metadata)
            }
            _ => false,
        }
    }
}

/// The inputs of observing the keys of a batch.
pub(crate) struct Looking<'a> {
    pub(crate) targets: &'a [IndexTarget],
    /// The records that this batch wrote in earlier rounds.
    pub(crate) written: &'a Recorded,
    /// The record of an image that is not to be tried again, as long as its version is there.
    pub(crate) hopeless: Option<&'a ImageRecord>,
    pub(crate) deadline: Deadline,
}

impl Looking<'_> {
    fn all(&self, observation: Observation) -> Observed {
        Observed::all(observation, self.targets.len())
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

    /// Reads what is at `key` and embeds it, unless that version is indexed already; what else its row is to
    /// say, [`apply_attributes`](Self::apply_attributes) finds out for the whole batch. What is not done when only the
    /// time to publish is left is not waited for.
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
            self.forget_other_records(key, &observed.served, current, looking.written)
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
                return Ok(looking.all(unchanged(key, head)));
            }
            if let Some(record) = hopeless.filter(|record| record.etag == head.etag)
                && let Some(failure) = &record.failure
            {
                return Ok(looking.all(Observation::Bad {
                    product_id: product_id_of(key, &head.metadata),
                    head,
                    failure: failure.clone(),
                }));
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
            Some(Image { head, body: None }) => return Ok(looking.all(too_large(key, head))),
            Some(image) => image,
        };
        let body = body.unwrap_or_default();
        let served = self.observe_body(key, &head, &body, &targets[0]).await;
        let mut sides = Vec::with_capacity(targets.len() - 1);
        for target in &targets[1..] {
            sides.push(self.observe_body(key, &head, &body, target).await);
        }
        Ok(Observed { served, sides })
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
            return unchanged(key, head);
        }
        let (vector, embed_time) = match self.embed(body, &target.embedder).await {
            Ok(embedded) => embedded,
            Err(EmbedError::Encoder(reason)) => return Observation::Unavailable(reason),
            Err(EmbedError::Memory(error)) => {
                return bad(key, head, ExceedsMemory::CODE, error.to_string());
            }
            Err(EmbedError::Image(error)) => {
                return bad(key, head, error.code(), error.to_string());
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
            Err(error) => bad(key, head, "no-direction", error.to_string()),
        }
    }

    /// The embedding of an image, and the time it took once there was memory and a core for it.
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
            .flat_map(|(_, observed)| observed.each())
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

fn unchanged(key: &str, head: ImageHead) -> Observation {
    Observation::Unchanged {
        product_id: product_id_of(key, &head.metadata),
        head,
    }
}

fn too_large(key: &str, head: ImageHead) -> Observation {
    let reason = format!(
        "the image has {} bytes, at most {MAX_BYTES} can be indexed: make it smaller",
        head.bytes
    );
    bad(key, head, "too-many-bytes", reason)
}

fn bad(key: &str, head: ImageHead, code: &str, reason: String) -> Observation {
    Observation::Bad {
        product_id: product_id_of(key, &head.metadata),
        head,
        failure: Failure {
            code: code.to_owned(),
            reason,
        },
    }
}
