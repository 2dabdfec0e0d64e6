//! What requests look like, for the description of the interface. The code beside this reads them.
#![expect(dead_code, reason = "describes what other code reads")]

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A search: one of `query`, `image` and `key`, and options beside it. Every option may be given in the query
/// string instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "query": [{"key": "uploads/01JD3M2Q8V7Z5K9X4T6W1N0RBC.jpg", "crop": "0.1,0.1,0.8,0.5"}, {"product": "boot-001", "weight": -0.5}],
    "k": 12, "diversity": 0.3, "fields": ["name", "price"]
}))]
pub(crate) struct SearchRequest {
    /// What results are to be like, or unlike: the vectors of all items, each of unit length, are added up by
    /// their weights. Products that are items are no results. A product alone is searched for by each of its
    /// pictures. All images of the query together have at most 64 million pixels and 32 MB.
    #[schema(min_items = 1, max_items = 16)]
    query: Option<Vec<QueryItem>>,
    /// A picture in base64, plain or as a `data:` URL: a query of one item.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// Key of an object below `uploads/` or `catalog/`: a query of one item.
    #[schema(
        pattern = "^(uploads|catalog)/.*[^/]$",
        example = "uploads/01JD3M2Q8V7Z5K9X4T6W1N0RBC.jpg"
    )]
    key: Option<String>,
    /// The part of the one picture that is looked at.
    crop: Option<Crop>,
    /// Whether uniform margins of the one picture are cut off. They are unless this is false.
    trim: Option<bool>,
    /// Most results to return. All pages together have at most 1000.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    k: Option<usize>,
    /// Least cosine similarity of a result.
    #[schema(minimum = -1, maximum = 1, default = 0.0)]
    min_score: Option<f32>,
    /// The weakest match that is a result: nothing weaker is returned, and nothing at all where nothing is near.
    /// Without effect while the catalog has too few pictures to tell.
    min_match: Option<Match>,
    /// Only products that this allows.
    #[schema(value_type = Option<Object>, example = json!({"category": "shoes"}))]
    filter: Option<Value>,
    /// What a result is: a product (as when left out), once, through its most similar picture, or a picture.
    group_by: Option<GroupBy>,
    /// Which pictures come with a product: the most similar one (as when left out), or all that are similar enough,
    /// in `images`.
    images: Option<Images>,
    /// How much results are to differ from each other: 0 not at all, 1 as much as can be. They are then not in
    /// the order of their scores.
    #[schema(minimum = 0, maximum = 1, default = 0.0)]
    diversity: Option<f32>,
    /// Whether nearly the same picture of several products is one result.
    #[schema(default = false)]
    collapse: Option<bool>,
    /// Only these members of the metadata; none with an empty list.
    #[schema(max_items = 64, value_type = Option<Vec<Name>>)]
    fields: Option<Vec<String>>,
    /// Attributes whose values are counted.
    #[schema(max_items = 16, value_type = Option<Vec<Name>>)]
    facets: Option<Vec<String>>,
    /// Whether pictures come with links, in `url`. Links end after a while; without, an answer may be kept longer.
    #[schema(default = true)]
    links: Option<bool>,
    /// `next_cursor` of the page before, with the same query and the options that order results; `k` may differ.
    #[schema(min_length = 1)]
    cursor: Option<String>,
    /// The least generation of the index: an answer from an older one would be of no use.
    #[schema(minimum = 0, maximum = 9007199254740991_usize)]
    min_generation: Option<u64>,
}

/// A picture, product or vector: exactly one of `image`, `key`, `part`, `product` and `vector`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryItem {
    /// A picture in base64, plain or as a `data:` URL.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// Key of an object below `uploads/` or `catalog/`.
    #[schema(pattern = "^(uploads|catalog)/.*[^/]$")]
    key: Option<String>,
    /// Name of the form field that holds the picture.
    part: Option<String>,
    /// Id of a product, by its indexed pictures.
    product: Option<String>,
    /// A vector by the encoder of the index, of any length but zero.
    vector: Option<Vec<f32>>,
    /// The encoder that made `vector`, as `GET /index` tells it.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    fingerprint: Option<String>,
    /// The part of the picture that is looked at.
    crop: Option<Crop>,
    /// Whether uniform margins of the picture are cut off. They are unless this is false.
    trim: Option<bool>,
    /// How much the item counts, other than 0. Negative: results are to be unlike it; not all items can be.
    #[schema(minimum = -100, maximum = 100, default = 1.0)]
    weight: Option<f32>,
}

/// The name of a member of the metadata.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, example = "price")]
pub(crate) struct Name(String);

/// A box in a picture, after its EXIF orientation was honoured: text or an object.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(example = "0.1,0.1,0.8,0.5")]
pub(crate) enum Crop {
    /// `x,y,w,h`: shares of the sides when all four have a `%`, or all are 0 to 1 and one has a decimal point;
    /// pixels otherwise.
    Text(String),
    /// The same as numbers.
    Box(CropBox),
}

/// A box in a picture.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CropBox {
    /// Left side.
    x: f64,
    /// Upper side.
    y: f64,
    /// Width.
    w: f64,
    /// Height.
    h: f64,
    /// Pixels, or shares of the picture's sides.
    unit: CropUnit,
}

/// What the numbers of a box count.
#[derive(Deserialize, ToSchema)]
pub(crate) enum CropUnit {
    /// Pixels.
    #[serde(rename = "px")]
    Pixels,
    /// Shares, 0 to 1.
    #[serde(rename = "share")]
    Shares,
}

/// What a score means in this catalog.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Match {
    /// Shares little with the query.
    Weak,
    /// The same kind of thing.
    Similar,
    /// As near as another picture, colour or version of one product.
    Variant,
    /// The same picture, perhaps scaled, cropped a little or stored anew.
    Same,
}

/// What a result is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupBy {
    /// A product.
    Product,
    /// A picture.
    Image,
}

/// Which pictures come with a product.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Images {
    /// The most similar one.
    Best,
    /// All that are similar enough.
    All,
}

/// A form: pictures, and what else there is to say. Fields with other names than these are pictures that query items
/// name.
#[derive(ToSchema)]
pub(crate) struct SearchForm {
    /// A picture; several are a query of several items.
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    image: Option<Vec<u8>>,
    /// A search whose query items may name other fields of the form by `part`. A form without a query searches
    /// with its pictures.
    request: Option<SearchRequest>,
}

/// The options of a search in the query string.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParameters {
    /// Most results to return. All pages together have at most 1000.
    #[param(minimum = 1, maximum = 1000, default = 10, example = 10)]
    k: Option<usize>,
    /// Least cosine similarity of a result.
    #[param(minimum = -1, maximum = 1, default = 0.0, example = 0.0)]
    min_score: Option<f32>,
    /// The weakest match that is a result: nothing weaker is returned, and nothing at all where nothing is near.
    /// Without effect while the catalog has too few pictures to tell.
    #[param(inline, example = "similar")]
    min_match: Option<Match>,
    /// Only products that this allows, all of them when repeated: `category=shoes`, `category=shoes,hats`,
    /// `category!=shoes`, `price<50`, `price>=10`, `price` (has one), `!price` (has none).
    #[param(example = json!(["category=shoes", "price<50"]))]
    filter: Option<Vec<String>>,
    /// What a result is: a product (as when left out), once, through its most similar picture, or a picture.
    #[param(inline, example = "product")]
    group_by: Option<GroupBy>,
    /// Which pictures come with a product: the most similar one (as when left out), or all that are similar enough,
    /// in `images`.
    #[param(inline, example = "best")]
    images: Option<Images>,
    /// How much results are to differ from each other: 0 not at all, 1 as much as can be.
    #[param(minimum = 0, maximum = 1, default = 0.0, example = 0.3)]
    diversity: Option<f32>,
    /// Whether nearly the same picture of several products is one result.
    #[param(default = false, example = true)]
    collapse: Option<bool>,
    /// Only these members of the metadata, between commas; none when empty.
    #[param(pattern = "^([^,]+(,[^,]+){0,63})?$", example = "name,price")]
    fields: Option<String>,
    /// Attributes whose values are counted, between commas.
    #[param(pattern = "^([^,]+(,[^,]+){0,15})?$", example = "category")]
    facets: Option<String>,
    /// Whether pictures come with links, in `url`. Links end after a while; without, an answer may be kept longer.
    #[param(default = true, example = false)]
    links: Option<bool>,
    /// `next_cursor` of the page before, with the same query and the options that order results; `k` may differ.
    #[param(min_length = 1, example = "AWCyBHPKq3Rz")]
    cursor: Option<String>,
    /// The least generation of the index: an answer from an older one would be of no use.
    #[param(minimum = 0, maximum = 9007199254740991_usize, example = 1)]
    min_generation: Option<u64>,
}

/// What can be said in the query string of the one picture of a query.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureParameters {
    /// The part of the picture that is looked at, after its EXIF orientation was honoured, as `x,y,w,h`: shares
    /// of the sides when all four have a `%`, or all are 0 to 1 and one has a decimal point; pixels otherwise.
    #[param(
        pattern = r"^([0-9]+(\.[0-9]+)?(,[0-9]+(\.[0-9]+)?){3}|[0-9]+(\.[0-9]+)?%(,[0-9]+(\.[0-9]+)?%){3})$",
        example = "0.1,0.1,0.8,0.5"
    )]
    crop: Option<String>,
    /// Whether uniform margins of the picture are cut off. They are unless this is false.
    #[param(example = true)]
    trim: Option<bool>,
}
