//! Building the neighbour graph with instant-distance (HNSW, Malkov and Yashunin 2016).
//!
//! The only file that names instant-distance. It builds on coarse vectors held inline, then the
//! links are read out of the built structure through its own serialisation and kept as plain
//! [`Links`], so that searching needs neither a second copy of the vectors nor any decoding.

use instant_distance::{Builder, Heuristic, Hnsw, Point};
use serde::{Serialize, Serializer};

use crate::dot;
use crate::graph_links::{LinkReader, Links};
use crate::graph_order::{arrange, shuffled};
use crate::graph_parameters::GraphParameters;
use crate::graph_reach::{both_ways, known_by_some, reach_all};
use crate::quantise::Quantised;

/// A built graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltGraph {
    /// The links of the bottom layer, which has every node.
    pub(crate) bottom: Links,
    /// How many of the first nodes each layer has, from the bottom up.
    pub(crate) layers: Vec<u32>,
    /// `order[new]` is the position that node `new` had in the input: nodes are numbered by layer.
    pub(crate) order: Vec<u32>,
}

/// Builds the graph of distinct vectors of equal length.
pub(crate) fn build(vectors: &[&Quantised], parameters: GraphParameters) -> BuiltGraph {
    let dimensions = vectors.first().map_or(0, |vector| vector.dimensions());
    // Inline arrays beat boxed ones by about 1.7x, so the usual lengths are
    // compiled in; each costs seconds of compiling.
    match dimensions {
        0..=256 => build_points(vectors, parameters, inline::<256>),
        257..=512 => build_points(vectors, parameters, inline::<512>),
        513..=768 => build_points(vectors, parameters, inline::<768>),
        769..=1280 => build_points(vectors, parameters, inline::<1280>),
        _ => build_points(vectors, parameters, |vector, scale| {
            Boxed(vector.coarse_at(scale).collect())
        }),
    }
}

fn inline<const N: usize>(vector: &Quantised, scale: f32) -> Inline<N> {
    // Zeros behind the end change no dot product.
    let mut values = [0; N];
    for (value, component) in values.iter_mut().zip(vector.coarse_at(scale)) {
        *value = component;
    }
    Inline(values)
}

fn build_points<P: Point>(
    vectors: &[&Quantised],
    parameters: GraphParameters,
    point: impl Fn(&Quantised, f32) -> P,
) -> BuiltGraph {
    let GraphParameters {
        ef_construction,
        fill_lists,
        seed,
        least_recall: _,
    } = parameters;
    // Which vector is to be inserted when, and at which position of the input it must be for that.
    let wanted = arrange(vectors, seed);
    let mut input = vec![0; vectors.len()];
    for (&position, &vector) in shuffled(vectors.len(), seed).iter().zip(&wanted) {
        input[position as usize] = vector;
    }
    let scale = common_scale(vectors);
    let points = input
        .iter()
        .map(|&vector| Unwritten(point(vectors[vector as usize], scale)))
        .collect();
    let heuristic = Heuristic {
        extend_candidates: false,
        keep_pruned: fill_lists,
    };
    let (hnsw, ids) = Builder::default()
        .ef_construction(ef_construction)
        .select_heuristic(Some(heuristic))
        .seed(seed)
        .build_hnsw(points);
    let mut order = vec![0; vectors.len()];
    for (&vector, id) in input.iter().zip(ids) {
        order[id.into_inner() as usize] = vector;
    }
    let mut links = read_links(&hnsw);
    let layers = links.iter().map(|layer| layer.nodes() as u32).collect();
    let mut bottom = links.swap_remove(0);
    both_ways(&mut bottom);
    known_by_some(&mut bottom, |node, other| {
        let [node, other] = [node, other].map(|node| vectors[order[node as usize] as usize]);
        dot::coarse(node.hi(), other.hi()) as f32 * other.scale
    });
    reach_all(&mut bottom);
    BuiltGraph {
        bottom,
        layers,
        order,
    }
}

/// A scale for all vectors, so that a product of their bytes alone says how similar they are: large
/// enough for all but one in a hundred, whose largest components are cut.
fn common_scale(vectors: &[&Quantised]) -> f32 {
    let mut scales: Vec<f32> = vectors.iter().map(|vector| vector.scale).collect();
    let place = scales.len() * 99 / 100;
    match scales.is_empty() {
        true => 1.0,
        false => *scales.select_nth_unstable_by(place, f32::total_cmp).1,
    }
}

/// A vector in the place where it is compared: whole cache lines, and no pointer to follow.
#[derive(Clone)]
#[repr(align(64))]
struct Inline<const N: usize>([i8; N]);

impl<const N: usize> Point for Inline<N> {
    fn distance(&self, other: &Self) -> f32 {
        distance(&self.0, &other.0)
    }
}

/// A vector of a length that is not compiled in.
#[derive(Clone)]
struct Boxed(Box<[i8]>);

impl Point for Boxed {
    fn distance(&self, other: &Self) -> f32 {
        distance(&self.0, &other.0)
    }
}

/// The less the more similar; nothing but the order matters. Exact up to 2^24, so for the usual lengths.
#[inline]
fn distance(a: &[i8], b: &[i8]) -> f32 {
    -dot::coarse(a, b) as f32
}

/// A point that is serialised as nothing: of the built structure only the links are wanted.
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

/// Serialises the structure into [`LinkReader`], number by number, without an intermediate copy.
fn read_links<P>(hnsw: &Hnsw<Unwritten<P>>) -> Vec<Links> {
    let reader = LinkReader::default();
    let reader = postcard::to_io(hnsw, reader).expect("a reader in memory takes every byte");
    reader.into_layers()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::graph_links::BOTTOM_DEGREE;

    /// Vectors around a hundredth as many centres.
    fn clustered(count: usize, dimensions: usize) -> Vec<Quantised> {
        let mut rng = StdRng::seed_from_u64(count as u64);
        let mut random = || rng.random_range(-1.0f32..1.0);
        let centres: Vec<Vec<f32>> = (0..count / 100 + 1)
            .map(|_| (0..dimensions).map(|_| random()).collect())
            .collect();
        (0..count)
            .map(|i| {
                let centre = &centres[i % centres.len()];
                let vector: Vec<f32> = centre.iter().map(|x| x + 0.5 * random()).collect();
                Quantised::new(&vector).unwrap()
            })
            .collect()
    }

    fn build_all(vectors: &[Quantised]) -> BuiltGraph {
        let vectors: Vec<_> = vectors.iter().collect();
        build(&vectors, GraphParameters::default())
    }

    #[test]
    fn every_node_can_be_reached_over_valid_links() {
        for (count, dimensions) in [(1, 3), (2, 3), (33, 16), (1500, 200), (3000, 64)] {
            let graph = build_all(&clustered(count, dimensions));
            let mut order = graph.order.clone();
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count as u32), "a permutation");
            let bottom = &graph.bottom;
            assert_eq!(
                *bottom.starts.last().unwrap() as usize,
                bottom.targets.len()
            );
            for node in 0..count {
                let links = links_of(bottom, node);
                assert!(links.len() <= BOTTOM_DEGREE);
                let others = |&to: &u32| (to as usize) < count && to as usize != node;
                assert!(links.iter().all(others));
            }
            assert_eq!(bottom.nodes(), count);
            assert_eq!(reachable(bottom), count, "{count} x {dimensions}");
            assert_eq!(graph.layers[0] as usize, count);
            assert!(graph.layers.is_sorted_by(|below, above| below > above));
        }
    }

    fn links_of(layer: &Links, node: usize) -> &[u32] {
        &layer.targets[layer.starts[node] as usize..layer.starts[node + 1] as usize]
    }

    fn reachable(layer: &Links) -> usize {
        let mut seen = vec![false; layer.nodes()];
        seen[0] = true;
        let mut open = vec![0];
        while let Some(node) = open.pop() {
            for &to in links_of(layer, node as usize) {
                if !std::mem::replace(&mut seen[to as usize], true) {
                    open.push(to);
                }
            }
        }
        seen.into_iter().filter(|&seen| seen).count()
    }

    /// The same structure in another serialisation, JSON, has the same links.
    #[test]
    fn links_are_those_that_were_built() {
        for count in [0, 1, 40, 2000] {
            let points: Vec<_> = clustered(count, 24)
                .iter()
                .map(|v| Unwritten(Boxed(v.hi().into())))
                .collect();
            let (hnsw, _) = Builder::default().seed(1).build_hnsw(points);
            let json = serde_json::to_value(&hnsw).unwrap();
            let layers = json["layers"].as_array().unwrap();
            let expected: Vec<Links> = std::iter::once(&json["zero"])
                .chain(layers)
                .map(links_in_json)
                .collect();
            assert_eq!(read_links(&hnsw), expected, "{count}");
        }
    }

    fn links_in_json(layer: &serde_json::Value) -> Links {
        let mut links = Links {
            starts: vec![0],
            targets: Vec::new(),
        };
        for node in layer.as_array().unwrap() {
            let slots = node.as_array().unwrap().iter();
            let numbers = slots.map(|slot| slot.as_u64().unwrap() as u32);
            links.targets.extend(numbers.filter(|&to| to != u32::MAX));
            links.starts.push(links.targets.len() as u32);
        }
        links
    }

    /// Else building takes longer, and nobody would see why.
    #[test]
    fn the_order_of_insertion_is_foreseen() {
        for count in [1, 50, 3000] {
            let points: Vec<_> = clustered(count, 4)
                .iter()
                .map(|v| Unwritten(Boxed(v.hi().into())))
                .collect();
            let (_, ids) = Builder::default().seed(9).build_hnsw(points);
            let foreseen = shuffled(count, 9);
            for (position, id) in ids.into_iter().enumerate() {
                assert_eq!(foreseen[id.into_inner() as usize], position as u32);
            }
        }
    }

    #[test]
    fn lengths_of_vectors_that_are_not_compiled_in_work_too() {
        for dimensions in [1, 129, 2049] {
            let graph = build_all(&clustered(50, dimensions));
            assert_eq!(reachable(&graph.bottom), 50, "{dimensions}");
        }
    }
}
