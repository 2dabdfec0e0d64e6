//! Copies.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use http::{HeaderMap, HeaderName, header};
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::LocalS3;
use super::attributes::{attributes_of, last_modified};
use super::conditions::{ReadConditions, Verdict, write_condition};
use crate::store::{Checks, Content, Object, StoreError, WriteCondition};

/// The conditions on a copy's source; copies of objects and of parts share field names.
macro_rules! source_conditions {
    ($input:expr) => {
        $crate::s3::conditions::ReadConditions {
            if_match: $input.copy_source_if_match.clone(),
            if_none_match: $input.copy_source_if_none_match.clone(),
            if_modified_since: $input.copy_source_if_modified_since.clone(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.clone(),
        }
    };
}
pub(super) use source_conditions;

impl LocalS3 {
    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        let condition = destination_condition(&request.headers)?;
        let input = request.input;
        let directive = input
            .metadata_directive
            .as_ref()
            .map_or("", MetadataDirective::as_str);
        let replacement = match directive {
            "" | MetadataDirective::COPY => None,
            MetadataDirective::REPLACE => Some(attributes_of!(input)),
            other => {
                return Err(s3_error!(
                    InvalidArgument,
                    "unknown metadata directive `{other}`: expected COPY or REPLACE"
                ));
            }
        };
        let (bucket, key) = source(&input.copy_source)?;
        if replacement.is_none() && *bucket == *input.bucket && *key == *input.key {
            return Err(s3_error!(
                InvalidRequest,
                "an object is copied to itself only to change its metadata: use the metadata directive REPLACE"
            ));
        }
        let conditions = source_conditions!(input);
        let copy = move |this: &Self| {
            this.store.check_bucket(&input.bucket)?;
            let address = this.store.address(&input.bucket, &input.key)?;
            let mut from = this.open_source(&input.copy_source, &conditions)?;
            let size = from.version.stamp.size;
            let content = this.copy_range(&mut from, 0..size)?;
            let attributes = replacement.unwrap_or_else(|| from.version.attributes.clone());
            let copied = this.store.put(
                &address,
                &content,
                content.etag(),
                attributes,
                &condition,
                "ObjectCreated:Copy",
            )?;
            Ok::<_, S3Error>(copied)
        };
        let version = self.blocking(copy).await?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(version.etag.clone())),
            last_modified: Some(last_modified(version.stamp.modified)),
            ..Default::default()
        };
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            ..Default::default()
        })
    }

    /// Opens the source of a copy, if its conditions hold.
    pub(super) fn open_source(
        &self,
        from: &CopySource,
        conditions: &ReadConditions,
    ) -> S3Result<Object> {
        let (bucket, key) = source(from)?;
        let object = self.store.open_object(&self.store.readable(bucket, key)?)?;
        match conditions.verdict(&object.version) {
            Verdict::Met => Ok(object),
            // In a copy, both kinds of conditions fail alike.
            Verdict::Failed | Verdict::Unchanged => Err(StoreError::PreconditionFailed.into()),
        }
    }

    /// Copies bytes of an opened object to a new file, and computes the checksums that the source
    /// has.
    pub(super) fn copy_range(
        &self,
        from: &mut Object,
        range: Range<u64>,
    ) -> Result<Content, StoreError> {
        let checks = Checks::of(&from.version.checksums);
        let mut draft = self.incoming.begin(&checks)?;
        from.file.seek(SeekFrom::Start(range.start))?;
        let mut left = range.end - range.start;
        let mut buffer = vec![0; 1 << 18];
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(buffer.len())
                .min(buffer.len());
            let read = from.file.read(&mut buffer[..most])?;
            if read == 0 {
                return Err(StoreError::SourceChanged);
            }
            draft.write(&buffer[..read])?;
            left -= read as u64;
        }
        if !from.is_unchanged()? {
            return Err(StoreError::SourceChanged);
        }
        Ok(draft.finish()?)
    }
}

/// Returns the condition on the object that a copy replaces, which s3s does not read.
fn destination_condition(headers: &HeaderMap) -> S3Result<WriteCondition> {
    let condition = |name: HeaderName| -> S3Result<Option<ETagCondition>> {
        let Some(value) = headers.get(&name) else {
            return Ok(None);
        };
        let parsed = ETagCondition::parse_http_header(value.as_bytes());
        let parsed = parsed.map_err(|_| s3_error!(InvalidArgument, "`{name}` is not an ETag"))?;
        Ok(Some(parsed))
    };
    let if_match = condition(header::IF_MATCH)?;
    let if_none_match = condition(header::IF_NONE_MATCH)?;
    write_condition(if_match.as_ref(), if_none_match.as_ref())
}

fn source(from: &CopySource) -> S3Result<(&str, &str)> {
    match from {
        CopySource::Bucket {
            bucket,
            key,
            version_id: None,
        } => Ok((bucket, key)),
        CopySource::Bucket {
            version_id: Some(_),
            ..
        } => Err(s3_error!(
            NotImplemented,
            "the buckets are not versioned: leave out the version id"
        )),
        _ => Err(s3_error!(
            NotImplemented,
            "there are no access points: name the source by bucket and key"
        )),
    }
}
