//! The encoders stored beside the index.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use lookalike_core::ports::{EncoderStore, StoredEncoders};
use lookalike_core::{EncoderFiles, StoreError, StoredEncoder};
use lookalike_index::Fingerprint;
use serde_json::{Value, json};

use crate::encoder::file_names::{MODEL, PREPROCESSING};
use crate::errors;
use crate::s3::bucket::Bucket;
use crate::s3::listing;
use crate::s3::reading::Reading;

/// Written last and removed first: if it is there, the other files are too.
const CARD: &str = "encoder.json";

/// The encoders at `<prefix>/encoders/<fingerprint>/`: `model.onnx`, `preprocessor_config.json`, and
/// `encoder.json` with the encoder's name.
#[derive(Debug, Clone)]
pub struct S3Encoders {
    bucket: Arc<Bucket>,
    prefix: String,
}

impl S3Encoders {
    pub(crate) fn new(bucket: Arc<Bucket>, prefix: &str) -> Self {
        Self {
            bucket,
            prefix: format!("{prefix}/encoders/"),
        }
    }

    fn key(&self, fingerprint: Fingerprint, name: &str) -> String {
        format!("{}{fingerprint}/{name}", self.prefix)
    }

    /// Returns the encoder that an object belongs to, unless another program put it there.
    fn fingerprint(&self, key: &str) -> Option<Fingerprint> {
        let (folder, _) = key.strip_prefix(&self.prefix)?.split_once('/')?;
        folder.parse().ok()
    }

    async fn read(
        &self,
        fingerprint: Fingerprint,
        name: &str,
    ) -> Result<Option<Bytes>, StoreError> {
        let key = self.key(fingerprint, name);
        match self.bucket.read(&key, u64::MAX, |get| get).await? {
            Reading::Found(read) => Ok(Some(read.body.unwrap_or_default())),
            Reading::Missing | Reading::Unchanged => Ok(None),
        }
    }

    async fn write(
        &self,
        fingerprint: Fingerprint,
        name: &str,
        bytes: Bytes,
        content_type: &str,
    ) -> Result<(), StoreError> {
        let key = self.key(fingerprint, name);
        match self.bucket.put(&key, bytes, content_type).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let operation = self.bucket.operation("put", &key);
                Err(errors::translate(self.bucket.resource(), operation, error))
            }
        }
    }
}

#[async_trait]
impl StoredEncoders for S3Encoders {
    async fn put(&self, fingerprint: Fingerprint, files: &EncoderFiles) -> Result<(), StoreError> {
        let card = json!({ "name": files.name }).to_string();
        let json = "application/json";
        let (model, preprocessing) = (files.model.clone(), files.preprocessing.clone());
        self.write(fingerprint, MODEL, model, "application/octet-stream")
            .await?;
        self.write(fingerprint, PREPROCESSING, preprocessing, json)
            .await?;
        self.write(fingerprint, CARD, card.into(), json).await
    }

    async fn load(&self, fingerprint: Fingerprint) -> Result<Option<EncoderFiles>, StoreError> {
        let (card, model, preprocessing) = futures::try_join!(
            self.read(fingerprint, CARD),
            self.read(fingerprint, MODEL),
            self.read(fingerprint, PREPROCESSING)
        )?;
        let (Some(card), Some(model), Some(preprocessing)) = (card, model, preprocessing) else {
            return Ok(None);
        };
        // The name is only for people: a damaged card is no reason not to use the encoder.
        let card: Option<Value> = serde_json::from_slice(&card).ok();
        let name = card.as_ref().and_then(|card| card["name"].as_str());
        Ok(Some(EncoderFiles {
            name: name.unwrap_or("stored").to_owned(),
            model,
            preprocessing,
        }))
    }

    async fn contains(&self, fingerprint: Fingerprint) -> Result<bool, StoreError> {
        Ok(self.read(fingerprint, CARD).await?.is_some())
    }
}

#[async_trait]
impl EncoderStore for S3Encoders {
    async fn list(&self) -> Result<Vec<StoredEncoder>, StoreError> {
        let objects = listing::list_all(&self.bucket, &self.prefix, |list| list).await?;
        let mut newest: HashMap<Fingerprint, SystemTime> = HashMap::new();
        for object in objects {
            if let (Some(fingerprint), Some(modified)) =
                (self.fingerprint(&object.key), object.modified)
            {
                let known = newest.entry(fingerprint).or_insert(modified);
                *known = (*known).max(modified);
            }
        }
        let encoders = newest.into_iter();
        Ok(encoders
            .map(|(fingerprint, modified)| StoredEncoder {
                fingerprint,
                modified,
            })
            .collect())
    }

    async fn delete(&self, fingerprint: Fingerprint) -> Result<(), StoreError> {
        for name in [CARD, MODEL, PREPROCESSING] {
            self.bucket.delete(&self.key(fingerprint, name)).await?;
        }
        Ok(())
    }
}
