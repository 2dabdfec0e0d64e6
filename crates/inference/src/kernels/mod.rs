//! The inner loops: a product with a matrix, and depthwise convolution of rows.
//!
//! Each loop is written once over [`vector::Vector`] and compiled for every kind of register; the
//! kind is selected at run time. Images are channel-last: the channels of a pixel are adjacent,
//! then the pixels of a row. A kernel adds in the same order on every processor, except for fused
//! multiplications, which round once.
//!
//! | file | use of `unsafe` |
//! |---|---|
//! | `x86`, `neon`, `portable` | the instructions of one kind of register |
//! | `multiply`, `depthwise` | raw pointers in the loops; their safe entries check every length |
//! | `cache_line` | one type is declared to be plain data |
#![allow(unsafe_code)]

mod bounds;
mod cache_line;
mod depthwise;
mod instructions;
mod multiply;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use bounds::Bounds;
pub(crate) use cache_line::{CacheLine, LINE};
pub(crate) use depthwise::{Rows, depthwise, has_depthwise};
pub(crate) use instructions::Instructions;
pub(crate) use multiply::{Matrix, Source, multiply};
