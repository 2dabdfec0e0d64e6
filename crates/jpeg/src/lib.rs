//! JPEG files to RGB pixels, at full size or at a half, a quarter or an eighth of it.
//!
//! | type | what it is |
//! |---|---|
//! | [`Header`] | what precedes the compressed data: the size, and the memory that decoding takes |
//! | [`Scale`] | the part of its size at which an image is decoded |
//! | [`Image`] | the pixels |
//! | [`Error`] | the reason why a file cannot be decoded |
//!
//! Decodes baseline, extended sequential and progressive images of eight bits with Huffman codes, in gray, YCbCr,
//! RGB, CMYK and YCCK, as ITU-T T.81 describes them. It knows no files, no color profiles, no orientation.
//!
//! **Strict.** An image is whole or it is an error: every block of every component has to be there,
//! in data that an encoder could have written. Missing data is never invented. Faults that do not
//! affect a block do not matter: a missing end marker, bytes after the image, unknown segments,
//! missing standard tables.
//!
//! **Bounded.** Size and memory are known from the header. Files too short for their claimed size
//! are refused before any memory is allocated; the number of scans is limited.
//!
//! **Reduced.** At a part of the size, a block becomes the inverse transform of its low
//! frequencies: most of the time for a large photo goes into reading coefficients, and most of
//! those are skipped. Blocks with strong fine patterns are averaged instead, so a photo is read
//! once whatever it shows.
//!
//! ```
//! let error = lookalike_jpeg::Header::read(b"\xff\xd8\xff\xc3\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0").err();
//! assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("lossless JPEG is not supported"));
//! ```

#![forbid(unsafe_code)]

mod average;
mod bits;
mod block;
mod codes;
mod coefficients;
mod color;
mod data;
mod decode;
mod error;
mod frame;
mod header;
mod huffman;
mod idct;
mod image;
mod marker;
mod plane;
mod progressive;
mod rows;
mod scale;
mod scan;
mod sequential;
mod tables;

pub use error::Error;
pub use header::Header;
pub use image::Image;
pub use scale::Scale;
