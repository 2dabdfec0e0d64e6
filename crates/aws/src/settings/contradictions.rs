//! Settings that are valid alone but harmful together.

use super::Settings;
use super::encoder_source::EncoderSource;
use super::problem::SettingsProblem;
use super::variables::{CATALOG_BUCKET, ENCODER, INDEX_PREFIX, QUEUE_URL, RETRY_QUEUE_URL};

/// Prefixes of the catalog bucket that cause events or in which objects expire.
const WATCHED_PREFIXES: [&str; 2] = ["catalog", "uploads"];

/// Finds the settings that contradict each other.
pub(super) fn find(settings: &Settings) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    if settings.index_bucket == settings.catalog_bucket && is_watched(&settings.index_prefix) {
        problems.push(SettingsProblem::Contradiction {
            first: INDEX_PREFIX,
            second: CATALOG_BUCKET,
            reason: "the index would be in a prefix where pictures are watched or expire: \
                     choose another prefix or bucket for the index",
        });
    }
    if settings.queue_url.is_some() && settings.queue_url == settings.retry_queue_url {
        problems.push(SettingsProblem::Contradiction {
            first: RETRY_QUEUE_URL,
            second: QUEUE_URL,
            reason: "a change that comes back would never leave the queue: \
                     name a queue of its own, whose batches have one message",
        });
    }
    if let EncoderSource::S3 { bucket, prefix } = &settings.encoder
        && *bucket == settings.catalog_bucket
        && is_watched(prefix)
    {
        problems.push(SettingsProblem::Contradiction {
            first: ENCODER,
            second: CATALOG_BUCKET,
            reason: "the model would be in a prefix where pictures are watched or expire: \
                     move it to another prefix or bucket",
        });
    }
    problems
}

fn is_watched(prefix: &str) -> bool {
    prefix
        .split('/')
        .next()
        .is_some_and(|first| WATCHED_PREFIXES.contains(&first))
}
