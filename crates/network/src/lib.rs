//! Runs ONNX networks on the CPU.
//!
//! [`Network::load`] takes the bytes of an ONNX file; [`Network::run`] takes the pixels of one picture and
//! gives its features. tract reads the file, works out shapes and constants, and runs what it is left
//! with. What costs time in a network for pictures is not tract's: `translate` replaces convolutions by
//! `layers`, which run on `kernels` for the registers of the processor at hand. Any network runs:
//! what is not recognised is left to tract.
//!
//! No input or output, no clock and no environment; a [`Network`] may be shared by any number of threads.

#![deny(unsafe_code)]

mod batch_norm;
mod error;
mod file;
mod half;
mod kernels;
mod layers;
mod network;
mod ops;
mod prepared;
mod shape;
mod spare;
mod translate;

pub use error::LoadError;
pub use network::Network;
/// ONNX's protocol buffers.
pub use tract_onnx::pb;
