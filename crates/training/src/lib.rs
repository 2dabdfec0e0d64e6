//! Fine-tuning an encoder on a shop's labelled pictures, and measuring how good an encoder is.
//!
//! No Lambda function links this crate.

#![forbid(unsafe_code)]

pub mod bootstrap;
pub mod embedded_pictures;
pub mod encoder_choice;
pub mod evaluation;
pub mod label_table;
pub mod labelled;
pub mod retrieval;
