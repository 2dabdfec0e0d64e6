//! Reading the settings from environment variables.

use std::time::Duration;

use super::encoder_source::{self, EncoderSource};
use super::problem::SettingsError;
use super::variable_reader::VariableReader;
use super::variables::*;
use super::{Settings, checks, contradictions};

impl Settings {
    /// Reads the settings of this process.
    ///
    /// # Errors
    /// Names every variable that is missing, invalid or contradicts another.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the settings from `variable`, by name: the environment of a test, or the outputs of a
    /// deployed stack.
    ///
    /// # Errors
    /// The errors of [`from_env`](Self::from_env).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut read = VariableReader::new(variable);
        let settings = Self {
            catalog_bucket: read.required(CATALOG_BUCKET, checks::bucket),
            index_bucket: read.required(INDEX_BUCKET, checks::bucket),
            index_prefix: (read.optional(INDEX_PREFIX, checks::prefix))
                .unwrap_or_else(|| "index".to_owned()),
            table: read.required(TABLE, checks::table),
            queue_url: read.optional(QUEUE_URL, checks::queue),
            retry_queue_url: read.optional(RETRY_QUEUE_URL, checks::queue),
            backfill_queue_url: read.optional(BACKFILL_QUEUE_URL, checks::queue),
            indexer_time: (read.optional(INDEXER_SECONDS, checks::seconds))
                .unwrap_or(Duration::from_secs(900)),
            encoder: (read.optional(ENCODER, encoder_source::check))
                .unwrap_or(EncoderSource::Embedded),
            filterable: (read.optional(FILTERABLE, checks::filterable)).unwrap_or_default(),
            refresh: (read.optional(REFRESH_SECONDS, checks::seconds))
                .unwrap_or(Duration::from_secs(1)),
            cors_origins: (read.optional(CORS_ORIGINS, checks::origins))
                .unwrap_or_else(|| vec!["*".to_owned()]),
            cache: (read.optional(CACHE_SECONDS, checks::seconds))
                .unwrap_or(Duration::from_secs(60)),
            open: read.optional(AUTHORIZATION, checks::open).unwrap_or(true),
            audit: (read.optional(AUDIT_SECONDS, checks::seconds)).filter(|time| !time.is_zero()),
            origin_secret: read.secret(ORIGIN_SECRET, checks::origin_secret),
            public_failures: (read.optional(PUBLIC_FAILURES, checks::switch)).unwrap_or(false),
            trace: read.optional(TRACE, checks::switch).unwrap_or(false),
            path_style: names_endpoint(|name| read.text(name)),
        };
        let mut problems = read.problems;
        problems.extend(contradictions::find(&settings));
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError { problems })
        }
    }
}

/// Returns the value of [`Settings::path_style`] for clients without settings.
pub(crate) fn path_style_of_env() -> bool {
    names_endpoint(|name| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    })
}

/// True if the SDK's own variables direct S3 requests to a server that is not Amazon's.
fn names_endpoint(variable: impl Fn(&str) -> Option<String>) -> bool {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .any(|name| variable(name).is_some())
}
