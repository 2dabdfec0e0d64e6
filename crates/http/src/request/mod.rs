//! What comes in: parameters, paths and bodies, each with problems that say what was expected.

mod base64;
mod body;
mod form;
mod image_path;
mod input;
mod items;
mod json;
mod media_type;
mod options;
mod params;
mod product_path;
mod raw;
mod refusals;
mod schema;

pub(crate) use image_path::image_key;
pub(crate) use input::SearchInput;
pub(crate) use json::{UploadJson, read_upload_type};
pub(crate) use params::{audit_limit, no_parameters, similar_parameters};
pub(crate) use product_path::ProductPath;
pub(crate) use refusals::refusal;
pub(crate) use schema::{
    Match as MatchSchema, PictureParameters, SearchForm, SearchParameters, SearchRequest,
};
