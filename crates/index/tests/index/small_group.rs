//! A few images unlike all others of a large catalog: lamps in a shop that sells shirts.

use lookalike_index::{GraphParameters, Snapshot};

use crate::large_catalog::request;
use crate::support::{Vectors, base, content, row};

const DIMENSIONS: usize = 64;
const MANY: usize = 12_000;
const FEW: usize = 60;

#[test]
fn a_small_group_beside_a_large_one_is_found() {
    let mut vectors = Vectors::new(8, DIMENSIONS);
    let (shirt, lamp) = (vectors.any(), vectors.any());
    let many = (0..MANY).map(|_| vectors.near(&shirt, 0.4));
    let mut all: Vec<Vec<f32>> = many.collect();
    all.extend((0..FEW).map(|_| vectors.near(&lamp, 1.3)));
    let rows = all.iter().enumerate().map(|(i, vector)| {
        let name = format!("{i:05}");
        row(&name, &name, vector)
    });
    let content = content(rows.collect());
    let snapshot = |graph| {
        let base = base(1, &content, DIMENSIONS, graph);
        assert_eq!(base.graph_layers() > 0, graph.is_some());
        Snapshot::new(vec![base], DIMENSIONS).unwrap()
    };
    let graph = snapshot(Some(GraphParameters::default()));
    let exact = snapshot(None);
    let (mut itself, mut found) = (0, 0);
    for (number, lamp) in all.iter().enumerate().skip(MANY) {
        let photo = vectors.near(lamp, 0.2);
        let keys = |snapshot: &Snapshot| -> Vec<String> {
            let hits = snapshot.search(request(&photo, 10, -1.0)).unwrap().hits;
            hits.into_iter().map(|hit| hit.key).collect()
        };
        let (walked, best) = (keys(&graph), keys(&exact));
        assert_eq!(best[0], format!("{number:05}"));
        itself += usize::from(walked[0] == best[0]);
        found += best.iter().filter(|key| walked.contains(key)).count();
    }
    assert_eq!(itself, FEW, "{found} of {} of the best ten", 10 * FEW);
    assert!(found * 100 >= 98 * 10 * FEW, "{found} of {}", 10 * FEW);
}
