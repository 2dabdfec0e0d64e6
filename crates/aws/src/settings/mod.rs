//! The environment, read in one place and checked before anything else happens.
//!
//! [`Settings::from_env`] is called once per process. Every variable that is wrong is named in the one
//! [`SettingsError`], with what to set instead; settings that contradict each other are refused.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LOOKALIKE_CATALOG_BUCKET` | bucket with `catalog/` and `uploads/` | required |
//! | `LOOKALIKE_INDEX_BUCKET` | bucket of the index | required |
//! | `LOOKALIKE_INDEX_PREFIX` | where in that bucket the index lives | `index` |
//! | `LOOKALIKE_TABLE` | DynamoDB table of products and records | required |
//! | `LOOKALIKE_QUEUE_URL` | SQS queue from which the indexer learns of changes | none |
//! | `LOOKALIKE_RETRY_QUEUE_URL` | SQS queue that hands the indexer one change at a time, for those that came back | none |
//! | `LOOKALIKE_INDEXER_SECONDS` | seconds that an invocation of the indexer takes at most | `900` |
//! | `LOOKALIKE_ENCODER` | directory or `s3://bucket/prefix` of a model | the embedded model |
//! | `LOOKALIKE_FILTERABLE` | metadata that the index keeps to filter by, comma separated; `category` always is | `category` |
//! | `LOOKALIKE_REFRESH_SECONDS` | seconds between looks at the manifest | `1` |
//! | `LOOKALIKE_CORS_ORIGINS` | origins that may call from a browser, comma separated | `*` |
//! | `LOOKALIKE_CACHE_SECONDS` | seconds that browsers and a content delivery network may keep look-alikes of a product; `0` for none | `60` |
//! | `LOOKALIKE_AUTHORIZATION` | who may call, as the template says it: `NONE` (everybody), `AWS_IAM` or `JWT` | `NONE` |
//! | `LOOKALIKE_AUDIT_SECONDS` | seconds that `GET /audit` may take; `0` switches it off | `0` |
//! | `LOOKALIKE_TRACE` | whether to log the steps of every request and of the start, `true` or `false` | `false` |
//!
//! An empty variable counts as unset, because a deployment template cannot leave one out.

mod checks;
mod contradictions;
mod encoder_source;
mod problem;
pub(crate) mod read;
mod variable_reader;
mod variables;

use std::time::Duration;

use lookalike_service::Filterable;

pub use encoder_source::EncoderSource;
pub use problem::{SettingsError, SettingsProblem};
pub use variables::*;

/// Everything that a deployment can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket with `catalog/` and `uploads/`.
    pub catalog_bucket: String,
    /// The bucket of the index.
    pub index_bucket: String,
    /// Where in `index_bucket` the index lives, without slashes at its ends.
    pub index_prefix: String,
    /// The DynamoDB table.
    pub table: String,
    /// URL of the SQS queue from which the indexer learns of changes; only who puts changes there needs it.
    pub queue_url: Option<String>,
    /// URL of the SQS queue that hands the indexer one change at a time; only the indexer needs it.
    pub retry_queue_url: Option<String>,
    /// Longest time of an invocation of the indexer; only the indexer needs it. By default Lambda's longest.
    pub indexer_time: Duration,
    /// Where the encoder comes from.
    pub encoder: EncoderSource,
    /// Which of their products' metadata the index keeps, to filter by.
    pub filterable: Filterable,
    /// How old a snapshot may be before the manifest is looked at again.
    pub refresh: Duration,
    /// Origins that may call from a browser; `["*"]` for all.
    pub cors_origins: Vec<String>,
    /// How long browsers and a content delivery network may keep look-alikes of a product.
    pub cache: Duration,
    /// Whether everybody may call, so that all may see what one gets.
    pub open: bool,
    /// How long looking over the catalog may take within one request; `None` where nobody may ask for it.
    pub audit: Option<Duration>,
    /// Whether to log the steps of every request.
    pub trace: bool,
    /// Whether S3 is addressed as `host/bucket/key`: so whenever an endpoint is set.
    pub path_style: bool,
}

#[cfg(test)]
mod tests;
