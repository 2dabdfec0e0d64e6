//! Writing down what became of every picture.

use super::Indexer;
use super::current::Current;
use super::observe::Observation;
use crate::error::StoreError;
use crate::model::{Failure, ImageRecord, PictureHead};
use crate::time::{now_milliseconds, rfc3339};

impl Indexer {
    /// Removes what was recorded for `key` under any product but the one it shows now: the product
    /// that the index names, and those of failure records. Done before publishing, while the index
    /// still knows the product, so that an event that is delivered again finds the same work to do.
    pub(crate) async fn forget_other_records(
        &self,
        key: &str,
        observation: &Observation,
        current: &Current,
    ) -> Result<(), StoreError> {
        let keep = match observation {
            Observation::Unavailable(_) => return Ok(()),
            Observation::Gone => None,
            Observation::Unchanged { product_id, .. } | Observation::Bad { product_id, .. } => {
                Some(product_id)
            }
            Observation::Picture { row, .. } => Some(&row.product_id),
        };
        let indexed = current
            .view
            .locate(key)
            .map(|at| current.view.meta(at).product_id(at.row).to_owned());
        let failed = self.ports.failures.of_key(key).await?;
        let others = indexed
            .into_iter()
            .chain(failed.into_iter().map(|record| record.product_id))
            .filter(|product_id| Some(product_id) != keep);
        for product_id in others {
            self.ports.records.remove(&product_id, key).await?;
        }
        Ok(())
    }

    /// The record to store for an observation, if there is one.
    pub(crate) fn record_of(&self, key: &str, observation: &Observation) -> Option<ImageRecord> {
        match observation {
            Observation::Unchanged { product_id, head } => {
                Some(self.record(key, product_id, head, None))
            }
            Observation::Picture { row, head } => {
                Some(self.record(key, &row.product_id, head, None))
            }
            Observation::Bad {
                product_id,
                head,
                failure,
            } => Some(self.record(key, product_id, head, Some(failure.clone()))),
            Observation::Gone | Observation::Unavailable(_) => None,
        }
    }

    fn record(
        &self,
        key: &str,
        product_id: &str,
        head: &PictureHead,
        failure: Option<Failure>,
    ) -> ImageRecord {
        ImageRecord {
            key: key.to_owned(),
            product_id: product_id.to_owned(),
            etag: head.etag.clone(),
            bytes: head.bytes,
            encoder: self
                .identity
                .get()
                .map(|identity| identity.fingerprint.to_string())
                .unwrap_or_default(),
            at: rfc3339(now_milliseconds()),
            failure,
        }
    }
}
