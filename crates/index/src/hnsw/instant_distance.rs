//! Everything that depends on the crate instant-distance, which builds the graph.
//!
//! This file relies on more than that crate's interface: [`shuffled`] repeats its random draws,
//! [`layer_ends`] and [`MAX_LINKS`] repeat its fixed degrees, and [`LinkReader`] parses its private
//! serialized form. So `Cargo.toml` pins the exact version, and the tests here compare each of
//! these with the crate's behavior.
//!
//! The builder works on coarse vectors stored inline. Afterwards, the links are read from the built
//! structure through its own serialization and kept as plain [`Links`], so that searching needs
//! neither a second copy of the vectors nor any decoding.

use std::io::{self, Write};

use instant_distance::{Builder, Heuristic, Hnsw, Point};
use rand_of_instant_distance::rngs::SmallRng;
use rand_of_instant_distance::{Rng, SeedableRng};
use serde::{Serialize, Serializer};

use super::links::{Links, MAX_LINKS};
use super::parameters::GraphParameters;
use crate::dot;
use crate::quantization::QuantizedVector;

/// Links per node on every layer except the bottom one. It also determines the sizes of the layers.
const UPPER_DEGREE: usize = 32;
/// The mark of an empty slot for a link.
const EMPTY: u64 = u32::MAX as u64;

/// A graph as it was built.
pub(super) struct RawGraph {
    /// The links of every layer, from the bottom up.
    pub(super) layers: Vec<Links>,
    /// `order[new]` is the position of node `new` in the input: nodes are numbered by layer.
    pub(super) order: Vec<u32>,
}

/// Builds a graph by inserting the vectors in the order `inserted`.
pub(super) fn build(
    vectors: &[&QuantizedVector],
    inserted: &[u32],
    parameters: GraphParameters,
) -> RawGraph {
    let dimensions = vectors.first().map_or(0, |vector| vector.dimensions());
    // Inline arrays beat boxed ones by about 1.7x, so the usual lengths are compiled in; each adds
    // seconds to compiling.
    match dimensions {
        0..=256 => build_points(vectors, inserted, parameters, inline::<256>),
        257..=512 => build_points(vectors, inserted, parameters, inline::<512>),
        513..=768 => build_points(vectors, inserted, parameters, inline::<768>),
        769..=1280 => build_points(vectors, inserted, parameters, inline::<1280>),
        _ => build_points(vectors, inserted, parameters, |vector, scale| {
            Boxed(vector.coarse_at(scale).collect())
        }),
    }
}

fn build_points<P: Point>(
    vectors: &[&QuantizedVector],
    inserted: &[u32],
    parameters: GraphParameters,
    point: impl Fn(&QuantizedVector, f32) -> P,
) -> RawGraph {
    let mut input = vec![0; vectors.len()];
    let positions = shuffled(vectors.len(), parameters.seed);
    for (&position, &vector) in positions.iter().zip(inserted) {
        input[position as usize] = vector;
    }
    let scale = common_scale(vectors);
    let points = input
        .iter()
        .map(|&vector| Unwritten(point(vectors[vector as usize], scale)))
        .collect();
    let heuristic = Heuristic {
        extend_candidates: false,
        keep_pruned: parameters.fill_lists,
    };
    let (hnsw, ids) = Builder::default()
        .ef_construction(parameters.ef_construction)
        .select_heuristic(Some(heuristic))
        .seed(parameters.seed)
        .build_hnsw(points);
    let mut order = vec![0; vectors.len()];
    for (&vector, id) in input.iter().zip(ids) {
        order[id.into_inner() as usize] = vector;
    }
    RawGraph {
        layers: read_links(&hnsw),
        order,
    }
}

/// Returns one scale for all vectors, so that the product of their bytes alone measures their
/// similarity. It is large enough for all but one in a hundred, whose largest components are
/// clamped.
fn common_scale(vectors: &[&QuantizedVector]) -> f32 {
    let mut scales: Vec<f32> = vectors.iter().map(|vector| vector.scale).collect();
    if scales.is_empty() {
        return 1.0;
    }
    let position = scales.len() * 99 / 100;
    *scales.select_nth_unstable_by(position, f32::total_cmp).1
}

/// Returns the numbers below `count` in the random order of a seed, drawn like the builder does:
/// the `i`-th point that it inserts is point `shuffled[i]` of the input.
///
/// If a release drew differently, building would take longer, and nothing else would change.
pub(super) fn shuffled(count: usize, seed: u64) -> Vec<u32> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut drawn: Vec<(u32, u32)> = (0..count as u32)
        .map(|i| (rng.gen_range(0..count as u32), i))
        .collect();
    drawn.sort_unstable();
    drawn.into_iter().map(|(_, i)| i).collect()
}

/// Returns the end of each layer in the order of insertion, from the top down. Every layer also
/// holds those above it.
pub(super) fn layer_ends(count: usize) -> Vec<usize> {
    let share = 1.0 / (UPPER_DEGREE as f32).ln();
    let smaller = |&size: &usize| Some((size as f32 * share) as usize);
    let sizes = std::iter::successors(smaller(&count), smaller);
    let mut ends: Vec<usize> = sizes.take_while(|&size| size >= UPPER_DEGREE).collect();
    ends.push(count);
    ends.sort_unstable();
    ends
}

/// A vector inline where it is compared: whole cache lines, and no pointer to follow.
#[derive(Clone)]
#[repr(align(64))]
struct Inline<const N: usize>([i8; N]);

impl<const N: usize> Point for Inline<N> {
    fn distance(&self, other: &Self) -> f32 {
        distance(&self.0, &other.0)
    }
}

fn inline<const N: usize>(vector: &QuantizedVector, scale: f32) -> Inline<N> {
    // Zeros after the end change no dot product.
    let mut values = [0; N];
    for (value, component) in values.iter_mut().zip(vector.coarse_at(scale)) {
        *value = component;
    }
    Inline(values)
}

/// A vector of a length that is not compiled in.
#[derive(Clone)]
struct Boxed(Box<[i8]>);

impl Point for Boxed {
    fn distance(&self, other: &Self) -> f32 {
        distance(&self.0, &other.0)
    }
}

/// Returns a distance, smaller for more similar vectors; only the order matters. Exact up to 2^24,
/// so for the usual lengths.
#[inline]
fn distance(a: &[i8], b: &[i8]) -> f32 {
    -dot::coarse(a, b) as f32
}

/// A point that is serialized as nothing: only the links of the built structure are read.
#[derive(Clone)]
struct Unwritten<P>(P);

impl<P: Point> Point for Unwritten<P> {
    fn distance(&self, other: &Self) -> f32 {
        self.0.distance(&other.0)
    }
}

impl<P> Serialize for Unwritten<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Serializes the structure into [`LinkReader`], number by number, without an intermediate copy.
fn read_links<P>(hnsw: &Hnsw<Unwritten<P>>) -> Vec<Links> {
    let reader = LinkReader::default();
    let reader = postcard::to_io(hnsw, reader).expect("a reader in memory takes every byte");
    reader.layers
}

/// Reads the varint stream that postcard makes of `Hnsw`:
/// `ef_search, points, zero: [[u32; 64]], layers: [[[u32; 32]]]`, each list preceded by its length.
#[derive(Default)]
struct LinkReader {
    /// The layers read, from the bottom up.
    layers: Vec<Links>,
    state: LinkState,
    number: u64,
    shift: u32,
}

#[derive(Default, Clone, Copy)]
enum LinkState {
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
    fn take(&mut self, number: u64) {
        self.state = match self.state {
            LinkState::EfSearch => LinkState::Points,
            LinkState::Points => LinkState::BottomLength,
            LinkState::BottomLength => self.begin_layer(number, MAX_LINKS, None),
            LinkState::LayerCount => Self::next_layer(number),
            LinkState::LayerLength { layers_after } => {
                self.begin_layer(number, UPPER_DEGREE, Some(layers_after))
            }
            LinkState::Slots {
                degree,
                slots_left,
                layers_after,
            } => self.take_slot(number, degree, slots_left - 1, layers_after),
            LinkState::Done => LinkState::Done,
        }
    }

    fn begin_layer(&mut self, nodes: u64, degree: usize, layers_after: Option<u64>) -> LinkState {
        self.layers.push(Links {
            starts: vec![0],
            targets: Vec::new(),
        });
        match nodes {
            0 => Self::after_layer(layers_after),
            _ => LinkState::Slots {
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
    ) -> LinkState {
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
            _ => LinkState::Slots {
                degree,
                slots_left,
                layers_after,
            },
        }
    }

    fn after_layer(layers_after: Option<u64>) -> LinkState {
        layers_after.map_or(LinkState::LayerCount, Self::next_layer)
    }

    fn next_layer(layers: u64) -> LinkState {
        match layers {
            0 => LinkState::Done,
            _ => LinkState::LayerLength {
                layers_after: layers - 1,
            },
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
