//! Shared by the programs of this folder: any number of vectors, made from those of real images.

#![forbid(unsafe_code)]

pub mod vectors;
