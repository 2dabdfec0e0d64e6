//! The inner loops: a product with a matrix, and depthwise convolution of rows.
//!
//! Each loop is written once over [`vector::Vector`] and compiled for every kind of register; which one
//! runs is found out at run time. Pictures lie channel-last: the channels of a pixel side by side, then
//! the pixels of a row. What a kernel adds up it adds in the same order on every processor, but for
//! fused multiplications, which round once.
//!
//! | file | what is `unsafe` there |
//! |---|---|
//! | `x86`, `neon`, `portable` | the instructions of one kind of register |
//! | `multiply`, `depthwise` | raw pointers in the loops; their safe entries check every length |
//! | `line` | one type is declared to be plain data |
#![allow(unsafe_code)]

mod depthwise;
mod instructions;
mod line;
mod multiply;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use depthwise::{Rows, depthwise, has_depthwise};
pub(crate) use instructions::Instructions;
pub(crate) use line::{LINE, Line};
pub(crate) use multiply::{Matrix, Source, multiply};

/// What results are clipped to, least and greatest; infinite where they are not.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Bounds {
    pub(crate) least: f32,
    pub(crate) greatest: f32,
}

impl Bounds {
    /// All numbers.
    pub(crate) const ALL: Bounds = Bounds {
        least: f32::NEG_INFINITY,
        greatest: f32::INFINITY,
    };
}
