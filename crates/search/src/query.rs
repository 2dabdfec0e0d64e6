//! Queries: images, products and vectors, each with a weight.

use bytes::Bytes;
use lookalike_encoder::Area;
use lookalike_index::Fingerprint;
use sha2::{Digest, Sha256};

/// Maximum number of items of a query.
pub const MAX_QUERY_ITEMS: usize = 16;
/// Maximum absolute weight of an item.
pub const MAX_WEIGHT: f32 = 100.0;

/// Items that results should be like, or unlike.
///
/// The search uses the weighted sum of the items' unit vectors. Products that are items are never results. A product
/// alone is searched by each of its images, and a result has the score of the most similar one.
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

/// An image, a product or a vector, with its weight.
#[derive(Debug, Clone)]
pub struct QueryItem {
    pub(crate) subject: Subject,
    pub(crate) weight: f32,
}

/// The thing that an item searches with.
#[derive(Clone)]
pub(crate) enum Subject {
    /// An image file.
    Image { bytes: Bytes, area: Area },
    /// The image file at this key.
    Key { key: String, area: Area },
    /// The indexed images of this product.
    Product(String),
    /// A vector of the encoder with this fingerprint.
    Vector {
        numbers: Vec<f32>,
        fingerprint: Fingerprint,
    },
}

/// The reason why items cannot make a query.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BadQuery {
    /// There are no items.
    #[error(
        "the query has no items: name 1 to {MAX_QUERY_ITEMS} images, keys, products or vectors"
    )]
    Empty,
    /// There are too many items.
    #[error("the query has {0} items, at most {MAX_QUERY_ITEMS} are allowed")]
    TooMany(usize),
    /// A weight that is zero, too large or no number.
    #[error(
        "query[{at}].weight is {weight}, but it must be a number from -{MAX_WEIGHT} to {MAX_WEIGHT} other \
         than 0"
    )]
    Weight {
        /// Position of the item.
        at: usize,
        /// Its weight.
        weight: f32,
    },
    /// No item says what results should be like.
    #[error(
        "every weight in the query is negative: at least one item must say what the results are to be like"
    )]
    OnlyNegative,
    /// The weighted sum has no direction.
    #[error("the items of the query cancel each other out: change their weights")]
    CancelOut,
}

impl Query {
    /// Makes a query of these items.
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

    /// Returns the products among the items, each once.
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

    /// Returns the product that is the whole query, if it is one.
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

    /// Adds everything that tells one query from another to a hash.
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

    /// Makes an item of a part of the image in these bytes.
    pub fn image(bytes: impl Into<Bytes>, area: Area) -> Self {
        let bytes = bytes.into();
        Self::of(Subject::Image { bytes, area })
    }

    /// Makes an item of a part of the image at this key, under `uploads/` or `catalog/`.
    pub fn key(key: impl Into<String>, area: Area) -> Self {
        let key = key.into();
        Self::of(Subject::Key { key, area })
    }

    /// Makes an item of this product's indexed images.
    pub fn product(id: impl Into<String>) -> Self {
        Self::of(Subject::Product(id.into()))
    }

    /// Makes an item of a vector that the encoder with this fingerprint made.
    pub fn vector(numbers: Vec<f32>, fingerprint: Fingerprint) -> Self {
        Self::of(Subject::Vector {
            numbers,
            fingerprint,
        })
    }

    /// Returns the item with a weight other than 1. With a negative weight, results are unlike it.
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
