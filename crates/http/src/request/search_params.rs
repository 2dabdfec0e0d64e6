//! The options of a search, declared once: for the query string, for JSON and for the description of both.

use lookalike_core::{Area, Crop, Match};
use lookalike_search::{GroupBy, Images, SearchOptions};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::option_values as read;
use super::schema;
use super::values::Values;
use crate::problem::Problem;

/// The options of every search. `None` stands for the default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Maximum number of results. All pages together have at most 1000.
    #[serde(default, deserialize_with = "read::k")]
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    #[param(minimum = 1, maximum = 1000, default = 10, example = 10)]
    k: Option<usize>,
    /// Minimum cosine similarity of a result.
    #[serde(default, deserialize_with = "read::min_score")]
    #[schema(minimum = -1, maximum = 1, default = 0.0)]
    #[param(minimum = -1, maximum = 1, default = 0.0, example = 0.0)]
    min_score: Option<f32>,
    /// The weakest match that is a result. If no product is near enough, there are no results. Without effect while
    /// the catalog has too few images to tell.
    #[serde(default, deserialize_with = "read::min_match")]
    #[param(inline, example = "similar")]
    min_match: Option<Match>,
    /// Only products that the filter allows. In JSON an object; in the query string a short form, and all of them if
    /// repeated: `category=shoes`, `category=shoes,hats`, `category!=shoes`, `price<50`, `price>=10`, `price` (has
    /// one), `!price` (has none).
    #[serde(default, deserialize_with = "read::filter")]
    #[schema(value_type = Option<Object>, example = json!({"category": "shoes"}))]
    #[param(value_type = Option<Vec<String>>, example = json!(["category=shoes", "price<50"]))]
    filter: Option<Value>,
    /// Unit of the results: a product (the default), once, through its most similar image, or an image.
    #[serde(default, deserialize_with = "read::group_by")]
    #[param(inline, example = "product")]
    group_by: Option<GroupBy>,
    /// Images that come with a product: the most similar one (the default), or all that are similar enough, in
    /// `images`.
    #[serde(default, deserialize_with = "read::images")]
    #[param(inline, example = "best")]
    images: Option<Images>,
    /// Degree to which results differ from each other: 0 not at all, 1 as much as possible. Above 0 they are not in the
    /// order of their scores.
    #[serde(default, deserialize_with = "read::diversity")]
    #[schema(minimum = 0, maximum = 1, default = 0.0)]
    #[param(minimum = 0, maximum = 1, default = 0.0, example = 0.3)]
    diversity: Option<f32>,
    /// If true, several products with nearly the same image are one result.
    #[serde(default, deserialize_with = "read::flag")]
    #[schema(default = false)]
    #[param(default = false, example = true)]
    collapse: Option<bool>,
    /// Only these members of the metadata; none if empty. In the query string, names are separated by commas.
    #[serde(default, deserialize_with = "read::fields")]
    #[schema(max_items = 64, value_type = Option<Vec<schema::Name>>)]
    #[param(value_type = Option<String>, pattern = "^([^,]+(,[^,]+){0,63})?$", example = "name,price")]
    fields: Option<Vec<String>>,
    /// Attributes whose values are counted. In the query string, names are separated by commas.
    #[serde(default, deserialize_with = "read::facets")]
    #[schema(max_items = 16, value_type = Option<Vec<schema::Name>>)]
    #[param(value_type = Option<String>, pattern = "^([^,]+(,[^,]+){0,15})?$", example = "category")]
    facets: Option<Vec<String>>,
    /// If true, images come with links, in `url`. Links expire; without them, an answer may be cached longer.
    #[serde(default, deserialize_with = "read::flag")]
    #[schema(default = true)]
    #[param(default = true, example = false)]
    links: Option<bool>,
    /// `next_cursor` of the page before, with the same query and the same options that order results; `k` may differ.
    #[serde(default, deserialize_with = "read::cursor")]
    #[schema(min_length = 1)]
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// Minimum generation of the index; an older index gives no answer.
    #[serde(default, deserialize_with = "read::min_generation")]
    #[schema(minimum = 0, maximum = 9007199254740991_usize)]
    #[param(minimum = 0, maximum = 9007199254740991_usize, example = 1)]
    min_generation: Option<u64>,
}

/// The options about one image: of a query item, or of the only image of the query.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImageParams {
    /// The part of the image to search with, after its EXIF orientation is applied. As text `x,y,w,h`: shares of the
    /// sides if all four have a `%`, or if all are 0 to 1 and one has a decimal point; otherwise pixels.
    #[serde(default, deserialize_with = "read::crop")]
    #[schema(value_type = Option<schema::Crop>)]
    #[param(
        value_type = Option<String>,
        pattern = r"^([0-9]+(\.[0-9]+)?(,[0-9]+(\.[0-9]+)?){3}|[0-9]+(\.[0-9]+)?%(,[0-9]+(\.[0-9]+)?%){3})$",
        example = "0.1,0.1,0.8,0.5"
    )]
    pub(super) crop: Option<Crop>,
    /// If false, uniform margins of the image are kept. By default they are cut off.
    #[serde(default, deserialize_with = "read::flag")]
    #[param(example = true)]
    pub(super) trim: Option<bool>,
}

/// All options of a search by image.
#[derive(Debug)]
pub(super) struct ImageSearchParams {
    pub(super) search: SearchParams,
    pub(super) image: ImageParams,
}

impl ImageSearchParams {
    /// Reads the options, and refuses all other values.
    pub(super) fn read(mut values: Values<'_>) -> Result<Self, Problem> {
        let params = Self {
            search: values.take()?,
            image: values.take()?,
        };
        values.finish()?;
        Ok(params)
    }
}

impl SearchParams {
    /// Reads the options of a search without an image, and refuses all other values.
    pub(super) fn read(mut values: Values<'_>) -> Result<Self, Problem> {
        let params = values.take()?;
        values.finish()?;
        Ok(params)
    }

    /// Returns the options with defaults filled in.
    pub(crate) fn options(self) -> SearchOptions {
        let default = SearchOptions::default();
        SearchOptions {
            k: self.k.unwrap_or(default.k),
            min_score: self.min_score.unwrap_or(default.min_score),
            min_match: self.min_match,
            filter: self.filter,
            group_by: self.group_by.unwrap_or_default(),
            images: self.images.unwrap_or_default(),
            diversity: self.diversity.unwrap_or(default.diversity),
            collapse: self.collapse.unwrap_or(default.collapse),
            fields: self.fields,
            facets: self.facets.unwrap_or_default(),
            links: self.links.unwrap_or(default.links),
            cursor: self.cursor,
            min_generation: self.min_generation,
        }
    }
}

impl From<ImageParams> for Area {
    fn from(params: ImageParams) -> Self {
        Self {
            crop: params.crop,
            trim: params.trim,
        }
    }
}
