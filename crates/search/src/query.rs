//! What is searched with: images, products and vectors, more or less of each.

use bytes::Bytes;
use lookalike_encoder::Area;
use lookalike_index::Fingerprint;
use sha2::{Digest, Sha256};

/// Most items of a query.
pub const MAX_QUERY_ITEMS: usize = 16;
/// Largest weight of an item, whichever its sign.
pub const MAX_WEIGHT: f32 = 100.0;

/// One thing or several that results are to be like, or unlike.
///
/// The vectors of the items, each of unit length, are added up by their weights, and the sum is what is
/// searched for. Products that are items are no results. A product alone is searched for by each of its
/// images, and a result counts with the most similar of them.
///
/// ```
/// use lookalike_search::{Query, QueryItem};
/// let query = Query::new(vec![
///     QueryItem::product("boot-001"),
///     QueryItem::product("boot-002").weighing(-0.5),
/// ]);
/// assert!(query.is_ok());
/// assert!(Query::new(vec![QueryItem::product("boot-001").weighing(-1.0)]).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Query {
    items: Vec<QueryItem>,
}

/// A thing with its weight.
#[derive(Debug, Clone)]
pub struct QueryItem {
    pub(crate) subject: Subject,
    pub(crate) weight: f32,
}

/// Something that has a vector.
#[derive(Clone)]
pub(crate) enum Subject {
    /// An image file.
    Image { bytes: Bytes, area: Area },
    /// The image file at this key.
    Key { key: String, area: Area },
    /// The images of this product, as they are indexed.
    Product(String),
    /// A vector by the encoder with this fingerprint.
    Vector {
        numbers: Vec<f32>,
        fingerprint: Fingerprint,
    },
}

/// Items that make no query.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BadQuery {
    /// There is nothing to search with.
    #[error(
        "the query has no items: name 1 to {MAX_QUERY_ITEMS} images, keys, products or vectors"
    )]
    Empty,
    /// There are more items than are added up.
    #[error("the query has {0} items, at most {MAX_QUERY_ITEMS} are allowed")]
    TooMany(usize),
    /// A weight that is zero, too large or no number.
    #[error(
        "query[{at}].weight is {weight}, but it must be a number from -{MAX_WEIGHT} to {MAX_WEIGHT} other \
         than 0"
    )]
    Weight {
        /// Which item.
        at: usize,
        /// Its weight.
        weight: f32,
    },
    /// Everything is like nothing in particular.
    #[error(
        "every weight in the query is negative: at least one item must say what the results are to be like"
    )]
    OnlyNegative,
    /// The weighted sum has no direction.
    #[error("the items of the query cancel each other out: change their weights")]
    CancelOut,
}

impl Query {
    /// A query by these items.
    ///
    /// # Errors
    /// [`BadQuery`].
    pub fn new(items: Vec<QueryItem>) -> Result<Self, BadQuery> {
        match items.len() {
            0 => return Err(BadQuery::Empty),
            1..=MAX_QUERY_ITEMS => {}
            more => return Err(BadQuery::TooMany(more)),
        }
        for (at, QueryItem { weight, .. }) in items.iter().enumerate() {
            if !weight.is_finite() || *weight == 0.0 || weight.abs() > MAX_WEIGHT {
                let weight = *weight;
                return Err(BadQuery::Weight { at, weight });
            }
        }
        if items.iter().all(|item| item.weight < 0.0) {
            return Err(BadQuery::OnlyNegative);
        }
        Ok(Self { items })
    }

    pub(crate) fn items(&self) -> &[QueryItem] {
        &self.items
    }

    /// The products among the items, each once.
    pub(crate) fn products(&self) -> Vec<String> {
        let subjects = self.items.iter().map(|item| &item.subject);
        let products = subjects.filter_map(|subject| match subject {
            Subject::Product(id) => Some(id.clone()),
            _ => None,
        });
        let mut products: Vec<String> = products.collect();
        products.sort_unstable();
        products.dedup();
        products
    }

    /// The one product that makes up the query.
    pub(crate) fn only_product(&self) -> Option<&str> {
        match &self.items[..] {
            [
                QueryItem {
                    subject: Subject::Product(id),
                    ..
                },
            ] => Some(id),
            _ => None,
        }
    }

    /// Feeds everything that tells one query from another.
    pub(crate) fn hash(&self, hash: &mut Sha256) {
        hash.update((self.items.len() as u64).to_le_bytes());
        for QueryItem { subject, weight } in &self.items {
            hash.update(weight.to_le_bytes());
            let (kind, content, area) = match subject {
                Subject::Image { bytes, area } => (0_u8, Sha256::digest(bytes), Some(area)),
                Subject::Key { key, area } => (1, Sha256::digest(key), Some(area)),
                Subject::Product(id) => (2, Sha256::digest(id), None),
                Subject::Vector {
                    numbers,
                    fingerprint,
                } => {
                    let mut content = Sha256::new_with_prefix(fingerprint.0);
                    for number in numbers {
                        content.update(number.to_le_bytes());
                    }
                    (3, content.finalize(), None)
                }
            };
            hash.update([kind]);
            hash.update(content);
            hash.update(Sha256::digest(format!("{area:?}")));
        }
    }
}

impl QueryItem {
    fn of(subject: Subject) -> Self {
        Self {
            subject,
            weight: 1.0,
        }
    }

    /// A part of the image in these bytes.
    pub fn image(bytes: impl Into<Bytes>, area: Area) -> Self {
        let bytes = bytes.into();
        Self::of(Subject::Image { bytes, area })
    }

    /// A part of the image at this key, under `uploads/` or `catalog/`.
    pub fn key(key: impl Into<String>, area: Area) -> Self {
        let key = key.into();
        Self::of(Subject::Key { key, area })
    }

    /// This product, by the images of it that are indexed.
    pub fn product(id: impl Into<String>) -> Self {
        Self::of(Subject::Product(id.into()))
    }

    /// A vector that the encoder with this fingerprint made.
    pub fn vector(numbers: Vec<f32>, fingerprint: Fingerprint) -> Self {
        Self::of(Subject::Vector {
            numbers,
            fingerprint,
        })
    }

    /// The same with a weight other than 1: results are to be more or less like it, or, with a negative
    /// one, unlike it.
    #[must_use]
    pub fn weighing(self, weight: f32) -> Self {
        Self { weight, ..self }
    }
}

/// Leaves out the bytes of images, which are private.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Image { bytes, area } => write!(f, "Image({} bytes, {area:?})", bytes.len()),
            Self::Key { key, area } => write!(f, "Key({key:?}, {area:?})"),
            Self::Product(id) => write!(f, "Product({id:?})"),
            Self::Vector { numbers, .. } => write!(f, "Vector({} numbers)", numbers.len()),
        }
    }
}
