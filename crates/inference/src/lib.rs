//! Runs ONNX networks on the CPU.
//!
//! [`Network::load`] takes the bytes of an ONNX file; [`Network::run`] takes the pixels of one
//! image and returns its features. tract reads the file, computes shapes and constants, and runs
//! the remaining operators. Most of the time of a network for images is spent outside of tract:
//! `translate` replaces convolutions by `layers`, which run on `kernels` for the registers of the
//! current processor. Any network runs: operators that are not recognized are left to tract.
//!
//! No input or output, no clock and no environment; a [`Network`] may be shared by any number of
//! threads.

#![deny(unsafe_code)]

mod allocator;
mod batch_norm;
mod buffer_pool;
mod compiled;
mod declutter;
mod error;
mod file;
mod half;
mod kernels;
mod layers;
mod network;
mod ops;
mod shape;
mod translate;

pub use allocator::keep_freed_memory;
pub use error::LoadError;
pub use network::Network;
/// ONNX's protocol buffers.
pub use tract_onnx::pb;
