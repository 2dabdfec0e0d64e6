//! Image bytes to a unit-length embedding.
//!
//! [`Encoder::embed`] takes the bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file and returns
//! `[dimensions]` numbers of unit length, so that the dot product of two embeddings is their cosine
//! similarity. The crate is pure and synchronous: it reads no file, no clock, no environment and no
//! network, and an [`Encoder`] may be shared by any number of threads.
//!
//! The steps: detect the format from the bytes, check the limits against the header, decode,
//! composite on white, cut out the requested part, resize and crop according to the preprocessing
//! file, turn upright by the EXIF orientation, normalize, run the network, scale to unit length.
//! Pixels and vectors agree with Pillow and onnxruntime. Color profiles are ignored, as in Pillow:
//! numbers are interpreted as sRGB.
//!
//! | type | what it is |
//! |---|---|
//! | [`Encoder`] | a network and its preprocessing, ready to run |
//! | [`ImageError`] | the reason why an image has no embedding; the image is at fault |
//! | [`LoadError`] | the reason why a model cannot be used; the model's files are at fault |
//! | [`Area`], [`Crop`] | the part of an image that is embedded |
//! | [`Backbone`], [`Augmentation`], [`ProjectionHead`] | the parts of an encoder that fine-tuning separates and joins |
//! | [`ImageFormat`] | the result of [`sniff`], from the first bytes |
//!
//! ```
//! let encoder = lookalike_encoder::Encoder::embedded()?;
//! let error = encoder.embed(b"a cat, in words").unwrap_err();
//! assert_eq!(error.code(), "unsupported-format");
//! # Ok::<(), lookalike_encoder::LoadError>(())
//! ```

#![forbid(unsafe_code)]

mod area;
mod augmentation;
mod backbone;
mod crop;
mod decode;
mod decode_scale;
mod decoded;
mod embedded;
mod encoder;
mod error;
mod format;
mod gate;
mod graph;
mod limits;
mod pixel_rect;
mod preprocessing;
mod preprocessor_config;
mod projection_head;
mod region;
mod resize;
mod resize_plan;
mod tensor;
mod thumbnail;
mod trim;
mod verify;

pub use area::Area;
pub use augmentation::Augmentation;
pub use backbone::Backbone;
pub use crop::{BadCrop, Crop, CropUnit};
pub use decode::{ImageInfo, inspect};
pub use encoder::Encoder;
pub use error::ImageError;
pub use format::{ImageFormat, SUPPORTED_FORMATS, sniff};
pub use gate::Gate;
pub use limits::{MAX_BYTES, MAX_PIXELS, MAX_SIDE};
pub use lookalike_inference::{LoadError, keep_freed_memory};
pub use projection_head::{Part, PartKind, ProjectionHead};
pub use thumbnail::thumbnail;
pub use verify::verify;
