//! The parts of AWS's documented event shapes that are read.

use serde::Deserialize;
use serde_json::Value;

use crate::change::Change;
use crate::error::EventError;
use crate::key::decode_key;

#[derive(Deserialize)]
pub(crate) struct Records<T> {
    #[serde(rename = "Records")]
    pub(crate) records: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueuedMessage {
    pub(crate) message_id: String,
    #[serde(default)]
    pub(crate) body: Value,
    #[serde(default)]
    pub(crate) attributes: Value,
}

#[derive(Deserialize)]
pub(crate) struct StreamRecord {
    pub(crate) dynamodb: StreamedWrite,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamedWrite {
    pub(crate) keys: Value,
    pub(crate) sequence_number: String,
}

#[derive(Deserialize)]
pub(crate) struct S3Record {
    pub(crate) s3: Location,
}

#[derive(Deserialize)]
pub(crate) struct BridgedEvent {
    pub(crate) detail: Location,
}

#[derive(Deserialize)]
pub(crate) struct BackfillEvent {
    detail: BackfillDetail,
}

#[derive(Deserialize)]
struct BackfillDetail {
    bucket: String,
    keys: Vec<String>,
}

impl BackfillEvent {
    pub(crate) fn changes(self) -> Vec<Change> {
        let BackfillDetail { bucket, keys } = self.detail;
        let changes = keys.into_iter().map(|key| Change {
            bucket: bucket.clone(),
            key,
        });
        changes.collect()
    }
}

#[derive(Deserialize)]
pub(crate) struct Location {
    pub(crate) bucket: Bucket,
    pub(crate) object: Object,
}

#[derive(Deserialize)]
pub(crate) struct Bucket {
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Object {
    pub(crate) key: String,
}

#[derive(Deserialize)]
pub(crate) struct SnsRecord {
    #[serde(rename = "Sns")]
    pub(crate) sns: SnsNotification,
}

#[derive(Deserialize)]
pub(crate) struct SnsNotification {
    #[serde(rename = "Message")]
    pub(crate) message: String,
}

impl TryFrom<S3Record> for Change {
    type Error = EventError;

    fn try_from(record: S3Record) -> Result<Self, EventError> {
        let Bucket { name: bucket } = record.s3.bucket;
        let Object { key: encoded } = record.s3.object;
        match decode_key(&encoded) {
            Ok(key) => Ok(Self { bucket, key }),
            Err(_) => Err(EventError::KeyNotUtf8(encoded)),
        }
    }
}

impl From<Location> for Change {
    /// Takes keys as they are in EventBridge, whereas S3's own notifications encode them.
    fn from(place: Location) -> Self {
        Self {
            bucket: place.bucket.name,
            key: place.object.key,
        }
    }
}
