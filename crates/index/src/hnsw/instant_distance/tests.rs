#![allow(clippy::unwrap_used)]
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

/// Returns vectors around a hundredth as many centers.
pub(crate) fn clustered(count: usize, dimensions: usize) -> Vec<QuantizedVector> {
    let mut rng = StdRng::seed_from_u64(count as u64);
    let mut random = || rng.random_range(-1.0f32..1.0);
    let centers: Vec<Vec<f32>> = (0..count / 100 + 1)
        .map(|_| (0..dimensions).map(|_| random()).collect())
        .collect();
    (0..count)
        .map(|i| {
            let center = &centers[i % centers.len()];
            let vector: Vec<f32> = center.iter().map(|x| x + 0.5 * random()).collect();
            QuantizedVector::new(&vector).unwrap()
        })
        .collect()
}

/// The same structure has the same links in another serialization, JSON.
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

/// If the draws differed, building would take longer, and nothing would show why.
#[test]
fn draws_agree_with_the_library() {
    for count in [1, 50, 3000] {
        let points: Vec<_> = clustered(count, 4)
            .iter()
            .map(|v| Unwritten(Boxed(v.hi().into())))
            .collect();
        let (_, ids) = Builder::default().seed(9).build_hnsw(points);
        let expected = shuffled(count, 9);
        for (position, id) in ids.into_iter().enumerate() {
            assert_eq!(expected[id.into_inner() as usize], position as u32);
        }
    }
}

/// If the ends differed, similar vectors would not be adjacent within the layers.
#[test]
fn layers_end_where_those_of_the_library_do() {
    for count in [1, 50, 3000] {
        let vectors = clustered(count, 4);
        let vectors: Vec<&QuantizedVector> = vectors.iter().collect();
        let inserted: Vec<u32> = (0..count as u32).collect();
        let graph = build(&vectors, &inserted, GraphParameters::default());
        let sizes = graph.layers.iter().rev().map(Links::nodes);
        assert!(sizes.eq(layer_ends(count)), "{count}");
    }
}
