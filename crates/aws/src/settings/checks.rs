//! Checks of the values of variables.

use std::time::Duration;

use lookalike_core::{Filterable, OriginSecret};

/// The outcome of a check: a description of the expected value, and the value if the text is one.
pub(super) struct Check<T> {
    pub(super) expected: &'static str,
    pub(super) value: Option<T>,
}

/// Checks a bucket's name, or the ARN of an access point.
pub(super) fn bucket(text: &str) -> Check<String> {
    Check {
        expected: "the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots",
        value: is_bucket(text).then(|| text.to_owned()),
    }
}

pub(super) fn is_bucket(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with("arn:")
        || ((3..=63).contains(&text.len())
            && text.starts_with(plain)
            && text.ends_with(plain)
            && text.chars().all(|c| plain(c) || c == '-' || c == '.'))
}

/// Checks a prefix in a bucket.
pub(super) fn prefix(text: &str) -> Check<String> {
    Check {
        expected: "a path such as `index` or `shops/one`, without slashes at its ends, \
                   of at most 512 bytes",
        value: is_path(text).then(|| text.to_owned()),
    }
}

pub(super) fn is_path(text: &str) -> bool {
    text.len() <= 512
        && text
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.contains(char::is_control))
}

/// Checks a table's name or ARN.
pub(super) fn table(text: &str) -> Check<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fine =
        text.starts_with("arn:") || ((3..=255).contains(&text.len()) && text.chars().all(plain));
    Check {
        expected: "the name of a DynamoDB table: 3 to 255 letters, digits, `_`, `-` and `.`",
        value: fine.then(|| text.to_owned()),
    }
}

/// Checks the URL of an SQS queue.
pub(super) fn queue(text: &str) -> Check<String> {
    Check {
        expected: "the URL of a standard SQS queue, such as \
                   https://sqs.eu-central-1.amazonaws.com/123456789012/changes",
        value: is_queue_url(text).then(|| text.to_owned()),
    }
}

/// True if it ends with an account and a queue's name. The names of FIFO queues have a dot: S3
/// cannot send there, and messages would need a group.
fn is_queue_url(text: &str) -> bool {
    let mut parts = text.rsplitn(3, '/');
    let (name, account, server) = (parts.next(), parts.next(), parts.next());
    let is_name = |name: &str| {
        (1..=80).contains(&name.len())
            && (name.chars()).all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let is_account =
        |account: &str| account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    name.is_some_and(is_name) && account.is_some_and(is_account) && server.is_some_and(is_origin)
}

/// Checks names of attributes.
pub(super) fn filterable(text: &str) -> Check<Filterable> {
    Check {
        expected: "names of metadata separated by commas, such as `price,brand`: at most 32, each of at \
                   most 128 bytes without `=`, `!`, `<` and `>`, and none of them `and`, `or` or `not`",
        value: text.parse().ok(),
    }
}

/// Checks a duration of at most a day.
pub(super) fn seconds(text: &str) -> Check<Duration> {
    let value = text
        .parse()
        .ok()
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64);
    Check {
        expected: "a number of seconds from 0 to 86400",
        value,
    }
}

/// Checks for `*`, or origins without paths.
pub(super) fn origins(text: &str) -> Check<Vec<String>> {
    let origins: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(str::to_owned)
        .collect();
    let fine = origins == ["*"] || (!origins.is_empty() && origins.iter().all(|o| is_origin(o)));
    Check {
        expected: "`*` alone, or origins such as https://shop.example separated by commas",
        value: fine.then_some(origins),
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return false;
    };
    matches!(scheme, "http" | "https")
        && !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']'))
}

/// Checks the authorization; the value is true if the API is open to everyone.
pub(super) fn open(text: &str) -> Check<bool> {
    let value = match text {
        "NONE" => Some(true),
        "AWS_IAM" | "JWT" => Some(false),
        _ => None,
    };
    Check {
        expected: "`NONE`, `AWS_IAM` or `JWT`",
        value,
    }
}

/// Checks for a secret of the origin.
pub(super) fn origin_secret(text: &str) -> Check<OriginSecret> {
    Check {
        expected: "16 to 256 printable ASCII characters without spaces",
        value: OriginSecret::parse(text),
    }
}

/// Checks for `true` or `false`.
pub(super) fn switch(text: &str) -> Check<bool> {
    let value = match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" => Some(true),
        "0" | "false" | "off" | "no" => Some(false),
        _ => None,
    };
    Check {
        expected: "`true` or `false`",
        value,
    }
}
