//! What a fetched image remembers of its source, as object metadata.

use std::collections::BTreeMap;

use lookalike_core::ImageHead;
use sha2::{Digest, Sha256};

use super::links::ImageLink;

/// Names of the metadata. Everything but the product begins with the prefix.
const PRODUCT_ID: &str = "product-id";
const PREFIX: &str = "source-";
const HASH: &str = "source-hash";
const SHA256: &str = "source-sha256";
const BYTES: &str = "source-bytes";
const ETAG: &str = "source-etag";
const MODIFIED: &str = "source-modified";
const LINK: &str = "source-link";

/// Maximum bytes of all metadata of an object in S3, names and values.
const MAX_METADATA_BYTES: usize = 2048;
/// Maximum bytes of a validator that is remembered.
const MAX_VALIDATOR_BYTES: usize = 256;

/// The validators with which a server is asked if an image has changed (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    /// The header `ETag`.
    pub(crate) etag: Option<String>,
    /// The header `Last-Modified`.
    pub(crate) modified: Option<String>,
}

impl Validators {
    /// Keeps what can be stored; a server with longer validators is asked without them.
    pub(crate) fn new(etag: Option<&str>, modified: Option<&str>) -> Self {
        let kept = |validator: Option<&str>| {
            let short = validator.filter(|text| text.len() <= MAX_VALIDATOR_BYTES);
            short.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            etag: kept(etag),
            modified: kept(modified),
        }
    }
}

/// Where a stored image came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The hash of product and link, also part of the key.
    pub(crate) hash: String,
    /// The SHA-256 of the content: tells that an image has not changed where a server sends no validators.
    pub(crate) sha256: String,
    /// The validators that the server sent with the content.
    pub(crate) validators: Validators,
}

impl Source {
    /// Reads the metadata of an object; `None` if no fetch stored it, or if it has other content by now: some programs
    /// keep the metadata of what they overwrite.
    pub(crate) fn read(head: &ImageHead) -> Option<Self> {
        let of = |name: &str| head.metadata.get(name).map(String::as_str);
        if of(BYTES).is_some_and(|bytes| bytes != head.bytes.to_string()) {
            return None;
        }
        Some(Self {
            hash: of(HASH)?.to_owned(),
            sha256: of(SHA256)?.to_owned(),
            validators: Validators::new(of(ETAG), of(MODIFIED)),
        })
    }

    /// Returns the metadata of an object of `bytes` bytes. The link is for people only: it is left out where it does not fit, and has no
    /// query, which may be a secret, since everyone who loads the image gets its metadata.
    pub(crate) fn metadata(&self, link: &ImageLink, bytes: usize) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::from([
            (PRODUCT_ID.to_owned(), link.product_id.clone()),
            (HASH.to_owned(), self.hash.clone()),
            (SHA256.to_owned(), self.sha256.clone()),
        ]);
        let Validators { etag, modified } = &self.validators;
        let bytes = bytes.to_string();
        let mut address = link.url.clone();
        address.set_query(None);
        let optional = [
            (BYTES, Some(bytes.as_str())),
            (ETAG, etag.as_deref()),
            (MODIFIED, modified.as_deref()),
            (LINK, Some(address.as_str())),
        ];
        for (name, value) in optional {
            let Some(value) = value else { continue };
            let used: usize = metadata.iter().map(|(name, value)| size(name, value)).sum();
            if used + size(name, value) <= MAX_METADATA_BYTES {
                metadata.insert(name.to_owned(), value.to_owned());
            }
        }
        metadata
    }
}

/// Removes what the metadata of a stored image says of its source, unless `body` is what was fetched from there.
pub(crate) fn forget_source(metadata: &mut BTreeMap<String, String>, body: &[u8]) {
    let fetched = metadata.get(SHA256);
    if fetched.is_some_and(|sha256| *sha256 != hex::encode(Sha256::digest(body))) {
        metadata.retain(|name, _| !name.starts_with(PREFIX));
    }
}

/// True if the id of a product fits into the metadata of its images.
pub(crate) fn fits(product_id: &str) -> bool {
    let required = size(PRODUCT_ID, product_id) + size(HASH, "") + size(SHA256, "");
    // The hashes, in hexadecimal.
    required + 16 + 64 <= MAX_METADATA_BYTES
}

/// Returns the bytes of a value that is not ASCII as S3 stores it, the most that any value takes.
fn size(name: &str, value: &str) -> usize {
    name.len() + "=?UTF-8?B??=".len() + value.len().div_ceil(3) * 4
}

/// Returns the product that metadata names.
pub(crate) fn product_in(metadata: &BTreeMap<String, String>) -> Option<&str> {
    metadata.get(PRODUCT_ID).map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use reqwest::Url;

    use super::super::name::ImageName;
    use super::*;

    fn link(product_id: &str, path: &str) -> ImageLink {
        let url = Url::parse("https://shop.example/").unwrap();
        let url = url.join(path).unwrap();
        ImageLink {
            product_id: product_id.to_owned(),
            name: ImageName::new(product_id, None, &url),
            url,
        }
    }

    fn head(metadata: &BTreeMap<String, String>, bytes: u64) -> ImageHead {
        ImageHead {
            etag: "\"1\"".to_owned(),
            bytes,
            metadata: metadata.clone(),
        }
    }

    fn source(etag: &str) -> Source {
        Source {
            hash: "0123456789abcdef".to_owned(),
            sha256: "f".repeat(64),
            validators: Validators::new(Some(etag), Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        }
    }

    #[test]
    fn a_source_comes_back_from_the_metadata() {
        let stored = source("\"v1\"").metadata(&link("boot-7", "a.jpg?key=secret"), 7);
        assert_eq!(Source::read(&head(&stored, 7)), Some(source("\"v1\"")));
        assert_eq!(Source::read(&head(&stored, 8)), None);
        assert_eq!(product_in(&stored), Some("boot-7"));
        assert_eq!(stored[LINK], "https://shop.example/a.jpg");
        let uploaded = BTreeMap::from([(PRODUCT_ID.to_owned(), "boot-7".to_owned())]);
        assert_eq!(Source::read(&head(&uploaded, 7)), None);
    }

    #[test]
    fn other_content_has_no_source() {
        let fetched = Source {
            sha256: hex::encode(Sha256::digest(b"fetched")),
            ..source("\"v1\"")
        };
        let mut stored = fetched.metadata(&link("boot-7", "a.jpg"), 7);
        forget_source(&mut stored, b"fetched");
        assert_eq!(Source::read(&head(&stored, 7)), Some(fetched));
        forget_source(&mut stored, b"uploaded");
        assert_eq!(
            stored,
            BTreeMap::from([(PRODUCT_ID.to_owned(), "boot-7".to_owned())])
        );
    }

    #[test]
    fn metadata_never_exceeds_what_s3_stores() {
        let id = "ü".repeat(600);
        assert!(fits(&id) && !fits(&"x".repeat(1500)));
        let stored = source(&"e".repeat(256)).metadata(&link(&id, &"a".repeat(3000)), 1 << 25);
        let bytes: usize = stored.iter().map(|(name, value)| size(name, value)).sum();
        assert!(bytes <= MAX_METADATA_BYTES);
        assert_eq!(stored[PRODUCT_ID], id);
        assert!(!stored.contains_key(LINK));
        let longer = Validators::new(Some(&"e".repeat(257)), Some(""));
        assert_eq!(longer, Validators::default());
    }
}
