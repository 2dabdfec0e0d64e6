//! Conditions of requests.

use http::{HeaderMap, HeaderValue, header};
use s3s::dto::{ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::attributes::last_modified;
use crate::store::{Version, WriteCondition};

/// The conditions of a read, evaluated in the order of RFC 9110, section 13.2.2.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

/// The result of a read's conditions on a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The conditions hold.
    Met,
    /// `If-Match` or `If-Unmodified-Since` does not hold.
    Failed,
    /// `If-None-Match` or `If-Modified-Since` does not hold.
    Unchanged,
}

impl ReadConditions {
    pub(super) fn verdict(&self, version: &Version) -> Verdict {
        // Dates in headers have whole seconds.
        let whole = version.stamp.modified - version.stamp.modified.rem_euclid(1_000_000_000);
        let modified = last_modified(whole);
        let failed = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => !names(condition, &version.etag),
            (None, Some(time)) => modified > *time,
            (None, None) => false,
        };
        let unchanged = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => names(condition, &version.etag),
            (None, Some(time)) => modified <= *time,
            (None, None) => false,
        };
        match (failed, unchanged) {
            (true, _) => Verdict::Failed,
            (false, true) => Verdict::Unchanged,
            (false, false) => Verdict::Met,
        }
    }

    /// Checks the conditions for a get or head: 412 or 304.
    pub(super) fn check(&self, version: &Version) -> S3Result<()> {
        match self.verdict(version) {
            Verdict::Met => Ok(()),
            Verdict::Failed => Err(precondition_failed()),
            Verdict::Unchanged => Err(not_modified(version)),
        }
    }
}

/// Returns the condition of a put, a completed upload or a delete.
pub(super) fn write_condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<WriteCondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(WriteCondition::Always),
        (None, Some(ETagCondition::Any)) => Ok(WriteCondition::Absent),
        (Some(ETagCondition::Any), None) => Ok(WriteCondition::Present),
        (Some(condition), None) => Ok(WriteCondition::Tagged(
            tags(condition).map(str::to_owned).collect(),
        )),
        _ => Err(s3_error!(
            NotImplemented,
            "a write takes either `If-Match` or `If-None-Match: *`, and no other condition"
        )),
    }
}

fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "the object does not meet the condition")
}

fn not_modified(version: &Version) -> S3Error {
    let mut headers = HeaderMap::new();
    let mut add = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    add(header::ETAG, &format!("\"{}\"", version.etag));
    if let Some(cache_control) = &version.attributes.cache_control {
        add(header::CACHE_CONTROL, cache_control);
    }
    let mut date = Vec::new();
    let time = last_modified(version.stamp.modified);
    if time.format(TimestampFormat::HttpDate, &mut date).is_ok() {
        add(header::LAST_MODIFIED, &String::from_utf8_lossy(&date));
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// True if the condition is `*` or lists the ETag.
fn names(condition: &ETagCondition, etag: &str) -> bool {
    condition.is_any() || tags(condition).any(|tag| tag == etag)
}

/// Returns the ETags of a condition, unquoted; s3s passes a list as one ETag with quotes inside.
fn tags(condition: &ETagCondition) -> impl Iterator<Item = &str> {
    let text = condition.as_etag().map_or("", |etag| etag.value());
    text.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{Attributes, Checksums};

    fn version() -> Version {
        Version {
            stamp: serde_json::from_str(r#"{"size": 1, "modified": 1700000000500000000}"#).unwrap(),
            etag: "abc".to_owned(),
            attributes: Attributes::default(),
            checksums: Checksums::default(),
        }
    }

    fn condition(text: &str) -> Option<ETagCondition> {
        Some(ETagCondition::parse_http_header(text.as_bytes()).unwrap())
    }

    #[test]
    fn etags_go_before_dates() {
        let second = Timestamp::parse(TimestampFormat::EpochSeconds, "1700000000").unwrap();
        let before = Timestamp::parse(TimestampFormat::EpochSeconds, "1699999999").unwrap();
        let verdict = |conditions: ReadConditions| conditions.verdict(&version());
        let none = ReadConditions::default;
        assert_eq!(verdict(none()), Verdict::Met);
        assert_eq!(
            verdict(ReadConditions {
                if_match: condition("\"x\""),
                ..none()
            }),
            Verdict::Failed
        );
        assert_eq!(
            verdict(ReadConditions {
                if_match: condition("\"x\", \"abc\""),
                ..none()
            }),
            Verdict::Met
        );
        assert_eq!(
            verdict(ReadConditions {
                if_none_match: condition("W/\"abc\""),
                ..none()
            }),
            Verdict::Unchanged
        );
        assert_eq!(
            verdict(ReadConditions {
                if_none_match: condition("*"),
                ..none()
            }),
            Verdict::Unchanged
        );
        let since = Some(second.clone());
        assert_eq!(
            verdict(ReadConditions {
                if_modified_since: since.clone(),
                ..none()
            }),
            Verdict::Unchanged
        );
        assert_eq!(
            verdict(ReadConditions {
                if_modified_since: Some(before.clone()),
                ..none()
            }),
            Verdict::Met
        );
        assert_eq!(
            verdict(ReadConditions {
                if_unmodified_since: Some(before),
                ..none()
            }),
            Verdict::Failed
        );
        let both = ReadConditions {
            if_none_match: condition("\"x\""),
            if_modified_since: since,
            ..none()
        };
        assert_eq!(verdict(both), Verdict::Met);
    }

    #[test]
    fn writes_take_one_condition() {
        let tagged = condition("\"a\"");
        let any = condition("*");
        assert_eq!(
            write_condition(None, any.as_ref()).unwrap(),
            WriteCondition::Absent
        );
        assert_eq!(
            write_condition(tagged.as_ref(), None).unwrap(),
            WriteCondition::Tagged(vec!["a".to_owned()])
        );
        assert!(write_condition(None, tagged.as_ref()).is_err());
        assert!(write_condition(any.as_ref(), any.as_ref()).is_err());
    }
}
