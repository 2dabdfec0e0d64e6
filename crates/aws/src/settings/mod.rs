//! The environment, read in one place and checked before anything else happens.
//!
//! [`Settings::from_env`] is called once per process. Every variable that is wrong is named in the one
//! [`SettingsError`], with a valid value; settings that contradict each other are refused.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LOOKALIKE_CATALOG_BUCKET` | bucket with `catalog/` and `uploads/` | required |
//! | `LOOKALIKE_INDEX_BUCKET` | bucket of the index | required |
//! | `LOOKALIKE_INDEX_PREFIX` | prefix of the index in that bucket | `index` |
//! | `LOOKALIKE_TABLE` | DynamoDB table of products and records | required |
//! | `LOOKALIKE_QUEUE_URL` | SQS queue from which the indexer learns of changes | none |
//! | `LOOKALIKE_RETRY_QUEUE_URL` | SQS queue that delivers one change at a time to the indexer, for changes that are retried | none |
//! | `LOOKALIKE_BACKFILL_QUEUE_URL` | SQS queue of images that are indexed straight into a vector base | none |
//! | `LOOKALIKE_INDEXER_SECONDS` | maximum seconds of an invocation of the indexer | `900` |
//! | `LOOKALIKE_ENCODER` | directory or `s3://bucket/prefix` of a model | the built-in model |
//! | `LOOKALIKE_FILTERABLE` | metadata that the index keeps for filters, comma separated; `category` is always included | `category` |
//! | `LOOKALIKE_REFRESH_SECONDS` | seconds between reads of the manifest | `1` |
//! | `LOOKALIKE_CORS_ORIGINS` | origins that may call from a browser, comma separated | `*` |
//! | `LOOKALIKE_CACHE_SECONDS` | seconds that browsers and a content delivery network may keep look-alikes of a product; `0` for none | `60` |
//! | `LOOKALIKE_AUTHORIZATION` | who may call, as in the template: `NONE` (everyone), `AWS_IAM` or `JWT` | `NONE` |
//! | `LOOKALIKE_AUDIT_SECONDS` | seconds that `GET /audit` may take; `0` disables it | `0` |
//! | `LOOKALIKE_ORIGIN_SECRET` | value that requests must have in the header `X-Origin-Verify`, 16 to 256 printable ASCII characters | none |
//! | `LOOKALIKE_PUBLIC_FAILURES` | `true` if an API without authorization names failed images and reasons | `false` |
//! | `LOOKALIKE_TRACE` | `true` to log the steps of every request and of the start | `false` |
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

use lookalike_core::{Filterable, OriginSecret};

pub use encoder_source::EncoderSource;
pub use problem::{SettingsError, SettingsProblem};
pub use variables::*;

/// The settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket with `catalog/` and `uploads/`.
    pub catalog_bucket: String,
    /// The bucket of the index.
    pub index_bucket: String,
    /// Prefix of the index in `index_bucket`, without slashes at its ends.
    pub index_prefix: String,
    /// The DynamoDB table.
    pub table: String,
    /// URL of the SQS queue from which the indexer learns of changes; only a sender of changes needs it.
    pub queue_url: Option<String>,
    /// URL of the SQS queue that delivers one change at a time to the indexer; only the indexer needs it.
    pub retry_queue_url: Option<String>,
    /// URL of the SQS queue of images that are indexed straight into a vector base; only a sender needs it.
    pub backfill_queue_url: Option<String>,
    /// Time of an invocation of the indexer; only the indexer needs it. Lambda's maximum by
    /// default.
    pub indexer_time: Duration,
    /// Source of the encoder.
    pub encoder: EncoderSource,
    /// The metadata of products that the index keeps for filters.
    pub filterable: Filterable,
    /// The age of a snapshot at which the manifest is read again.
    pub refresh: Duration,
    /// Origins that may call from a browser; `["*"]` for all.
    pub cors_origins: Vec<String>,
    /// Time for which browsers and a content delivery network may keep look-alikes of a product.
    pub cache: Duration,
    /// True if everyone may call, so that shared caches may keep answers.
    pub open: bool,
    /// The value that requests must have in the header `X-Origin-Verify`; `None` lets all requests in.
    pub origin_secret: Option<OriginSecret>,
    /// True if callers without authorization may see which images failed, and why.
    pub public_failures: bool,
    /// Time of a catalog audit within one request; `None` if audits are disabled.
    pub audit: Option<Duration>,
    /// True to log the steps of every request.
    pub trace: bool,
    /// True to address S3 as `host/bucket/key`, which is used whenever an endpoint is set.
    pub path_style: bool,
}

#[cfg(test)]
mod tests;
