//! Looking at what is at a key now. Events are hints; this is the truth.

use bytes::Bytes;
use lookalike_encoder::MAX_BYTES;
use lookalike_index::{Quantised, Row};

use super::Indexer;
use super::current::Current;
use crate::embedder::EmbedError;
use crate::error::StoreError;
use crate::keys::{attributes_of, product_id_of};
use crate::model::{Failure, Picture, PictureHead};

/// What a key turned out to be.
pub(crate) enum Observation {
    /// The live row says it already.
    Unchanged {
        product_id: String,
        head: PictureHead,
    },
    /// A picture, embedded.
    Picture { row: Box<Row>, head: PictureHead },
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
    /// The version that was seen; none when nothing is there.
    pub(crate) fn etag(&self) -> Option<&str> {
        match self {
            Self::Unchanged { head, .. } | Self::Picture { head, .. } | Self::Bad { head, .. } => {
                Some(&head.etag)
            }
            Self::Gone | Self::Unavailable(_) => None,
        }
    }
}

impl Indexer {
    /// Reads what is at `key` and embeds it, unless that version is indexed already.
    pub(crate) async fn observe(&self, key: &str, current: &Current) -> Observation {
        match self.try_observe(key, current).await {
            Ok(observation) => observation,
            Err(error) => Observation::Unavailable(error.to_string()),
        }
    }

    async fn try_observe(&self, key: &str, current: &Current) -> Result<Observation, StoreError> {
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
        let limit = MAX_BYTES as u64;
        let Some(Picture { head, body }) = self.ports.pictures.get(key, limit).await? else {
            return Ok(Observation::Gone);
        };
        let Some(body) = body else {
            let failure = Failure {
                code: "too-many-bytes".to_owned(),
                reason: format!(
                    "the picture has {} bytes, at most {limit} can be indexed: make it smaller",
                    head.bytes
                ),
            };
            return Ok(bad(key, head, failure));
        };
        Ok(self.embed(key, head, body).await)
    }

    async fn embed(&self, key: &str, head: PictureHead, body: Bytes) -> Observation {
        let vector = match self.ports.embedder.embed(body).await {
            Ok(vector) => vector,
            Err(EmbedError::Encoder(reason)) => return Observation::Unavailable(reason),
            Err(EmbedError::Picture(error)) => {
                let failure = Failure {
                    code: error.code().to_owned(),
                    reason: error.to_string(),
                };
                return bad(key, head, failure);
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
            },
            Err(error) => {
                let failure = Failure {
                    code: "no-direction".to_owned(),
                    reason: error.to_string(),
                };
                bad(key, head, failure)
            }
        }
    }
}

fn bad(key: &str, head: PictureHead, failure: Failure) -> Observation {
    Observation::Bad {
        product_id: product_id_of(key, &head.metadata),
        head,
        failure,
    }
}
