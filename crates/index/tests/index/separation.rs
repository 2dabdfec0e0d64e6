//! How well vectors separate categories.

use lookalike_index::{CategorySeparation, Row, SeparationLimits, Snapshot};

use crate::support::{Vectors, base, content, delta, row};

const DIMENSIONS: usize = 16;
const LIMITS: SeparationLimits = SeparationLimits {
    queries: 1000,
    rows: 100_000,
};

fn in_category(key: &str, product: &str, vector: &[f32], category: &str) -> Row {
    let mut row = row(key, product, vector);
    row.attributes
        .insert("category".to_owned(), category.into());
    row
}

fn exact(rows: Vec<Row>) -> Snapshot {
    Snapshot::new(vec![delta(1, &content(rows), DIMENSIONS)], DIMENSIONS).unwrap()
}

fn measured(snapshot: &Snapshot, limits: SeparationLimits) -> CategorySeparation {
    let found = snapshot.category_separation(limits, &|| false);
    found.unwrap().unwrap()
}

fn first(found: &CategorySeparation) -> f64 {
    let right = found.queries.iter().filter(|q| q.nearest == q.category);
    right.count() as f64 / found.queries.len() as f64
}

/// Returns rows of `products` products around `categories` centers, each with two images that are
/// nearer to each other than to anything else.
fn shop(products: usize, categories: usize, spread: f32) -> Vec<Row> {
    let mut vectors = Vectors::new(5, DIMENSIONS);
    let centers: Vec<Vec<f32>> = (0..categories).map(|_| vectors.any()).collect();
    let mut rows = Vec::new();
    for product in 0..products {
        let category = product % categories;
        let vector = vectors.near(&centers[category], spread);
        for image in 0..2 {
            let vector = vectors.near(&vector, 0.01);
            let key = format!("{product:04}/{image}");
            rows.push(in_category(
                &key,
                &format!("p{product}"),
                &vector,
                &format!("c{category}"),
            ));
        }
    }
    rows
}

#[test]
fn separate_categories_are_perfect_and_mixed_ones_are_chance() {
    let found = measured(&exact(shop(60, 3, 0.05)), LIMITS);
    assert_eq!(
        (found.products, found.compared, found.queries.len()),
        (60, 60, 60)
    );
    assert_eq!(first(&found), 1.0);
    assert!(
        found
            .queries
            .iter()
            .all(|q| (q.average_precision - 1.0).abs() < 1e-9)
    );
    let chance = 19.0 / 59.0;
    assert!(
        found
            .queries
            .iter()
            .all(|q| (q.chance - chance).abs() < 1e-9)
    );

    // Every product is nearest to its own other image, which must not count.
    let mixed = measured(&exact(shop(300, 3, 50.0)), LIMITS);
    assert!((first(&mixed) - 0.33).abs() < 0.12, "{}", first(&mixed));
}

#[test]
fn copies_of_the_query_and_rows_without_category_do_not_count() {
    let mut vectors = Vectors::new(6, DIMENSIONS);
    let (shared, near, far) = (vectors.any(), vectors.any(), vectors.any());
    let snapshot = exact(vec![
        in_category("a", "a", &shared, "shoe"),
        // The same image under another product, and of a wrong category.
        in_category("b", "b", &shared, "hat"),
        in_category("c", "c", &vectors.near(&shared, 0.2), "shoe"),
        in_category("d", "d", &far, "hat"),
        row("e", "e", &near),
    ]);
    let found = measured(&snapshot, LIMITS);
    assert_eq!(found.products, 4);
    let shoe = found.categories.iter().position(|name| name == "shoe");
    let shoes: Vec<_> = found
        .queries
        .iter()
        .filter(|q| Some(q.category as usize) == shoe)
        .collect();
    assert_eq!(shoes.len(), 2);
    // "a" finds "c" and not its copy "b"; "c" finds both.
    assert!(shoes.iter().any(|q| q.nearest == q.category));
    let chances: Vec<f64> = shoes.iter().map(|q| q.chance).collect();
    assert!(
        chances.contains(&(1.0 / 2.0)) && chances.contains(&(1.0 / 3.0)),
        "{chances:?}"
    );
}

#[test]
fn the_work_is_bounded_and_repeatable_in_any_segments() {
    let rows = shop(200, 4, 0.8);
    let limits = SeparationLimits {
        queries: 30,
        rows: 101,
    };
    let found = measured(&exact(rows.clone()), limits);
    // Products are compared whole.
    assert_eq!(
        (found.products, found.compared, found.queries.len()),
        (200, 50, 30)
    );
    let (old, new) = rows.split_at(150);
    let parts = vec![
        base(1, &content(old.to_vec()), DIMENSIONS, None),
        delta(2, &content(new.to_vec()), DIMENSIONS),
    ];
    let parts = Snapshot::new(parts, DIMENSIONS).unwrap();
    assert_eq!(measured(&parts, limits).queries, found.queries);
    let stopped = parts.category_separation(limits, &|| true).unwrap();
    assert_eq!(stopped, None);
}

#[test]
fn categories_of_one_product_have_no_queries() {
    let mut vectors = Vectors::new(7, DIMENSIONS);
    let rows = (0..5).map(|i| {
        let name = i.to_string();
        in_category(&name, &name, &vectors.any(), &name)
    });
    let found = measured(&exact(rows.collect()), LIMITS);
    assert_eq!((found.products, found.queries.len()), (5, 0));
    let empty = Snapshot::new(Vec::new(), DIMENSIONS).unwrap();
    assert_eq!(measured(&empty, LIMITS), CategorySeparation::default());
}

/// Prints how long it takes: `cargo test --workspace hundred_thousand -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_rows_take_seconds() {
    const WIDE: usize = 256;
    let mut vectors = Vectors::new(8, WIDE);
    let centers: Vec<Vec<f32>> = (0..50).map(|_| vectors.any()).collect();
    let rows = (0..100_000_usize).map(|i| {
        let (key, category) = (format!("{i:06}"), format!("c{}", i % 50));
        in_category(&key, &key, &vectors.near(&centers[i % 50], 3.0), &category)
    });
    let segment = delta(1, &content(rows.collect()), WIDE);
    let snapshot = Snapshot::new(vec![segment], WIDE).unwrap();
    for queries in [200, 1000] {
        let begun = std::time::Instant::now();
        let limits = SeparationLimits {
            queries,
            rows: 200_000,
        };
        let found = measured(&snapshot, limits);
        println!(
            "{queries} queries: {:.1?}, P@1 {:.3}",
            begun.elapsed(),
            first(&found)
        );
        assert_eq!(found.queries.len(), queries);
    }
}
