//! Gets and heads.

use std::io::{Seek, SeekFrom};

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::LocalS3;
use super::attributes::describe_output;
use super::body::outgoing;
use super::conditions::ReadConditions;
use crate::store::StoreError;

impl LocalS3 {
    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<GetObjectOutput> {
        let input = request.input;
        check_part(input.part_number)?;
        let read = move |this: &Self| {
            let address = this.store.readable(&input.bucket, &input.key)?;
            let mut object = this.store.open_object(&address)?;
            let version = &object.version;
            let conditions = ReadConditions {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
                if_modified_since: input.if_modified_since,
                if_unmodified_since: input.if_unmodified_since,
            };
            conditions.check(version)?;
            let mut output = GetObjectOutput::default();
            let size = version.stamp.size;
            let wanted = match input.range {
                None => 0..size,
                Some(range) => {
                    let out_of_range = |_| s3_error!(InvalidRange, "the object has {size} bytes");
                    let part = range.check(size).map_err(out_of_range)?;
                    output.content_range =
                        Some(format!("bytes {}-{}/{size}", part.start, part.end - 1));
                    part
                }
            };
            let whole = wanted == (0..size);
            let checksums = whole && input.checksum_mode.is_some();
            describe_output!(output, version, checksums);
            let length = wanted.end - wanted.start;
            output.content_length = i64::try_from(length).ok();
            let body = object
                .file
                .seek(SeekFrom::Start(wanted.start))
                .and_then(|_| outgoing(object.file, length));
            output.body = Some(body.map_err(StoreError::from)?);
            Ok::<_, S3Error>(output)
        };
        self.blocking(read).await
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<HeadObjectOutput> {
        let input = request.input;
        check_part(input.part_number)?;
        let read = move |this: &Self| {
            let address = this.store.readable(&input.bucket, &input.key)?;
            let version = this.store.open_object(&address)?.version;
            let conditions = ReadConditions {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
                if_modified_since: input.if_modified_since,
                if_unmodified_since: input.if_unmodified_since,
            };
            conditions.check(&version)?;
            let mut output = HeadObjectOutput::default();
            describe_output!(output, version, input.checksum_mode.is_some());
            output.content_length = i64::try_from(version.stamp.size).ok();
            Ok::<_, S3Error>(output)
        };
        self.blocking(read).await
    }
}

/// Checks the part number. Parts are not kept separately once an upload is complete: the object is
/// its own first part.
fn check_part(number: Option<i32>) -> S3Result<()> {
    match number {
        None | Some(1) => Ok(()),
        Some(_) => Err(s3_error!(
            NotImplemented,
            "an object cannot be read by part: use a range instead"
        )),
    }
}
