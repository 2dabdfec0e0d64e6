//! The source of the encoder.

use std::path::PathBuf;
use std::str::FromStr;

use super::checks::{Check, is_bucket, is_path};
use super::problem::SettingsProblem;
use super::variables::ENCODER;

/// The source of the encoder's model and preprocessing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncoderSource {
    /// The built-in model.
    Embedded,
    /// A directory with `model.onnx` and `preprocessor_config.json`.
    Directory(PathBuf),
    /// Both files as objects, `prefix/model.onnx` and so on.
    S3 {
        /// Their bucket.
        bucket: String,
        /// The prefix of the files, without slashes at its ends; may be empty.
        prefix: String,
    },
}

impl FromStr for EncoderSource {
    type Err = SettingsProblem;

    /// Parses the value of [`ENCODER`]; an empty text is the built-in model.
    fn from_str(text: &str) -> Result<Self, SettingsProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Embedded);
        }
        let Check { expected, value } = check(text);
        value.ok_or_else(|| SettingsProblem::Invalid {
            variable: ENCODER,
            found: text.to_owned(),
            expected,
        })
    }
}

/// Checks a directory or an S3 URI.
pub(super) fn check(text: &str) -> Check<EncoderSource> {
    let value = match text.split_once("://") {
        None => Some(EncoderSource::Directory(PathBuf::from(text))),
        Some(("s3", path)) => {
            let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
            let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
            (is_bucket(bucket) && (prefix.is_empty() || is_path(prefix))).then(|| {
                EncoderSource::S3 {
                    bucket: bucket.to_owned(),
                    prefix: prefix.to_owned(),
                }
            })
        }
        Some(_) => None,
    };
    Check {
        expected: "a directory or s3://bucket/prefix that holds model.onnx and \
                   preprocessor_config.json, or leave it unset for the embedded model",
        value,
    }
}
