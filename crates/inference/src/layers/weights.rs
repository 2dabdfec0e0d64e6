use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kernels::{CacheLine, LINE};

/// Weights in memory: allocated, or part of the program.
#[derive(Clone)]
pub(crate) enum Lines {
    /// Made at load.
    Owned(Arc<[CacheLine]>),
    /// Made at build time, used in place.
    Static(&'static [CacheLine]),
}

impl Deref for Lines {
    type Target = [CacheLine];

    fn deref(&self) -> &[CacheLine] {
        match self {
            Lines::Owned(lines) => lines,
            Lines::Static(lines) => lines,
        }
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Lines) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} lines", self.len())
    }
}

/// Weights in a file, as a range of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// The place of a layer's weights.
pub(crate) trait Weights: fmt::Debug + Clone + PartialEq {}

impl Weights for Lines {}
impl Weights for Span {}

/// Packs `[rows, columns]` into panels of [`LINE`] columns, `[panels, rows]` lines; the last panel
/// is padded with zeros.
pub(crate) fn panels(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Lines {
    let panels = 0..columns.div_ceil(LINE);
    let lines = panels.flat_map(|panel| (0..rows).map(move |row| (panel, row)));
    let lines = lines.map(|(panel, row)| {
        CacheLine(std::array::from_fn(|lane| {
            let column = panel * LINE + lane;
            if column < columns {
                value(row, column)
            } else {
                0.0
            }
        }))
    });
    Lines::Owned(lines.collect())
}

/// Packs values one after another; the last line is padded with zeros.
pub(crate) fn pack(values: &[f32]) -> Lines {
    panels(1, values.len(), |_, column| values[column])
}
