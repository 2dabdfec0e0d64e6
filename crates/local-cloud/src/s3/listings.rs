//! Listings of objects.

use lookalike_events::encode_key;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::LocalS3;
use super::attributes::last_modified;
use crate::store::{Entry, Listing, Query};

/// Maximum number of entries in one page, as in S3.
const MAX_PAGE_ENTRIES: i32 = 1000;

impl LocalS3 {
    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<ListObjectsV2Output> {
        let input = request.input;
        let start_after = input.start_after.clone().unwrap_or_default();
        let after = match &input.continuation_token {
            Some(token) => decode_token(token)?,
            None => start_after,
        };
        let (max_keys, listing) = self
            .page(
                &input.bucket,
                input.prefix.as_deref(),
                input.delimiter.as_deref(),
                after,
                input.max_keys,
            )
            .await?;
        let url = is_url(input.encoding_type.as_ref());
        let text = |text: Option<String>| text.map(|text| encode(url, &text));
        let next = listing.next.as_deref().map(encode_token);
        let (contents, common_prefixes) = split(listing, url);
        let count = contents.len() + common_prefixes.len();
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode(url, &input.prefix.unwrap_or_default())),
            delimiter: text(input.delimiter),
            start_after: text(input.start_after),
            max_keys: Some(max_keys),
            key_count: i32::try_from(count).ok(),
            is_truncated: Some(next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        let marker = input.marker.clone().unwrap_or_default();
        let (max_keys, listing) = self
            .page(
                &input.bucket,
                input.prefix.as_deref(),
                input.delimiter.as_deref(),
                marker,
                input.max_keys,
            )
            .await?;
        let url = is_url(input.encoding_type.as_ref());
        let text = |text: Option<String>| text.map(|text| encode(url, &text));
        let next = text(listing.next.clone());
        let (contents, common_prefixes) = split(listing, url);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encode(url, &input.prefix.unwrap_or_default())),
            marker: Some(encode(url, &input.marker.unwrap_or_default())),
            delimiter: text(input.delimiter),
            max_keys: Some(max_keys),
            is_truncated: Some(next.is_some()),
            next_marker: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: String,
        max_keys: Option<i32>,
    ) -> S3Result<(i32, Listing)> {
        let wanted = max_keys.unwrap_or(MAX_PAGE_ENTRIES).min(MAX_PAGE_ENTRIES);
        let limit = usize::try_from(wanted).map_err(|_| {
            s3_error!(
                InvalidArgument,
                "max-keys must not be negative, found {wanted}"
            )
        })?;
        let query = Query {
            prefix: prefix.unwrap_or_default().to_owned(),
            delimiter: delimiter.filter(|text| !text.is_empty()).map(str::to_owned),
            after,
            limit,
        };
        let bucket = bucket.to_owned();
        let listing = self
            .blocking(move |this| this.store.list(&bucket, &query))
            .await?;
        Ok((wanted, listing))
    }
}

fn split(listing: Listing, url: bool) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in listing.entries {
        match entry {
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix {
                prefix: Some(encode(url, &prefix)),
            }),
            Entry::Object { key, version } => contents.push(Object {
                key: Some(encode(url, &key)),
                e_tag: Some(ETag::Strong(version.etag.clone())),
                size: i64::try_from(version.stamp.size).ok(),
                last_modified: Some(last_modified(version.stamp.modified)),
                storage_class: Some(ObjectStorageClass::from_static(
                    ObjectStorageClass::STANDARD,
                )),
                ..Default::default()
            }),
        }
    }
    (contents, prefixes)
}

pub(super) fn is_url(encoding: Option<&EncodingType>) -> bool {
    encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL)
}

/// Percent-encodes everything except slashes if the client requested it. A space becomes `%20`,
/// because not every client reads a plus sign as a space.
pub(super) fn encode(url: bool, text: &str) -> String {
    if url {
        encode_key(text).replace('+', "%20")
    } else {
        text.to_owned()
    }
}

/// Encodes a token: the hexadecimal form of the last entry, which passes through any client.
fn encode_token(last: &str) -> String {
    hex::encode(last)
}

fn decode_token(token: &str) -> S3Result<String> {
    let bytes = hex::decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "the continuation token is not one that a listing returned"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_are_read_back() {
        assert_eq!(decode_token(&encode_token("a ü+%/b")).unwrap(), "a ü+%/b");
        for bad in ["abc", "zz", "ff", "é"] {
            assert!(decode_token(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_plain_characters_stay() {
        assert_eq!(encode(true, "a b+c/ü%.jpg"), "a%20b%2Bc/%C3%BC%25.jpg");
        assert_eq!(encode(false, "a b"), "a b");
    }
}
