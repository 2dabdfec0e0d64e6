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
mod problem;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lookalike_core::Filterable;

pub use problem::{SettingsError, SettingsProblem};

/// Names the bucket with the pictures.
pub const CATALOG_BUCKET: &str = "LOOKALIKE_CATALOG_BUCKET";
/// Names the bucket with the index.
pub const INDEX_BUCKET: &str = "LOOKALIKE_INDEX_BUCKET";
/// Says where in its bucket the index lives.
pub const INDEX_PREFIX: &str = "LOOKALIKE_INDEX_PREFIX";
/// Names the DynamoDB table.
pub const TABLE: &str = "LOOKALIKE_TABLE";
/// Names the SQS queue of changes.
pub const QUEUE_URL: &str = "LOOKALIKE_QUEUE_URL";
/// Names the SQS queue of changes that came back.
pub const RETRY_QUEUE_URL: &str = "LOOKALIKE_RETRY_QUEUE_URL";
/// Says how long an invocation of the indexer may take.
pub const INDEXER_SECONDS: &str = "LOOKALIKE_INDEXER_SECONDS";
/// Says where the encoder's model is.
pub const ENCODER: &str = "LOOKALIKE_ENCODER";
/// Lists the attributes that searches can be filtered by.
pub const FILTERABLE: &str = "LOOKALIKE_FILTERABLE";
/// Says how old a snapshot may be.
pub const REFRESH_SECONDS: &str = "LOOKALIKE_REFRESH_SECONDS";
/// Lists the origins that browsers may call from.
pub const CORS_ORIGINS: &str = "LOOKALIKE_CORS_ORIGINS";
/// Says how long others may keep answers.
pub const CACHE_SECONDS: &str = "LOOKALIKE_CACHE_SECONDS";
/// Says who may call.
pub const AUTHORIZATION: &str = "LOOKALIKE_AUTHORIZATION";
/// Says how long looking over the catalog may take.
pub const AUDIT_SECONDS: &str = "LOOKALIKE_AUDIT_SECONDS";
/// Turns detailed logging on.
pub const TRACE: &str = "LOOKALIKE_TRACE";

/// Prefixes of the catalog bucket that the system reacts to or lets expire.
const WATCHED_PREFIXES: [&str; 2] = ["catalog", "uploads"];

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

/// Where the encoder's model and preprocessing come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncoderSource {
    /// The model in the binary.
    Embedded,
    /// A directory with `model.onnx` and `preprocessor_config.json`.
    Directory(PathBuf),
    /// The same two files as objects `prefix/model.onnx` and so on.
    S3 {
        /// Their bucket.
        bucket: String,
        /// What stands before the file names, without slashes at its ends; may be empty.
        prefix: String,
    },
}

/// As [`Settings::path_style`], for what needs no other setting.
pub(crate) fn path_style_of_env() -> bool {
    names_endpoint(|name| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    })
}

impl FromStr for EncoderSource {
    type Err = SettingsProblem;

    /// Reads what [`ENCODER`] may hold; an empty text is the embedded model.
    fn from_str(text: &str) -> Result<Self, SettingsProblem> {
        let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let source = checks::optional(ENCODER, text, checks::encoder)?;
        Ok(source.unwrap_or(Self::Embedded))
    }
}

impl Settings {
    /// The settings of this process.
    ///
    /// # Errors
    /// Names every variable that is missing, wrong or contradicts another.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The settings that `variable` gives, by name: the environment of a test, or the outputs of a
    /// deployed stack.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let set = |name: &str| {
            let text = variable(name)?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let mut problems = Vec::new();
        let settings = Self {
            catalog_bucket: checks::required(CATALOG_BUCKET, set(CATALOG_BUCKET), checks::bucket)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            index_bucket: checks::required(INDEX_BUCKET, set(INDEX_BUCKET), checks::bucket)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            index_prefix: checks::optional(INDEX_PREFIX, set(INDEX_PREFIX), checks::prefix)
                .map(|prefix| prefix.unwrap_or_else(|| "index".to_owned()))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            table: checks::required(TABLE, set(TABLE), checks::table)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            queue_url: checks::optional(QUEUE_URL, set(QUEUE_URL), checks::queue)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            retry_queue_url: checks::optional(RETRY_QUEUE_URL, set(RETRY_QUEUE_URL), checks::queue)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            indexer_time: checks::optional(INDEXER_SECONDS, set(INDEXER_SECONDS), checks::seconds)
                .map(|time| time.unwrap_or(Duration::from_secs(900)))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            encoder: checks::optional(ENCODER, set(ENCODER), checks::encoder)
                .map(|source| source.unwrap_or(EncoderSource::Embedded))
                .unwrap_or_else(|problem| {
                    problems.push(problem);
                    EncoderSource::Embedded
                }),
            filterable: checks::optional(FILTERABLE, set(FILTERABLE), checks::filterable)
                .map(Option::unwrap_or_default)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            refresh: checks::optional(REFRESH_SECONDS, set(REFRESH_SECONDS), checks::seconds)
                .map(|refresh| refresh.unwrap_or(Duration::from_secs(1)))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            cors_origins: checks::optional(CORS_ORIGINS, set(CORS_ORIGINS), checks::origins)
                .map(|origins| origins.unwrap_or_else(|| vec!["*".to_owned()]))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            cache: checks::optional(CACHE_SECONDS, set(CACHE_SECONDS), checks::seconds)
                .map(|time| time.unwrap_or(Duration::from_secs(60)))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            open: checks::optional(AUTHORIZATION, set(AUTHORIZATION), checks::open)
                .map(|open| open.unwrap_or(true))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            audit: checks::optional(AUDIT_SECONDS, set(AUDIT_SECONDS), checks::seconds)
                .map(|time| time.filter(|time| !time.is_zero()))
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            trace: checks::optional(TRACE, set(TRACE), checks::switch)
                .map(Option::unwrap_or_default)
                .unwrap_or_else(|problem| note(&mut problems, problem)),
            path_style: names_endpoint(set),
        };
        settings.find_contradictions(&mut problems);
        match problems.is_empty() {
            true => Ok(settings),
            false => Err(SettingsError { problems }),
        }
    }

    /// Settings that are each fine but do harm together.
    fn find_contradictions(&self, problems: &mut Vec<SettingsProblem>) {
        if self.index_bucket == self.catalog_bucket && is_watched(&self.index_prefix) {
            problems.push(SettingsProblem::Contradiction {
                first: INDEX_PREFIX,
                second: CATALOG_BUCKET,
                reason: "the index would lie where pictures are watched or expire: \
                         choose another prefix or bucket for the index",
            });
        }
        if self.queue_url.is_some() && self.queue_url == self.retry_queue_url {
            problems.push(SettingsProblem::Contradiction {
                first: RETRY_QUEUE_URL,
                second: QUEUE_URL,
                reason: "a change that comes back would never leave the queue: \
                         name a queue of its own, whose batches have one message",
            });
        }
        if let EncoderSource::S3 { bucket, prefix } = &self.encoder
            && *bucket == self.catalog_bucket
            && is_watched(prefix)
        {
            problems.push(SettingsProblem::Contradiction {
                first: ENCODER,
                second: CATALOG_BUCKET,
                reason: "the model would lie where pictures are watched or expire: \
                         move it to another prefix or bucket",
            });
        }
    }
}

/// Whether the SDK's own variables send S3 requests to another server than Amazon's.
fn names_endpoint(variable: impl Fn(&str) -> Option<String>) -> bool {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .any(|name| variable(name).is_some())
}

/// Keeps a problem and goes on with a placeholder, so that one run names all of them.
fn note<T: Default>(problems: &mut Vec<SettingsProblem>, problem: SettingsProblem) -> T {
    problems.push(problem);
    T::default()
}

fn is_watched(prefix: &str) -> bool {
    prefix
        .split('/')
        .next()
        .is_some_and(|first| WATCHED_PREFIXES.contains(&first))
}

#[cfg(test)]
mod tests;
