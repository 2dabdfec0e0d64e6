//! Recording the outcome of every image.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::error::StoreError;
use lookalike_core::keys::product_id_of;
use lookalike_core::model::{Failure, ImageHead, ImageRecord};
use lookalike_core::time::rfc3339;
use tracing::warn;

use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::indexer::Indexer;

use crate::observation::{Observation, Observed, Recorded};

impl Indexer {
    /// Removes the records of `key` under any product but the one it shows now: the product
    /// that the index names, those of failure records, and those that this batch recorded before it
    /// looked again. This comes before publishing, while the index still has the product, so that an
    /// event that is delivered again finds the same work to do.
    pub(crate) async fn forget_other_records(
        &self,
        key: &str,
        observation: &Observation,
        current: &Current,
        written: &Recorded,
    ) -> Result<(), StoreError> {
        let keep = match observation {
            Observation::Unavailable(_) => return Ok(()),
            Observation::Gone => None,
            Observation::Unchanged { product_id, .. } | Observation::Bad { product_id, .. } => {
                Some(product_id)
            }
            Observation::Image { row, .. } | Observation::AttributesUpdated { row, .. } => {
                Some(&row.product_id)
            }
        };
        let indexed = current
            .view
            .locate(key)
            .map(|at| current.view.meta(at).product_id(at.row).to_owned());
        let failed = self.ports.failures.of_key(key).await?;
        // The failed index lags behind the table, and a writer may have recorded an image after another
        // had published its removal. The product that follows from the key alone, as for most images, is known without
        // asking.
        let by_key = product_id_of(key, &BTreeMap::new());
        let gone = matches!(observation, Observation::Gone).then_some(by_key);
        let others: BTreeSet<String> = indexed
            .into_iter()
            .chain(gone)
            .chain(failed.into_iter().map(|record| record.product_id))
            .chain(written.get(key).into_iter().flatten().cloned())
            .filter(|product_id| Some(product_id) != keep)
            .collect();
        for product_id in others {
            self.ports.records.remove(&product_id, key).await?;
        }
        Ok(())
    }

    /// Stores the records of a batch. Returns the keys whose record could not be stored,
    /// and why.
    pub(crate) async fn record_all(
        &self,
        observed: &[(String, Observed)],
        encoder: &EncoderIdentity,
        written: &mut Recorded,
    ) -> BTreeMap<String, String> {
        let now = self.ports.host.now();
        let records: Vec<ImageRecord> = observed
            .iter()
            .filter_map(|(key, observed)| record_of(key, observed.served(), encoder, now))
            .collect();
        for record in &records {
            let products = written.entry(record.key.clone()).or_default();
            products.insert(record.product_id.clone());
            if let Some(failure) = &record.failure {
                warn!(
                    key = record.key,
                    code = failure.code,
                    reason = failure.reason,
                    "image failed"
                );
            }
        }
        self.store_records(&records).await
    }

    async fn store_records(&self, records: &[ImageRecord]) -> BTreeMap<String, String> {
        if records.is_empty() {
            return BTreeMap::new();
        }
        let Err(error) = self.ports.records.put_many(records).await else {
            return BTreeMap::new();
        };
        let mut unrecorded = BTreeMap::new();
        for record in records {
            // A record that the table refuses must not hold up the others forever.
            let alone = match error.kind.is_retryable() || records.len() == 1 {
                true => Err(error.to_string()),
                false => {
                    let stored = self.ports.records.put_many(std::slice::from_ref(record));
                    stored.await.map_err(|error| error.to_string())
                }
            };
            if let Err(reason) = alone {
                unrecorded.insert(record.key.clone(), reason);
            }
        }
        unrecorded
    }
}

/// Returns the record to store for an observation, if there is one; `now` is in milliseconds since 1970.
fn record_of(
    key: &str,
    observation: &Observation,
    encoder: &EncoderIdentity,
    now: u64,
) -> Option<ImageRecord> {
    let record = |product_id: &str, head: &ImageHead, failure: Option<Failure>| ImageRecord {
        key: key.to_owned(),
        product_id: product_id.to_owned(),
        etag: head.etag.clone(),
        bytes: head.bytes,
        encoder: encoder.fingerprint.to_string(),
        at: rfc3339(now),
        failure,
    };
    match observation {
        Observation::Unchanged { product_id, head } => Some(record(product_id, head, None)),
        Observation::Image { row, head, .. } | Observation::AttributesUpdated { row, head } => {
            Some(record(&row.product_id, head, None))
        }
        Observation::Bad {
            product_id,
            head,
            failure,
        } => Some(record(product_id, head, Some(failure.clone()))),
        Observation::Gone | Observation::Unavailable(_) => None,
    }
}
