//! Layers that replace operators of tract, over plain slices; no type of tract appears here.
//!
//! | type | what it computes |
//! |---|---|
//! | [`Pointwise`] | pixels times a matrix: a 1x1 convolution, a dense layer |
//! | [`Convolution`] | a convolution with any filter over all channels |
//! | [`Block`] | a depthwise convolution, with the 1x1 convolutions before and after it |
//! | [`Average`] | the mean of all pixels |
//!
//! Images are `[height, width, channels]`. Weights are in [`CacheLine`]s; `W` determines where
//! these are: [`Lines`] to run, [`Span`] to store.

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
