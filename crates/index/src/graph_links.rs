//! Reading the links of a built graph out of its serialised form.

use std::io::{self, Write};

/// Links per node on the bottom layer, fixed by the library that builds.
pub(crate) const BOTTOM_DEGREE: usize = 64;
/// Links per node on every other layer, likewise fixed.
const UPPER_DEGREE: usize = 32;
/// The mark of an empty slot.
const EMPTY: u64 = u32::MAX as u64;

/// The links of one layer: node `i` is linked to `targets[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) starts: Vec<u32>,
    pub(crate) targets: Vec<u32>,
}

impl Links {
    /// Nodes that the layer has.
    pub(crate) fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// Reads the varint stream that postcard makes of `Hnsw`:
/// `ef_search, points, zero: [[u32; 64]], layers: [[[u32; 32]]]`, each list behind its length.
#[derive(Default)]
pub(crate) struct LinkReader {
    layers: Vec<Links>,
    state: State,
    number: u64,
    shift: u32,
}

#[derive(Default, Clone, Copy)]
enum State {
    #[default]
    EfSearch,
    Points,
    /// The number of nodes of the bottom layer.
    BottomLength,
    /// The number of layers above the bottom.
    LayerCount,
    /// The number of nodes of the next upper layer, and how many layers come after it.
    LayerLength {
        layers_after: u64,
    },
    /// Links of a node.
    Slots {
        degree: usize,
        slots_left: u64,
        layers_after: Option<u64>,
    },
    Done,
}

impl Write for LinkReader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.number |= u64::from(byte & 0x7f) << self.shift;
            if byte & 0x80 != 0 {
                self.shift += 7;
                continue;
            }
            let number = std::mem::take(&mut self.number);
            self.shift = 0;
            self.take(number);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LinkReader {
    /// The layers read, from the bottom up.
    pub(crate) fn into_layers(self) -> Vec<Links> {
        self.layers
    }

    fn take(&mut self, number: u64) {
        self.state = match self.state {
            State::EfSearch => State::Points,
            State::Points => State::BottomLength,
            State::BottomLength => self.begin_layer(number, BOTTOM_DEGREE, None),
            State::LayerCount => Self::next_layer(number),
            State::LayerLength { layers_after } => {
                self.begin_layer(number, UPPER_DEGREE, Some(layers_after))
            }
            State::Slots {
                degree,
                slots_left,
                layers_after,
            } => self.take_slot(number, degree, slots_left - 1, layers_after),
            State::Done => State::Done,
        }
    }

    fn begin_layer(&mut self, nodes: u64, degree: usize, layers_after: Option<u64>) -> State {
        self.layers.push(Links {
            starts: vec![0],
            targets: Vec::new(),
        });
        match nodes {
            0 => Self::after_layer(layers_after),
            _ => State::Slots {
                degree,
                slots_left: nodes * degree as u64,
                layers_after,
            },
        }
    }

    fn take_slot(
        &mut self,
        number: u64,
        degree: usize,
        slots_left: u64,
        layers_after: Option<u64>,
    ) -> State {
        if let Some(layer) = self.layers.last_mut() {
            if number != EMPTY {
                layer.targets.push(number as u32);
            }
            if slots_left.is_multiple_of(degree as u64) {
                layer.starts.push(layer.targets.len() as u32);
            }
        }
        match slots_left {
            0 => Self::after_layer(layers_after),
            _ => State::Slots {
                degree,
                slots_left,
                layers_after,
            },
        }
    }

    fn after_layer(layers_after: Option<u64>) -> State {
        layers_after.map_or(State::LayerCount, Self::next_layer)
    }

    fn next_layer(layers: u64) -> State {
        match layers {
            0 => State::Done,
            _ => State::LayerLength {
                layers_after: layers - 1,
            },
        }
    }
}
