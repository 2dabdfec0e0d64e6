//! The checksums that a request carries, and those that an answer reports.

use http::HeaderMap;
use s3s::dto::ChecksumAlgorithm;
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::store::{Checks, Checksums, Content};

/// The checksums that the sender of a body provides: in headers, or in trailers after it.
#[derive(Clone, Debug, Default)]
pub(super) struct SentChecksums {
    pub(super) md5: Option<String>,
    pub(super) sums: Checksums,
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    /// The value of `x-amz-trailer`.
    pub(super) trailer: String,
    pub(super) trailers: Option<TrailingHeaders>,
}

/// The checksum fields that the inputs of a put and of a part share.
macro_rules! sent_checksums {
    ($request:expr) => {{
        let input = &$request.input;
        $crate::s3::checksums::SentChecksums {
            md5: input.content_md5.clone(),
            sums: $crate::store::Checksums {
                crc32: input.checksum_crc32.clone(),
                crc32c: input.checksum_crc32c.clone(),
                crc64nvme: input.checksum_crc64nvme.clone(),
                sha1: input.checksum_sha1.clone(),
                sha256: input.checksum_sha256.clone(),
            },
            algorithm: input.checksum_algorithm.clone(),
            trailer: $crate::s3::checksums::trailer_names(&$request.headers),
            trailers: $request.trailing_headers.clone(),
        }
    }};
}

/// Fills the checksum fields of an output.
macro_rules! report_checksums {
    ($output:expr, $sums:expr) => {{
        $output.checksum_crc32.clone_from(&$sums.crc32);
        $output.checksum_crc32c.clone_from(&$sums.crc32c);
        $output.checksum_crc64nvme.clone_from(&$sums.crc64nvme);
        $output.checksum_sha1.clone_from(&$sums.sha1);
        $output.checksum_sha256.clone_from(&$sums.sha256);
    }};
}

pub(super) use {report_checksums, sent_checksums};

pub(super) fn trailer_names(headers: &HeaderMap) -> String {
    let value = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

impl SentChecksums {
    /// Returns the checksums to compute while the body is received.
    pub(super) fn checks(&self) -> Checks {
        let algorithm = self
            .algorithm
            .as_ref()
            .map_or("", ChecksumAlgorithm::as_str)
            .to_ascii_lowercase();
        let wanted = |name: &str, sent: &Option<String>| {
            let in_trailer = self.trailer.split(',').any(|header| {
                header
                    .trim()
                    .strip_prefix("x-amz-checksum-")
                    .is_some_and(|trailing| trailing == name)
            });
            sent.is_some() || in_trailer || algorithm == name
        };
        Checks {
            crc32: wanted("crc32", &self.sums.crc32),
            crc32c: wanted("crc32c", &self.sums.crc32c),
            crc64nvme: wanted("crc64nvme", &self.sums.crc64nvme),
            sha1: wanted("sha1", &self.sums.sha1),
            sha256: wanted("sha256", &self.sums.sha256),
        }
    }

    /// Compares the received bytes with the sender's checksums; the body must be consumed.
    pub(super) fn verify(mut self, content: &Content) -> S3Result<()> {
        if let Some(trailers) = self.trailers.take().and_then(|trailers| trailers.take()) {
            for (name, sum) in [
                ("x-amz-checksum-crc32", &mut self.sums.crc32),
                ("x-amz-checksum-crc32c", &mut self.sums.crc32c),
                ("x-amz-checksum-crc64nvme", &mut self.sums.crc64nvme),
                ("x-amz-checksum-sha1", &mut self.sums.sha1),
                ("x-amz-checksum-sha256", &mut self.sums.sha256),
            ] {
                if let Some(value) = trailers.get(name) {
                    let value = value
                        .to_str()
                        .map_err(|error| s3_error!(error, InvalidArgument))?;
                    *sum = Some(value.trim().to_owned());
                }
            }
        }
        Ok(content.verify(self.md5.as_deref(), &self.sums)?)
    }
}
