//! Observations: the state of a key when a batch looked at it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lookalike_core::keys::{category_of, product_id_of};
use lookalike_core::model::{Failure, ImageHead};
use lookalike_encoder::MAX_BYTES;
use lookalike_index::Row;

/// The products that a key was recorded under in earlier rounds.
pub(crate) type Recorded = BTreeMap<String, BTreeSet<String>>;

/// The state of a key, for each index that is kept. The object is read once, so that the same version is written to
/// all of them.
///
/// In the order of the targets, the searched index first; never empty.
pub(crate) struct Observed(pub(crate) Vec<Observation>);

/// The state of a key for one index.
#[derive(Clone)]
pub(crate) enum Observation {
    /// The live row is of this version. Once it was compared with the table: its attributes are right too.
    Unchanged { product_id: String, head: ImageHead },
    /// The live row is of this version, but has other attributes; the new row keeps its embedding.
    AttributesUpdated { row: Box<Row>, head: ImageHead },
    /// An image, embedded.
    Image {
        row: Box<Row>,
        head: ImageHead,
        embed_time: Duration,
    },
    /// An image that cannot be embedded.
    Bad {
        product_id: String,
        head: ImageHead,
        failure: Failure,
    },
    /// There is no object.
    Gone,
    /// The state is unknown for now, for this reason.
    Unavailable(String),
}

impl Observed {
    /// Returns the observation for the index that is searched.
    pub(crate) fn served(&self) -> &Observation {
        &self.0[0]
    }

    /// Returns the product of an image that has, or will have, a row.
    pub(crate) fn product_id(&self) -> Option<&str> {
        self.0.iter().find_map(Observation::product_id)
    }

    /// Returns a row that an index will have; those of other indexes differ in nothing but the embedding.
    pub(crate) fn row(&self) -> Option<(&Row, &ImageHead)> {
        self.0.iter().find_map(|observation| match observation {
            Observation::Image { row, head, .. } | Observation::AttributesUpdated { row, head } => {
                Some((&**row, head))
            }
            _ => None,
        })
    }

    /// Returns the reason why the key could not be read for a standby index.
    pub(crate) fn standby_retry_reason(&self) -> Option<&str> {
        self.0[1..]
            .iter()
            .find_map(|observation| match observation {
                Observation::Unavailable(reason) => Some(reason.as_str()),
                _ => None,
            })
    }
}

impl Observation {
    /// Makes the observation of an image whose version the index has.
    pub(crate) fn unchanged(key: &str, head: ImageHead) -> Self {
        Self::Unchanged {
            product_id: product_id_of(key, &head.metadata),
            head,
        }
    }

    /// Makes the observation of an image whose file is too large.
    pub(crate) fn too_large(key: &str, head: ImageHead) -> Self {
        let reason = format!(
            "the image has {} bytes, at most {MAX_BYTES} can be indexed: make it smaller",
            head.bytes
        );
        Self::bad(key, head, "too-many-bytes", reason)
    }

    /// Makes the observation of an image that cannot be embedded.
    pub(crate) fn bad(key: &str, head: ImageHead, code: &str, reason: String) -> Self {
        Self::Bad {
            product_id: product_id_of(key, &head.metadata),
            head,
            failure: Failure {
                code: code.to_owned(),
                reason,
            },
        }
    }

    /// Returns the product of an image that has, or will have, a row.
    pub(crate) fn product_id(&self) -> Option<&str> {
        match self {
            Self::Unchanged { product_id, .. } => Some(product_id),
            Self::Image { row, .. } | Self::AttributesUpdated { row, .. } => Some(&row.product_id),
            Self::Bad { .. } | Self::Gone | Self::Unavailable(_) => None,
        }
    }

    /// True if the object that is at `key` by now is as it was observed: the same version,
    /// product and category. Metadata may change while S3's ETag stays.
    pub(crate) fn holds(&self, key: &str, now: Option<&ImageHead>) -> bool {
        match (self, now) {
            (Self::Gone, None) => true,
            (
                Self::Unchanged { head, .. }
                | Self::AttributesUpdated { head, .. }
                | Self::Image { head, .. }
                | Self::Bad { head, .. },
                Some(now),
            ) => {
                head.etag == now.etag
                    && product_id_of(key, &head.metadata) == product_id_of(key, &now.metadata)
                    && category_of(key, &head.metadata) == category_of(key, &now.metadata)
            }
            _ => false,
        }
    }
}
