//! Products, and where pictures are.

use std::collections::BTreeMap;

use lookalike_core::{Metadata, UploadLink};
use lookalike_search::ProductView;
use serde::Serialize;
use utoipa::ToSchema;

/// A catalog picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub(crate) struct ImageReply {
    /// Key of the object.
    pub(super) key: String,
    /// A signed link that answers GET with the picture for a while; not there with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// A product with all its pictures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductReply {
    /// What a customer buys.
    product_id: String,
    /// What is known about the product; empty when nothing was imported.
    #[schema(value_type = Object)]
    metadata: Metadata,
    /// Its pictures, by key.
    images: Vec<ImageReply>,
}

/// Where to store a picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadReply {
    /// PUT the picture's bytes here.
    url: String,
    /// Then search with this key.
    key: String,
    /// Seconds until the link is void.
    expires_in: u64,
    /// Headers that the PUT must carry.
    headers: BTreeMap<String, String>,
}

impl From<ProductView> for ProductReply {
    fn from(product: ProductView) -> Self {
        let image = |(key, url)| ImageReply {
            key,
            url: Some(url),
        };
        Self {
            product_id: product.product_id,
            metadata: product.metadata,
            images: product.images.into_iter().map(image).collect(),
        }
    }
}

impl From<UploadLink> for UploadReply {
    fn from(link: UploadLink) -> Self {
        Self {
            url: link.url,
            key: link.key,
            expires_in: link.expires_in,
            headers: link.headers,
        }
    }
}
