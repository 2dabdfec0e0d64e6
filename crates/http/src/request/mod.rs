//! What comes in: parameters, paths and bodies, each with problems that say what was expected.

mod body;
mod form;
mod json;
mod media_type;
mod params;
mod picture;
mod product_path;

pub(crate) use form::FormBody;
pub(crate) use json::{SearchJson, UploadJson, read_upload_type};
pub(crate) use params::{no_parameters, search_options};
pub(crate) use picture::SearchInput;
pub(crate) use product_path::ProductPath;
