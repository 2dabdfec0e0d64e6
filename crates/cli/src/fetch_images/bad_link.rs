use serde::Serialize;

/// A link without an image of its product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct BadLink {
    pub(crate) product_id: String,
    pub(crate) link: String,
    /// The fault, and what to do about it.
    pub(crate) reason: String,
}
