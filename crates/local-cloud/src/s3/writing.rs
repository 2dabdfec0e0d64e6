//! Puts.

use http::Method;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::LocalS3;
use super::attributes::attributes_of;
use super::checksums::{report_checksums, sent_checksums};
use super::conditions::write_condition;

impl LocalS3 {
    /// Handles puts, including posts of HTML forms, which s3s passes as puts.
    pub(super) async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        let event = if request.method == Method::POST {
            "ObjectCreated:Post"
        } else {
            "ObjectCreated:Put"
        };
        if request.input.write_offset_bytes.is_some() {
            return Err(s3_error!(NotImplemented, "objects cannot be appended to"));
        }
        let condition = write_condition(
            request.input.if_match.as_ref(),
            request.input.if_none_match.as_ref(),
        )?;
        // Before the body is read, so that a wrong key does not cost an upload.
        self.check_bucket(&request.input.bucket).await?;
        let address = self
            .store
            .address(&request.input.bucket, &request.input.key)?;
        let sent = sent_checksums!(request);
        let content = self.receive(request.input.body.take(), sent).await?;
        let attributes = attributes_of!(request.input);
        let put = move |this: &Self| {
            this.store.put(
                &address,
                &content,
                content.etag(),
                attributes,
                &condition,
                event,
            )
        };
        let version = self.blocking(put).await?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(version.etag.clone())),
            ..Default::default()
        };
        report_checksums!(output, version.checksums);
        Ok(output)
    }
}
