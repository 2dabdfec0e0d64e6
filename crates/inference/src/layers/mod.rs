//! The operations that replace tract's, over plain slices; no type of tract's here.
//!
//! | type | what it computes |
//! |---|---|
//! | [`Pointwise`] | pixels times a matrix: a 1x1 convolution, a dense layer |
//! | [`Convolution`] | a convolution with any filter over all channels |
//! | [`Block`] | a depthwise convolution, with the 1x1 convolutions before and behind it |
//! | [`Average`] | the mean of all pixels |
//!
//! Images are `[height, width, channels]`. Weights lie in [`CacheLine`]s, of which `W` says where they are:
//! [`Lines`] to run, [`Span`] to store.

mod average;
mod block;
mod convolution;
mod filter;
mod pointwise;
mod scratch;
mod weights;

pub(crate) use average::Average;
pub(crate) use block::{Block, Depthwise};
pub(crate) use convolution::Convolution;
pub(crate) use filter::{Filter, Side};
pub(crate) use pointwise::Pointwise;
pub(crate) use weights::{Lines, Span};

#[cfg(test)]
mod tests;
