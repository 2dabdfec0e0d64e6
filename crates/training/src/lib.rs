//! Fine-tuning an encoder on a shop's labeled images, and measuring how good an encoder is.
//!
//! No Lambda function links this crate.
//!
//! The steps of fine-tuning: a [`labeled::LabeledFolder`] is read; [`dataset::Dataset::prepare`]
//! computes pooled features of every image with a frozen backbone, or finds them in a
//! [`cache::FeatureCache`], and holds some products back, with all their nearly identical images;
//! [`fine_tuning::train`] trains a feature layer and a classification layer on the rest and keeps
//! the former; [`gain::Gain`] measures it on the products that were held back; [`card::model`] joins
//! it with the backbone into one ONNX file, and [`card::Card`] describes the result. An
//! [`output_folder::OutputFolder`] appears complete or not at all.

#![forbid(unsafe_code)]

pub mod baseline;
pub mod bootstrap;
/// Pooled features on disk.
pub mod cache;
/// The contents of `card.json`.
pub mod card;
mod catalog_index;
mod clusters;
pub mod common_labels;
pub mod dataset;
mod dense;
pub mod embedded_images;
pub mod embedding;
pub mod encoder_choice;
/// The reason why there is no fine-tuned encoder.
pub mod error;
pub mod evaluation;
pub mod features;
/// Training on pooled features.
pub mod fine_tuning;
pub mod gain;
mod gate;
mod image_files;
pub mod image_labels;
pub mod image_source;
mod joined_products;
mod label_columns;
mod label_error;
pub mod label_table;
pub mod labeled;
mod labeled_image;
mod layer;
mod lda;
pub mod leave_one_out;
mod loss;
pub mod metrics;
pub mod others;
/// A folder that appears complete or not at all.
pub mod output_folder;
mod pca;
/// Progress reports and requests to stop.
pub mod progress;
mod ranked_product;
/// All parameters of fine-tuning.
pub mod recipe;
pub mod retrieval;
pub mod sample;
pub mod similar_images;
mod skipped;
mod split;
mod targets;

/// Returns lower-case hexadecimal digits, two for each byte.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
