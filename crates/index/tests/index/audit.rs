//! Duplicates, near-duplicates, and images among neighbors of another category.

use lookalike_index::{
    AuditSettings, GraphParameters, ImageAudit, ImageGroup, Misplaced, Row, Snapshot,
};
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

use crate::support::{Vectors, base, content, cosine, delta, row};

const DIMENSIONS: usize = 32;
const SETTINGS: AuditSettings = AuditSettings {
    same: 0.985,
    similar: -1.0,
};

fn audit(snapshot: &Snapshot, settings: AuditSettings) -> ImageAudit {
    snapshot.audit(settings, &|| false).unwrap().unwrap()
}

/// Puts everything into one delta, which is searched exactly.
fn exact(rows: Vec<Row>) -> Snapshot {
    Snapshot::new(vec![delta(1, &content(rows), DIMENSIONS)], DIMENSIONS).unwrap()
}

fn in_category(mut row: Row, category: &str) -> Row {
    let category = category.into();
    row.attributes.insert("category".to_owned(), category);
    row
}

fn keys(snapshot: &Snapshot, group: &ImageGroup) -> Vec<String> {
    let images = group.images.iter();
    let key =
        |at: &lookalike_index::RowAddress| snapshot.live_rows().meta(*at).key(at.row).to_owned();
    images.map(key).collect()
}

fn all_keys(snapshot: &Snapshot, groups: &[ImageGroup]) -> Vec<Vec<String>> {
    groups.iter().map(|group| keys(snapshot, group)).collect()
}

fn key(snapshot: &Snapshot, found: &Misplaced) -> String {
    let meta = snapshot.live_rows().meta(found.address);
    meta.key(found.address.row).to_owned()
}

#[test]
fn nothing_is_found_without_duplicates() {
    let empty = Snapshot::new(Vec::new(), DIMENSIONS).unwrap();
    assert_eq!(audit(&empty, SETTINGS), ImageAudit::default());
    let mut vectors = Vectors::new(1, DIMENSIONS);
    let one = exact(vec![row("a", "p", &vectors.any())]);
    assert_eq!(audit(&one, SETTINGS), ImageAudit::default());
}

#[test]
fn groups_across_products_come_first() {
    let mut vectors = Vectors::new(2, DIMENSIONS);
    let (shared, own) = (vectors.any(), vectors.any());
    let near = vectors.near(&shared, 0.02);
    let mut other_bytes = row("z/other-bytes", "p3", &vectors.any());
    let mut same_bytes = row("z/same-bytes", "p4", &vectors.any());
    other_bytes.etag = "\"one version\"".to_owned();
    same_bytes.etag = "\"one version\"".to_owned();
    let snapshot = exact(vec![
        row("a/1", "p1", &own),
        row("a/2", "p1", &own),
        row("a/3", "p1", &own),
        row("b/1", "p2", &shared),
        row("b/2", "p3", &shared),
        row("b/3", "p4", &near),
        other_bytes,
        same_bytes,
        row("c", "p5", &vectors.any()),
    ]);
    let found = audit(&snapshot, SETTINGS);
    assert_eq!(
        all_keys(&snapshot, &found.duplicates),
        [
            vec!["b/1", "b/2"],
            vec!["z/other-bytes", "z/same-bytes"],
            vec!["a/1", "a/2", "a/3"],
        ]
    );
    let products: Vec<usize> = found.duplicates.iter().map(|g| g.products).collect();
    assert_eq!(products, [2, 2, 1]);
    assert!(found.duplicates.iter().all(|group| group.score == 1.0));
    // Only groups that are not all identical.
    assert_eq!(
        all_keys(&snapshot, &found.near_duplicates),
        [["b/1", "b/2", "b/3"]]
    );
    let group = &found.near_duplicates[0];
    assert_eq!(group.products, 3);
    let expected = cosine(&shared, &near) as f32;
    assert!((group.score - expected).abs() < 1e-3, "{}", group.score);
}

/// An image that hundreds of products share is one group, although a search returns only some of
/// them.
#[test]
fn a_placeholder_is_one_group() {
    let mut vectors = Vectors::new(3, DIMENSIONS);
    let placeholder = vectors.any();
    let mut rows: Vec<Row> = (0..700)
        .map(|i| row(&format!("{i:03}"), &format!("p{i}"), &placeholder))
        .collect();
    rows.extend((0..300).map(|i| row(&format!("x{i}"), &format!("q{i}"), &vectors.any())));
    let found = audit(&exact(rows), SETTINGS);
    assert_eq!(found.duplicates.len(), 1);
    assert_eq!(found.duplicates[0].products, 700);
    assert_eq!(found.near_duplicates, []);
}

#[test]
fn images_in_the_wrong_category_are_found_most_certain_first() {
    let mut vectors = Vectors::new(4, DIMENSIONS);
    let (shoe, hat) = (vectors.any(), vectors.any());
    let mut rows = Vec::new();
    for i in 0..30 {
        let (kind, center) = if i % 2 == 0 {
            ("shoes", &shoe)
        } else {
            ("hats", &hat)
        };
        let vector = vectors.near(center, 0.2);
        rows.push(in_category(
            row(&format!("{kind}/{i:02}"), &format!("p{i}"), &vector),
            kind,
        ));
    }
    // One among the others, and one with three images of its own product around it.
    rows.push(in_category(row("hats/wrong", "w1", &shoe), "hats"));
    let own = vectors.near(&hat, 0.2);
    for i in 0..4 {
        let vector = vectors.near(&own, 0.01);
        let one = row(&format!("bags/{i}"), "bag", &vector);
        rows.push(in_category(one, "bags"));
    }
    // Without a category there is nothing to disagree with.
    rows.push(row("none", "n", &vectors.near(&shoe, 0.2)));
    let snapshot = exact(rows);
    let found = audit(&snapshot, SETTINGS).misplaced;
    let wrong = found.iter().find(|f| key(&snapshot, f) == "hats/wrong");
    let wrong = wrong.unwrap();
    assert_eq!(
        (wrong.category.as_str(), wrong.suggested.as_str()),
        ("hats", "shoes")
    );
    assert!(wrong.votes >= 9 && wrong.neighbors == 10, "{wrong:?}");
    let bags = found.iter().filter(|f| f.category == "bags");
    assert_eq!(bags.filter(|f| f.suggested == "hats").count(), 4);
    assert_eq!(found.len(), 5, "{found:?}");
    let share = |f: &Misplaced| f.votes as f32 / f.neighbors as f32;
    assert!(found.is_sorted_by(|a, b| share(a) >= share(b)));
    // Neighbors that are not similar prove nothing.
    let strict = AuditSettings {
        similar: 0.999_9,
        ..SETTINGS
    };
    assert_eq!(audit(&snapshot, strict).misplaced, []);
}

#[test]
fn a_copy_is_judged_like_its_original() {
    let mut vectors = Vectors::new(5, DIMENSIONS);
    let shoe = vectors.any();
    let mut rows: Vec<Row> = (0..12)
        .map(|i| {
            let vector = vectors.near(&shoe, 0.2);
            in_category(row(&format!("s{i}"), &format!("p{i}"), &vector), "shoes")
        })
        .collect();
    for (key, product) in [("copy/1", "c1"), ("copy/2", "c2"), ("copy/3", "c3")] {
        rows.push(in_category(row(key, product, &shoe), "hats"));
    }
    let snapshot = exact(rows);
    let found = audit(&snapshot, SETTINGS).misplaced;
    let votes: Vec<(String, usize)> = found.iter().map(|f| (key(&snapshot, f), f.votes)).collect();
    let expected = ["copy/1", "copy/2", "copy/3"].map(|key| (key.to_owned(), 8));
    assert_eq!(votes, expected);
}

#[test]
fn it_can_be_stopped() {
    let mut vectors = Vectors::new(6, DIMENSIONS);
    let rows = (0..50).map(|i| row(&i.to_string(), &i.to_string(), &vectors.any()));
    let snapshot = exact(rows.collect());
    assert_eq!(snapshot.audit(SETTINGS, &|| true).unwrap(), None);
}

/// Groups that were planted in a catalog that is large enough for a graph are found through it.
#[test]
fn a_graph_finds_what_was_planted() {
    const DIMENSIONS: usize = 256;
    let mut vectors = Vectors::new(7, DIMENSIONS);
    let mut rows = Vec::new();
    for (i, vector) in vectors.clustered(10_000, 200).into_iter().enumerate() {
        rows.push(row(&format!("{i:05}"), &format!("p{i}"), &vector));
        if i % 100 == 0 {
            let twin = vectors.near(&vector, 0.01);
            rows.push(row(&format!("{i:05}-twin"), &format!("t{i}"), &twin));
        }
    }
    let content = content(rows);
    let graph = Some(GraphParameters::default());
    let snapshot = Snapshot::new(vec![base(1, &content, DIMENSIONS, graph)], DIMENSIONS).unwrap();
    assert!(snapshot.walks_a_graph(10));
    let settings = AuditSettings {
        same: 0.999,
        ..SETTINGS
    };
    let found = audit(&snapshot, settings);
    let planted: Vec<_> = (0..100).map(|i| format!("{:05}", i * 100)).collect();
    let groups = all_keys(&snapshot, &found.near_duplicates);
    assert!(groups.iter().all(|group| group.len() == 2));
    let firsts: Vec<_> = groups.iter().map(|group| group[0].clone()).collect();
    assert_eq!(firsts, planted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In a catalog so small that every image is among the neighbors of every other, the groups
    /// equal those of brute force, in any order of rows and segments.
    #[test]
    fn groups_agree_with_brute_force(
        seed in 0_u64..10_000, count in 2_usize..11, spread in 0.02_f32..0.3, split in 0_usize..10
    ) {
        let mut vectors = Vectors::new(seed, DIMENSIONS);
        let centers = [vectors.any(), vectors.any()];
        let all: Vec<Vec<f32>> = (0..count)
            .map(|i| match i % 4 {
                3 => centers[0].clone(),
                n => vectors.near(&centers[n % 2], spread),
            })
            .collect();
        let rows: Vec<Row> = all.iter().enumerate()
            .map(|(i, vector)| row(&format!("{i:02}"), &format!("p{}", i % 3), vector))
            .collect();
        let clear = |score: f64| (score - f64::from(SETTINGS.same)).abs() > 1e-3;
        let pairs = || (0..count).flat_map(|i| (0..i).map(move |j| (i, j)));
        prop_assume!(pairs().all(|(i, j)| clear(cosine(&all[i], &all[j]))));

        let linked = |i: usize, j: usize| cosine(&all[i], &all[j]) > f64::from(SETTINGS.same);
        let mut group: Vec<usize> = (0..count).collect();
        for _ in 0..count {
            for (i, j) in pairs().filter(|&(i, j)| linked(i, j)) {
                let least = group[i].min(group[j]);
                (group[i], group[j]) = (least, least);
            }
        }
        let snapshot = exact(rows.clone());
        let found = audit(&snapshot, SETTINGS);
        for at in &found.near_duplicates {
            let members: Vec<usize> =
                keys(&snapshot, at).iter().map(|key| key.parse().unwrap()).collect();
            let first = group[members[0]];
            let expected: Vec<usize> = (0..count).filter(|&i| group[i] == first).collect();
            prop_assert_eq!(members, expected);
        }
        let identical = |i: usize, j: usize| all[i] == all[j];
        let together = pairs().filter(|&(i, j)| linked(i, j) && !identical(i, j));
        let mut expected: Vec<usize> = together.map(|(i, _)| group[i]).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(found.near_duplicates.len(), expected.len());

        let mut shuffled = rows;
        shuffled.shuffle(&mut StdRng::seed_from_u64(seed));
        let second = shuffled.split_off(split.min(count));
        let segments = vec![
            delta(1, &content(shuffled), DIMENSIONS),
            delta(2, &content(second), DIMENSIONS),
        ];
        let other = Snapshot::new(segments, DIMENSIONS).unwrap();
        let again = audit(&other, SETTINGS);
        prop_assert_eq!(
            all_keys(&snapshot, &found.near_duplicates),
            all_keys(&other, &again.near_duplicates)
        );
        prop_assert_eq!(
            all_keys(&snapshot, &found.duplicates),
            all_keys(&other, &again.duplicates)
        );
    }
}
