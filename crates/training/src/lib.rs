//! Fine-tuning an encoder on a shop's labelled pictures, and measuring how good an encoder is.
//!
//! No Lambda function links this crate.
//!
//! Fine-tuning goes like this: a [`labelled::LabelledFolder`] is read; [`dataset::Dataset::prepare`] splits
//! it and has a frozen backbone compute pooled features of every picture, or finds them in a
//! [`cache::FeatureCache`]; [`fine_tuning::train`] trains a feature layer and a classification layer on
//! them and keeps the former; [`card::model`] joins it with the backbone into one ONNX file, and
//! [`card::Card`] tells what came of it. An [`output_folder::OutputFolder`] appears complete or not at
//! all.

#![forbid(unsafe_code)]

pub mod bootstrap;
/// Pooled features on disk.
pub mod cache;
/// What `card.json` says.
pub mod card;
pub mod dataset;
mod dense;
mod discriminant;
pub mod embedded_pictures;
pub mod encoder_choice;
/// Why there is no fine-tuned encoder.
pub mod error;
pub mod evaluation;
pub mod features;
/// Training on pooled features.
pub mod fine_tuning;
pub mod label_table;
pub mod labelled;
mod layer;
pub mod leave_one_out;
mod loss;
pub mod measure;
/// A folder that appears complete or not at all.
pub mod output_folder;
mod principal;
/// How it gets on, and how it is stopped.
pub mod progress;
/// Everything that can be chosen.
pub mod recipe;
pub mod retrieval;
pub mod split;

/// Lower-case hexadecimal digits, two a byte.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
