//! The schemas of requests for the OpenAPI document. `openapi::choices` adds the options of `search_params` to them.
#![expect(dead_code, reason = "other code reads requests")]

use serde::Deserialize;
use utoipa::ToSchema;

/// A search: one of `query`, `image` and `key`, and options. Every option may stand in the query string instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "query": [{"key": "uploads/01JD3M2Q8V7Z5K9X4T6W1N0RBC.jpg", "crop": "0.1,0.1,0.8,0.5"}, {"product": "boot-001", "weight": -0.5}],
    "k": 12, "diversity": 0.3, "fields": ["name", "price"]
}))]
pub(crate) struct SearchRequest {
    /// Items that results should be like, or unlike: the search uses the weighted sum of their unit vectors. Products
    /// that are items are never results. A product alone is searched by each of its images. All images of the query
    /// together have at most 64 million pixels and 32 MB.
    #[schema(min_items = 1, max_items = 16)]
    query: Option<Vec<QueryItem>>,
    /// An image in base64, plain or as a `data:` URL: a query of one item.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// Key of an object below `uploads/` or `catalog/`: a query of one item.
    #[schema(
        pattern = "^(uploads|catalog)/[^\\u0000-\\u001f\\u007f-\\u009f]*[^/\\u0000-\\u001f\\u007f-\\u009f]$",
        example = "uploads/01JD3M2Q8V7Z5K9X4T6W1N0RBC.jpg"
    )]
    key: Option<String>,
}

/// An image, product or vector: exactly one of `image`, `key`, `part`, `product` and `vector`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryItem {
    /// An image in base64, plain or as a `data:` URL.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// Key of an object below `uploads/` or `catalog/`.
    #[schema(
        pattern = "^(uploads|catalog)/[^\\u0000-\\u001f\\u007f-\\u009f]*[^/\\u0000-\\u001f\\u007f-\\u009f]$"
    )]
    key: Option<String>,
    /// Name of the form field that holds the image.
    part: Option<String>,
    /// Id of a product, which stands for its indexed images.
    product: Option<String>,
    /// A vector of the index's encoder; any norm but zero.
    vector: Option<Vec<f32>>,
    /// Fingerprint of the encoder that made `vector`, as in `GET /index`.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    fingerprint: Option<String>,
    /// Weight of the item, not 0. With a negative weight, results are unlike the item; not all weights can be negative.
    #[schema(minimum = -100, maximum = 100, default = 1.0)]
    weight: Option<f32>,
}

/// The name of a member of the metadata.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, example = "price")]
pub(crate) struct Name(String);

/// A box in an image, after its EXIF orientation is applied: text or an object.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(example = "0.1,0.1,0.8,0.5")]
pub(crate) enum Crop {
    /// `x,y,w,h`: shares of the sides if all four have a `%`, or if all are 0 to 1 and one has a decimal point;
    /// otherwise pixels.
    Text(String),
    /// The numbers by name.
    Box(CropBox),
}

/// A box in an image.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CropBox {
    /// Left side.
    pub(super) x: f64,
    /// Upper side.
    pub(super) y: f64,
    /// Width.
    pub(super) w: f64,
    /// Height.
    pub(super) h: f64,
    /// Pixels, or shares of the image's sides.
    pub(super) unit: CropUnit,
}

/// The unit of a box.
#[derive(Deserialize, ToSchema)]
pub(crate) enum CropUnit {
    /// Pixels.
    #[serde(rename = "px")]
    Pixels,
    /// Shares, 0 to 1.
    #[serde(rename = "share")]
    Shares,
}

/// A form: images, and a search in JSON. Fields with other names than these hold images that query items name.
#[derive(ToSchema)]
pub(crate) struct SearchForm {
    /// An image; several are a query of several items.
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    image: Option<Vec<u8>>,
    /// A search whose query items may name other fields of the form by `part`. Without a query, the form's images are
    /// the query.
    request: Option<SearchRequest>,
}
