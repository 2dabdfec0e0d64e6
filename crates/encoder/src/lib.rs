//! Picture bytes to a unit-length embedding.
//!
//! [`Encoder::embed`] takes the bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file and returns `[dimensions]`
//! numbers of unit length, so that the dot product of two embeddings is their cosine similarity.
//! The crate is pure and synchronous: it reads no file, no clock, no environment and no network, and
//! an [`Encoder`] may be shared by any number of threads.
//!
//! The steps: sniff the format from the bytes, check the limits against the header, decode, honour the
//! EXIF orientation, composite on white, cut out the part that is asked for, resize and crop as the
//! preprocessing file says, normalise, run the network, scale to unit length. Pixels and vectors agree with Pillow and onnxruntime.
//! Colour profiles are ignored, as Pillow ignores them: numbers are taken for sRGB.
//!
//! | type | what it is |
//! |---|---|
//! | [`Encoder`] | a network and its preprocessing, ready to run |
//! | [`PictureError`] | why a picture has no embedding; the picture is at fault |
//! | [`LoadError`] | why a model cannot be used; the model's files are at fault |
//! | [`Area`], [`Crop`] | which part of a picture is looked at |
//! | [`Backbone`], [`View`], [`Tail`] | what fine-tuning takes an encoder apart into, and puts together |
//! | [`PictureFormat`] | what [`sniff`] sees in the first bytes |
//!
//! ```
//! let encoder = lookalike_encoder::Encoder::embedded()?;
//! let error = encoder.embed(b"a cat, in words").unwrap_err();
//! assert_eq!(error.code(), "unsupported-format");
//! # Ok::<(), lookalike_encoder::LoadError>(())
//! ```

#![forbid(unsafe_code)]

mod alpha;
mod area;
mod backbone;
mod cmyk;
mod decode;
mod encoder;
mod error;
mod format;
mod frame;
mod geometry;
mod graph;
mod jpeg;
mod preprocessing;
mod preprocessor_config;
mod resize;
mod tail;
mod tensor;
mod thumbnail;
mod trim;
mod unsupported;
mod view;

pub use area::{Area, BadCrop, Crop, CropUnit};
pub use backbone::Backbone;
pub use decode::{ImageInfo, inspect};
pub use encoder::Encoder;
pub use error::PictureError;
pub use format::{PictureFormat, SUPPORTED_FORMATS, sniff};
pub use lookalike_network::LoadError;
pub use tail::{Part, PartKind, Tail};
pub use thumbnail::thumbnail;
pub use view::View;

/// The largest picture file that is read, in bytes: 32 MiB.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The largest picture that is decoded, in pixels: 64 million, which is what large phone cameras give.
pub const MAX_PIXELS: u64 = 64_000_000;

/// The longest side that is decoded, in pixels; also the most that a JPEG can express.
pub const MAX_SIDE: u32 = 65_535;
