//! Listings of uploads and their parts.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::LocalS3;
use super::attributes::last_modified;
use super::listings::{encode, is_url};
use super::multipart::MAX_PARTS;
use crate::store::{PartInfo, UploadInfo};

impl LocalS3 {
    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<ListPartsOutput> {
        let ListPartsInput {
            bucket,
            key,
            upload_id,
            max_parts,
            part_number_marker,
            ..
        } = request.input;
        self.find_upload(&bucket, &key, &upload_id).await?;
        let id = upload_id.clone();
        let mut parts = self.blocking(move |this| this.uploads.parts(&id)).await?;
        let marker = part_number_marker.unwrap_or_default();
        parts.retain(|part| part.number > marker);
        let most = max_parts.unwrap_or(MAX_PARTS).clamp(0, MAX_PARTS);
        let is_truncated = parts.len() > usize::try_from(most).unwrap_or_default();
        parts.truncate(usize::try_from(most).unwrap_or_default());
        Ok(ListPartsOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(upload_id),
            max_parts: Some(most),
            part_number_marker: Some(marker),
            is_truncated: Some(is_truncated),
            next_part_number_marker: parts.last().map(|part| part.number),
            parts: Some(parts.iter().map(describe_part).collect()),
            ..Default::default()
        })
    }

    /// Lists uploads, all in one page: a local server has few of them.
    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let ListMultipartUploadsInput {
            bucket,
            prefix,
            encoding_type,
            ..
        } = request.input;
        self.check_bucket(&bucket).await?;
        let name = bucket.clone();
        let uploads = self.blocking(move |this| this.uploads.list(&name)).await?;
        let wanted = prefix.clone().unwrap_or_default();
        let url = is_url(encoding_type.as_ref());
        let describe = |(id, info): (String, UploadInfo)| MultipartUpload {
            key: Some(encode(url, &info.key)),
            upload_id: Some(id),
            initiated: Some(last_modified(info.initiated)),
            ..Default::default()
        };
        let uploads = uploads
            .into_iter()
            .filter(|(_, info)| info.key.starts_with(&wanted))
            .map(describe);
        Ok(ListMultipartUploadsOutput {
            bucket: Some(bucket),
            prefix,
            encoding_type,
            is_truncated: Some(false),
            uploads: Some(uploads.collect()),
            ..Default::default()
        })
    }
}

fn describe_part(part: &PartInfo) -> Part {
    Part {
        part_number: Some(part.number),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        size: i64::try_from(part.stamp.size).ok(),
        last_modified: Some(last_modified(part.stamp.modified)),
        ..Default::default()
    }
}
