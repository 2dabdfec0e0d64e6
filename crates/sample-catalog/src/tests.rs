#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::Mutex;

use super::*;

const FEW: DrawOptions = DrawOptions {
    products: 34,
    seed: 7,
};

fn drawn(options: DrawOptions) -> (tempfile::TempDir, DrawnCatalog) {
    let dir = tempfile::tempdir().unwrap();
    let catalog = draw(dir.path(), options, |_| {}).unwrap();
    (dir, catalog)
}

fn rows(catalog: &DrawnCatalog) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(&catalog.table)
        .unwrap()
        .deserialize()
        .map(|row| row.unwrap())
        .collect()
}

#[test]
fn a_seed_always_draws_the_same() {
    let (first_dir, first) = drawn(FEW);
    let (again_dir, again) = drawn(FEW);
    let (_other_dir, other) = drawn(DrawOptions {
        seed: 8,
        products: 3,
    });
    assert_eq!(first.images.len(), again.images.len());
    for (one, two) in first.images.iter().zip(&again.images) {
        assert_eq!(
            one.path.strip_prefix(first_dir.path()).unwrap(),
            two.path.strip_prefix(again_dir.path()).unwrap()
        );
        assert_eq!(one.product_id, two.product_id);
        assert_eq!(fs::read(&one.path).unwrap(), fs::read(&two.path).unwrap());
    }
    let table = |catalog: &DrawnCatalog| fs::read(&catalog.table).unwrap();
    assert_eq!(table(&first), table(&again));
    assert_ne!(table(&first), table(&other));
}

#[test]
fn images_are_whole_and_differ() {
    let (_dir, catalog) = drawn(FEW);
    let mut seen = HashSet::new();
    for image in &catalog.images {
        let bytes = fs::read(&image.path).unwrap();
        let pixels = image::load_from_memory(&bytes).unwrap().into_luma8();
        assert_eq!(pixels.dimensions(), (canvas::WIDTH, canvas::HEIGHT));
        let (low, high) = pixels.iter().fold((255, 0), |(low, high), &tone| {
            (tone.min(low), tone.max(high))
        });
        assert!(
            high - low > 40,
            "{} shows almost nothing",
            image.path.display()
        );
        assert!(
            seen.insert(bytes),
            "{} is drawn twice",
            image.path.display()
        );
    }
}

#[test]
fn the_table_has_every_product_once_with_typed_values() {
    let (dir, catalog) = drawn(FEW);
    let rows = rows(&catalog);
    assert_eq!(rows.len(), FEW.products);
    let ids: HashSet<&str> = rows.iter().map(|row| row["product_id"].as_str()).collect();
    assert_eq!(ids.len(), FEW.products);
    assert_eq!(
        ids,
        catalog
            .images
            .iter()
            .map(|image| image.product_id.as_str())
            .collect()
    );
    for row in &rows {
        assert!(row["price"].parse::<f64>().unwrap() > 0.0);
        row["in_stock"].parse::<bool>().unwrap();
        for image in row["image"].split('|') {
            assert!(dir.path().join(image).is_file());
        }
        assert!(row["name"].to_lowercase().contains(&row["colour"]));
        assert!(row["name"].ends_with(&row["category"]));
        assert!(
            row["pattern"] == "plain" || row["name"].to_lowercase().starts_with(&row["pattern"])
        );
    }
}

#[test]
fn some_products_have_several_images_and_the_main_one_comes_first() {
    let (_dir, catalog) = drawn(FEW);
    let mut images: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for image in &catalog.images {
        images
            .entry(&image.product_id)
            .or_default()
            .push(&image.path);
    }
    assert!(images.values().any(|paths| paths.len() > 1));
    assert!(images.values().any(|paths| paths.len() == 1));
    for (id, paths) in images {
        for (place, path) in paths.iter().enumerate() {
            let stem = if place == 0 {
                id.to_owned()
            } else {
                format!("{id}-{}", place + 1)
            };
            assert_eq!(path.file_stem().unwrap().to_str().unwrap(), stem);
            assert!(path.starts_with(&catalog.folder));
        }
    }
}

#[test]
fn the_usual_catalog_is_broad_and_has_look_alikes() {
    let options = DrawOptions::default();
    let products = plan::plan(options.products, options.seed);
    assert_eq!(products.len(), 300);
    let categories: BTreeSet<&str> = products
        .iter()
        .map(|product| product.category.name)
        .collect();
    assert!(categories.len() >= 8);
    let names: HashSet<&str> = products
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    assert!(names.len() > 295, "{} names", names.len());
    for product in &products {
        let family = products
            .iter()
            .filter(|other| Arc::ptr_eq(&other.design, &product.design));
        let (mut recolored, mut reprinted) = (0, 0);
        for other in family {
            recolored +=
                usize::from(other.color != product.color && other.pattern == product.pattern);
            reprinted +=
                usize::from(other.color == product.color && other.pattern != product.pattern);
        }
        // The last family of a shelf may be cut short, down to one product.
        let last = products
            .iter()
            .rfind(|other| other.category.name == product.category.name)
            .unwrap();
        assert!(
            recolored + reprinted > 0 || Arc::ptr_eq(&last.design, &product.design),
            "{}",
            product.id
        );
    }
}

#[test]
fn a_catalog_can_be_empty_or_larger_than_there_are_names() {
    let (_dir, catalog) = drawn(DrawOptions {
        products: 0,
        seed: 1,
    });
    assert!(catalog.images.is_empty());
    assert!(rows(&catalog).is_empty());
    let products = plan::plan(6_000, 1);
    let ids: HashSet<&str> = products.iter().map(|product| product.id.as_str()).collect();
    assert_eq!(ids.len(), 6_000);
}

#[test]
fn progress_counts_every_product() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Mutex::new(Vec::new());
    draw(
        dir.path(),
        DrawOptions {
            products: 5,
            seed: 1,
        },
        |done| heard.lock().unwrap().push(done),
    )
    .unwrap();
    let mut heard = heard.into_inner().unwrap();
    heard.sort_unstable();
    assert_eq!(heard, [1, 2, 3, 4, 5]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "a file, not a folder").unwrap();
    let error = draw(&file, FEW, |_| {}).unwrap_err();
    assert!(
        matches!(&error, DrawError::Folder { path, .. } if path.starts_with(&file)),
        "{error}"
    );
}
