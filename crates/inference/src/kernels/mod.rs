//! The inner loops: a product with a matrix, and depthwise convolution of rows.
//!
//! Each loop is written once over [`vector::Vector`] and compiled for every kind of register; which one
//! runs is found out at run time. Images lie channel-last: the channels of a pixel side by side, then
//! the pixels of a row. What a kernel adds up it adds in the same order on every processor, but for
//! fused multiplications, which round once.
//!
//! | file | what is `unsafe` there |
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
