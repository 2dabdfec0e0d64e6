//! The names of an encoder's files, in a directory and in S3.

pub(crate) const MODEL: &str = "model.onnx";
pub(crate) const PREPROCESSING: &str = "preprocessor_config.json";
