//! Building the neighbour graph with instant-distance (HNSW, Malkov and Yashunin 2016).
//!
//! The only file that names instant-distance. It builds on coarse vectors held inline, then the
//! links are read out of the built structure through its own serialisation and kept as plain
//! [`Links`], so that searching needs neither a second copy of the vectors nor any decoding.

use std::io::{self, Write};

use instant_distance::{Builder, Heuristic, Hnsw, Point};
use serde::{Serialize, Serializer};

use crate::dot::dot;

/// Links per node on the bottom layer, fixed by instant-distance.
const BOTTOM_DEGREE: usize = 64;
/// Links per node on every other layer, fixed by instant-distance.
const UPPER_DEGREE: usize = 32;
/// instant-distance's mark of an empty slot.
const EMPTY: u64 = u32::MAX as u64;

/// How much work goes into the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphParameters {
    /// Candidates looked at while a node is linked (efConstruction).
    pub ef_construction: usize,
    /// Seed of the layer draw.
    pub seed: u64,
}

impl Default for GraphParameters {
    fn default() -> Self {
        Self {
            ef_construction: 100,
            seed: 0,
        }
    }
}

/// The links of one layer: node `i` is linked to `targets[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) starts: Vec<u32>,
    pub(crate) targets: Vec<u32>,
}

/// A built graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltGraph {
    /// Layers from the bottom up; a layer above the bottom covers the first so many nodes.
    pub(crate) layers: Vec<Links>,
    /// `order[new]` is the position that node `new` had in the input: nodes are numbered by layer.
    pub(crate) order: Vec<u32>,
}

/// Builds the graph of distinct vectors, given as scale and coarse bytes.
pub(crate) fn build(vectors: &[(f32, &[i8])], parameters: GraphParameters) -> BuiltGraph {
    let dimensions = vectors.first().map_or(0, |(_, hi)| hi.len());
    // Inline arrays beat boxed ones by about 1.7x, so the usual lengths are compiled in.
    match dimensions {
        0..=64 => build_inline::<64>(vectors, parameters),
        65..=128 => build_inline::<128>(vectors, parameters),
        129..=256 => build_inline::<256>(vectors, parameters),
        257..=512 => build_inline::<512>(vectors, parameters),
        513..=768 => build_inline::<768>(vectors, parameters),
        769..=1024 => build_inline::<1024>(vectors, parameters),
        1025..=1280 => build_inline::<1280>(vectors, parameters),
        1281..=2048 => build_inline::<2048>(vectors, parameters),
        _ => build_boxed(vectors, parameters),
    }
}

fn build_inline<const N: usize>(
    vectors: &[(f32, &[i8])],
    parameters: GraphParameters,
) -> BuiltGraph {
    let points = vectors
        .iter()
        .map(|&(scale, hi)| {
            // Zeros behind the end change no dot product.
            let mut values = [0; N];
            values[..hi.len()].copy_from_slice(hi);
            CoarsePoint { scale, values }
        })
        .collect();
    build_points(points, parameters)
}

fn build_boxed(vectors: &[(f32, &[i8])], parameters: GraphParameters) -> BuiltGraph {
    let points = vectors
        .iter()
        .map(|&(scale, hi)| CoarsePoint {
            scale,
            values: Box::<[i8]>::from(hi),
        })
        .collect();
    build_points(points, parameters)
}

fn build_points<V>(points: Vec<CoarsePoint<V>>, parameters: GraphParameters) -> BuiltGraph
where
    V: AsRef<[i8]> + Clone + Sync,
{
    let nodes = points.len();
    // `keep_pruned` fills every list with the links that the heuristic rejected: six times the
    // building time for little recall.
    let heuristic = Heuristic {
        extend_candidates: false,
        keep_pruned: false,
    };
    let (hnsw, ids) = Builder::default()
        .ef_construction(parameters.ef_construction)
        .select_heuristic(Some(heuristic))
        .seed(parameters.seed)
        .build_hnsw(points);
    let mut order = vec![0; nodes];
    for (input, id) in ids.into_iter().enumerate() {
        order[id.into_inner() as usize] = input as u32;
    }
    BuiltGraph {
        layers: read_links(&hnsw),
        order,
    }
}

/// A vector that is serialised as nothing: of the built structure only the links are wanted.
#[derive(Clone)]
struct CoarsePoint<V> {
    scale: f32,
    values: V,
}

impl<V: AsRef<[i8]> + Clone + Sync> Point for CoarsePoint<V> {
    fn distance(&self, other: &Self) -> f32 {
        1.0 - self.scale * other.scale * dot(self.values.as_ref(), other.values.as_ref()) as f32
    }
}

impl<V> Serialize for CoarsePoint<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Serialises the structure into [`LinkReader`], number by number, without an intermediate copy.
fn read_links<V>(hnsw: &Hnsw<CoarsePoint<V>>) -> Vec<Links> {
    let reader = LinkReader::default();
    let reader = postcard::to_io(hnsw, reader).expect("a reader in memory takes every byte");
    reader.layers
}

/// Reads the varint stream that postcard makes of `Hnsw`:
/// `ef_search, points, zero: [[u32; 64]], layers: [[[u32; 32]]]`, each list behind its length.
#[derive(Default)]
struct LinkReader {
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
    LayerLength { layers_after: u64 },
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
