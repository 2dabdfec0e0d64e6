//! What the commands that fine-tune share: the catalog as training data, encoders, progress, figures.

mod bars;
mod base_encoder;
mod cache_folder;
mod catalog_error;
mod catalog_images;
mod catalog_labels;
mod catalog_source;
mod gain_table;
mod image_bound;

pub(crate) use bars::Bars;
pub(crate) use base_encoder::{BaseEncoder, folder_name};
pub(crate) use cache_folder::CacheFolder;
pub(crate) use catalog_images::CatalogImages;
pub(crate) use gain_table::gain_table;
pub(crate) use image_bound::ImageBound;
