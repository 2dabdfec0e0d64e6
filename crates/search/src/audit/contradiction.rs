//! Records that contradict the index.

use serde::Serialize;

/// A record that contradicts the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StaleRecord {
    /// Key of the object.
    pub key: String,
    /// The product in the record, or the one that should be.
    pub product_id: String,
    /// The contradiction.
    pub contradiction: Contradiction,
}

/// The ways in which a record contradicts the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contradiction {
    /// The image is gone from the bucket and from the index.
    Gone,
    /// The record says that the image is indexed, but it failed.
    NotIndexed,
    /// The record says that the image failed, but it is indexed.
    NotFailed,
    /// The index has the image under another product.
    OtherProduct,
    /// The index has another version of the image.
    OtherVersion,
    /// The image is indexed, but has no record.
    Unrecorded,
}

impl Contradiction {
    /// True if the record is false and has to be removed: writing a true one may not replace it.
    pub fn is_false(self) -> bool {
        match self {
            Self::Gone | Self::NotIndexed | Self::NotFailed | Self::OtherProduct => true,
            Self::OtherVersion | Self::Unrecorded => false,
        }
    }

    /// Returns the contradiction in a sentence.
    pub fn explained(self) -> &'static str {
        match self {
            Self::Gone => "the image is gone, from the bucket and from the index",
            Self::NotIndexed => "recorded as indexed, but it has failed",
            Self::NotFailed => "recorded as failed, but it is indexed",
            Self::OtherProduct => "the index has it under another product",
            Self::OtherVersion => "the index has another version of it",
            Self::Unrecorded => "it is indexed, and nothing is recorded",
        }
    }
}
