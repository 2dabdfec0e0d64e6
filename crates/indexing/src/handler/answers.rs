//! The outcomes of a batch, as senders and the log take them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::HandlerError;
use crate::report::{BatchReport, Outcome};

/// Logs the keys that must be tried again.
pub(super) fn warn_of_retries(report: &BatchReport) {
    for (key, reason) in retries(report) {
        tracing::warn!(key, reason, "an image must be tried again");
    }
}

/// Returns the keys that must be tried again, and why.
pub(super) fn retries(report: &BatchReport) -> HashMap<&str, &str> {
    (report.outcomes.iter())
        .filter_map(|(key, outcome)| match outcome {
            Outcome::Retry(reason) => Some((key.as_str(), reason.as_str())),
            _ => None,
        })
        .collect()
}

/// Fails if any key must be tried again.
pub(super) fn expect_all_done(report: &BatchReport) -> Result<(), HandlerError> {
    let retried = retries(report);
    match retried.iter().next() {
        None => Ok(()),
        Some((key, reason)) => Err(HandlerError::Unfinished {
            count: retried.len(),
            total: report.outcomes.len(),
            key: (*key).to_owned(),
            reason: (*reason).to_owned(),
        }),
    }
}

/// Returns the answer to a sender that takes no list of messages.
pub(super) fn counts(report: &BatchReport) -> Value {
    let count = |wanted: fn(&Outcome) -> bool| {
        report
            .outcomes
            .iter()
            .filter(|(_, outcome)| wanted(outcome))
            .count()
    };
    json!({
        "generation": report.generation,
        "indexed": count(|o| matches!(o, Outcome::Indexed)),
        "updated": count(|o| matches!(o, Outcome::Updated)),
        "removed": count(|o| matches!(o, Outcome::Removed)),
        "unchanged": count(|o| matches!(o, Outcome::Unchanged)),
        "failed": count(|o| matches!(o, Outcome::Failed(_))),
        "retry": count(|o| matches!(o, Outcome::Retry(_))),
    })
}
