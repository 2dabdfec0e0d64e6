//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::LocalS3;
use super::attributes::attributes_of;
use super::checksums::{report_checksums, sent_checksums};
use super::conditions::write_condition;
use super::copying::source_conditions;
use super::listings::encode;
use crate::store::{Checks, Checksums, StoreError, UploadInfo};

/// Maximum number of parts of an upload, and of entries in a listing of them.
pub(super) const MAX_PARTS: i32 = 10_000;

impl LocalS3 {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let input = request.input;
        let start = move |this: &Self| {
            this.store.check_bucket(&input.bucket)?;
            this.store.address(&input.bucket, &input.key)?;
            let attributes = attributes_of!(input);
            let CreateMultipartUploadInput {
                bucket,
                key,
                checksum_algorithm,
                checksum_type,
                ..
            } = input;
            let info = UploadInfo {
                bucket,
                key,
                initiated: this.store.tick(),
                attributes,
            };
            let upload_id = Some(this.uploads.start(&info)?);
            Ok::<_, S3Error>(CreateMultipartUploadOutput {
                bucket: Some(info.bucket),
                key: Some(info.key),
                upload_id,
                checksum_algorithm,
                checksum_type,
                ..Default::default()
            })
        };
        self.blocking(start).await
    }

    pub(super) async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let sent = sent_checksums!(request);
        let body = request.input.body.take();
        let input = request.input;
        check_number(input.part_number)?;
        self.find_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let content = self.receive(body, sent).await?;
        let mut output = UploadPartOutput {
            e_tag: Some(ETag::Strong(content.etag())),
            ..Default::default()
        };
        report_checksums!(output, content.checksums);
        self.blocking(move |this| {
            this.uploads
                .add_part(&input.upload_id, input.part_number, &content)
        })
        .await?;
        Ok(output)
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        let input = request.input;
        check_number(input.part_number)?;
        self.find_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let conditions = source_conditions!(input);
        let copy = move |this: &Self| {
            let mut from = this.open_source(&input.copy_source, &conditions)?;
            let size = from.version.stamp.size;
            let range = match input.copy_source_range.as_deref() {
                None => 0..size,
                Some(text) => Range::parse(text)
                    .ok()
                    .and_then(|range| range.check(size).ok())
                    .ok_or_else(|| {
                        s3_error!(
                            InvalidRange,
                            "range `{text}` does not fit a source of {size} bytes"
                        )
                    })?,
            };
            let content = this.copy_range(&mut from, range)?;
            this.uploads
                .add_part(&input.upload_id, input.part_number, &content)?;
            Ok::<_, S3Error>(content.etag())
        };
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(self.blocking(copy).await?)),
            last_modified: Some(std::time::SystemTime::now().into()),
            ..Default::default()
        };
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..Default::default()
        })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let input = request.input;
        let condition = write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let wanted = wanted_parts(input.multipart_upload.clone())?;
        let whole = whole_checksums(&input);
        let complete = move |this: &Self| {
            let CompleteMultipartUploadInput {
                bucket,
                key,
                upload_id,
                ..
            } = input;
            let info = this.uploads.find(&upload_id, &bucket, &key)?;
            let address = this.store.address(&bucket, &key)?;
            let draft = this
                .incoming
                .begin(&Checks::of(&whole))
                .map_err(StoreError::from)?;
            let (content, etag) = this.uploads.assemble(&upload_id, &wanted, draft)?;
            content.verify(None, &whole)?;
            let event = "ObjectCreated:CompleteMultipartUpload";
            let version =
                this.store
                    .put(&address, &content, etag, info.attributes, &condition, event)?;
            this.uploads.remove(&upload_id)?;
            let mut output = CompleteMultipartUploadOutput {
                location: Some(format!("/{bucket}/{}", encode(true, &key))),
                bucket: Some(bucket),
                key: Some(key),
                e_tag: Some(ETag::Strong(version.etag.clone())),
                ..Default::default()
            };
            report_checksums!(output, version.checksums);
            Ok::<_, S3Error>(output)
        };
        self.blocking(complete).await
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let AbortMultipartUploadInput {
            bucket,
            key,
            upload_id,
            ..
        } = request.input;
        self.find_upload(&bucket, &key, &upload_id).await?;
        self.blocking(move |this| this.uploads.remove(&upload_id))
            .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn find_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> S3Result<UploadInfo> {
        let (bucket, key, id) = (bucket.to_owned(), key.to_owned(), id.to_owned());
        self.blocking(move |this| this.uploads.find(&id, &bucket, &key))
            .await
    }
}

fn check_number(number: i32) -> S3Result<()> {
    if (1..=MAX_PARTS).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidArgument,
        "the part number must be 1 to {MAX_PARTS}, found {number}"
    ))
}

fn wanted_parts(upload: Option<CompletedMultipartUpload>) -> S3Result<Vec<(i32, String)>> {
    let parts = upload.and_then(|upload| upload.parts).unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "expected at least one part, found none"
        ));
    }
    let pair = |part: CompletedPart| Some((part.part_number?, part.e_tag?.into_value()));
    let pairs = parts.into_iter().map(pair).collect::<Option<Vec<_>>>();
    pairs.ok_or_else(|| {
        s3_error!(
            MalformedXML,
            "expected a part number and an ETag for each part"
        )
    })
}

/// Returns the checksums of the whole object; those of the parts' checksums end in `-<count>`.
fn whole_checksums(input: &CompleteMultipartUploadInput) -> Checksums {
    let whole = |sum: &Option<String>| sum.clone().filter(|sum| !sum.contains('-'));
    let composite = input
        .checksum_type
        .as_ref()
        .is_some_and(|kind| kind.as_str() == ChecksumType::COMPOSITE);
    if composite {
        return Checksums::default();
    }
    Checksums {
        crc32: whole(&input.checksum_crc32),
        crc32c: whole(&input.checksum_crc32c),
        crc64nvme: whole(&input.checksum_crc64nvme),
        sha1: whole(&input.checksum_sha1),
        sha256: whole(&input.checksum_sha256),
    }
}
