//! Reading requests: query strings, paths and bodies, with problems that say what was expected.

mod base64;
mod body;
#[cfg(test)]
mod example_problems;
mod fields;
mod form;
mod ignored;
mod image_path;
mod input;
mod item;
mod items;
mod json;
mod json_text;
mod media_type;
mod option_values;
mod product_path;
mod query_string;
mod raw;
mod schema;
mod search_params;
mod upload;
mod values;

#[cfg(test)]
pub(crate) use example_problems::example_problem;
pub(crate) use image_path::image_key;
pub(crate) use input::SearchInput;
pub(crate) use product_path::ProductPath;
pub(crate) use query_string::{audit_limit, no_parameters, similar_params};
pub(crate) use schema::{SearchForm, SearchRequest};
pub(crate) use search_params::{ImageParams, SearchParams};
pub(crate) use upload::{UploadJson, read_upload};
