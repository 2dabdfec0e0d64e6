//! scratch
#![allow(dead_code)]
pub(crate) mod kernels;
pub(crate) mod layers;
