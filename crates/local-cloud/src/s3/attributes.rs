//! The descriptions of objects in requests and responses.

use std::collections::BTreeMap;

use crate::store::Attributes;

/// The attributes in the input of a put, a copy or a multipart upload, which share field names.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::store::Attributes {
            content_type: $input.content_type.clone(),
            content_encoding: $crate::s3::attributes::stored_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $input.expires.clone(),
            website_redirect_location: $input.website_redirect_location.clone(),
            metadata: $crate::s3::attributes::sorted($input.metadata.clone()),
        }
    };
}

/// Fills the fields that the outputs of a get and a head share.
macro_rules! describe_output {
    ($output:expr, $version:expr, $checksums:expr) => {{
        let attributes = &$version.attributes;
        $output.accept_ranges = Some("bytes".to_owned());
        $output.e_tag = Some(s3s::dto::ETag::Strong($version.etag.clone()));
        $output.last_modified = Some($crate::s3::attributes::last_modified(
            $version.stamp.modified,
        ));
        $output.content_type = Some($crate::s3::attributes::content_type(attributes));
        $output
            .content_encoding
            .clone_from(&attributes.content_encoding);
        $output
            .content_disposition
            .clone_from(&attributes.content_disposition);
        $output
            .content_language
            .clone_from(&attributes.content_language);
        $output.cache_control.clone_from(&attributes.cache_control);
        $output.expires.clone_from(&attributes.expires);
        $output
            .website_redirect_location
            .clone_from(&attributes.website_redirect_location);
        $output.metadata = (!attributes.metadata.is_empty())
            .then(|| attributes.metadata.clone().into_iter().collect());
        if $checksums {
            $crate::s3::checksums::report_checksums!($output, $version.checksums);
        }
    }};
}

pub(super) use {attributes_of, describe_output};

/// Removes `aws-chunked`, which belongs to the transfer, not to the object.
pub(super) fn stored_encoding(header: Option<&str>) -> Option<String> {
    let codings = header?.split(',').map(str::trim);
    let kept: Vec<&str> = codings
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn sorted(metadata: Option<s3s::dto::Metadata>) -> BTreeMap<String, String> {
    metadata.unwrap_or_default().into_iter().collect()
}

/// Returns the content type, or S3's default.
pub(super) fn content_type(attributes: &Attributes) -> String {
    let known = attributes
        .content_type
        .clone()
        .filter(|known| !known.is_empty());
    known.unwrap_or_else(|| "binary/octet-stream".to_owned())
}

pub(super) fn last_modified(nanos: i64) -> s3s::dto::Timestamp {
    crate::clock::system_time(nanos).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_chunked_is_not_stored() {
        assert_eq!(stored_encoding(Some("aws-chunked")), None);
        assert_eq!(
            stored_encoding(Some("gzip, aws-chunked")).as_deref(),
            Some("gzip")
        );
        assert_eq!(stored_encoding(Some("gzip")).as_deref(), Some("gzip"));
        assert_eq!(stored_encoding(None), None);
    }
}
