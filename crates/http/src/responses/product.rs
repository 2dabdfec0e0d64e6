//! Products, and links to their images.

use std::collections::BTreeMap;

use lookalike_core::{Metadata, UploadLink};
use lookalike_search::ProductView;
use serde::Serialize;
use utoipa::ToSchema;

/// A catalog image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub(crate) struct ImageResponse {
    /// Key of the object.
    pub(super) key: String,
    /// A signed link to GET the image, which expires; absent with `links=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// A product with all its images.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductResponse {
    /// The id of the product.
    product_id: String,
    /// The imported metadata; empty if there is none.
    #[schema(value_type = Object)]
    metadata: Metadata,
    /// Its images, by key.
    images: Vec<ImageResponse>,
}

/// A link to store an image.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadResponse {
    /// PUT the image's bytes here.
    url: String,
    /// Then search with this key.
    key: String,
    /// Seconds until the link expires.
    expires_in: u64,
    /// Headers that the PUT must carry.
    headers: BTreeMap<String, String>,
}

impl From<ProductView> for ProductResponse {
    fn from(product: ProductView) -> Self {
        let image = |(key, url)| ImageResponse {
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

impl From<UploadLink> for UploadResponse {
    fn from(link: UploadLink) -> Self {
        Self {
            url: link.url,
            key: link.key,
            expires_in: link.expires_in,
            headers: link.headers,
        }
    }
}
