//! What an index, records, bucket and table have to say of each other once everything has settled.

use std::collections::{BTreeMap, BTreeSet};

use lookalike_core::ports::ImageStore;
use lookalike_core::{Metadata, product_id_of};
use serde_json::json;

use crate::world::{Said, World, bytes, everything, long};

/// Has the building index finished, and expects every index to say the same.
pub(crate) async fn expect_agreement(world: &World, seed: u64) {
    let indexer = world.indexer();
    if let Ok(coverage) = indexer.coverage().await {
        let keys = [coverage.missing, coverage.gone].concat();
        indexer.index_keys(&keys, long()).await.unwrap();
    }
    let manifest = world.manifest();
    for fingerprint in manifest.fingerprints() {
        let rows = world.rows_of(fingerprint);
        assert_eq!(rows, world.rows(), "seed {seed}: index of {fingerprint}");
    }
}

pub(crate) async fn expect_index_of_bucket(world: &World, seed: u64) {
    let mut good = BTreeMap::new();
    let mut bad = Vec::new();
    let products = world.cloud.products();
    for key in world.cloud.image_versions().into_keys() {
        let image = ImageStore::get(&*world.cloud, &key, u64::MAX)
            .await
            .unwrap();
        let image = image.unwrap();
        let product_id = product_id_of(&key, &image.head.metadata);
        if image.body.unwrap().starts_with(b"bad") {
            bad.push((key, product_id, "unsupported-format".to_owned()));
        } else {
            let own_category = image.head.metadata.get("category");
            let attributes = expected_attributes(products.get(&product_id), own_category);
            let said = Said {
                etag: image.head.etag,
                product_id,
                attributes,
            };
            good.insert(key, said);
        }
    }
    assert_eq!(world.rows(), good, "seed {seed}");
    assert_eq!(world.failures(), bad, "seed {seed}");
    assert_eq!(world.verify().await, good.len() as u64, "seed {seed}");
    let records: BTreeSet<_> = world.cloud.image_records().into_iter().collect_ids();
    for (key, said) in &good {
        let record = (key.clone(), said.product_id.clone(), said.etag.clone());
        assert!(records.contains(&record), "seed {seed}: no {record:?}");
    }
    let difference = world.indexer().differences().await.unwrap();
    let bad: Vec<String> = bad.into_iter().map(|(key, ..)| key).collect();
    assert_eq!(difference.to_index, bad, "seed {seed}");
    assert_eq!(difference.to_remove, Vec::<String>::new(), "seed {seed}");
    assert_eq!(world.indexer().outdated().await.unwrap(), [], "seed {seed}");

    let searcher = world.searcher();
    let answer = searcher
        .search_image(bytes("content 1"), everything())
        .await
        .unwrap();
    assert_eq!(answer.index.images, good.len() as u64, "seed {seed}");
    let found: BTreeSet<_> = answer.results.into_iter().map(|r| r.product_id).collect();
    let expected: BTreeSet<_> = good.into_values().map(|said| said.product_id).collect();
    assert_eq!(found, expected, "seed {seed}");
}

/// Expects that no record outlives its image, or its image's product.
pub(crate) fn expect_no_stale_records(world: &World, seed: u64) {
    let rows = world.rows();
    let failures = world.failures();
    for record in world.cloud.image_records() {
        let (key, product) = (&record.key, &record.product_id);
        let is_indexed = rows
            .get(key)
            .is_some_and(|said| said.product_id == *product);
        let is_failed = failures.iter().any(|(k, p, _)| (k, p) == (key, product));
        assert!(
            is_indexed || is_failed,
            "seed {seed}: {key} has a record of {product}"
        );
    }
}

trait CollectIds {
    fn collect_ids(self) -> BTreeSet<(String, String, String)>;
}

impl<I: Iterator<Item = lookalike_core::ImageRecord>> CollectIds for I {
    fn collect_ids(self) -> BTreeSet<(String, String, String)> {
        self.map(|r| (r.key, r.product_id, r.etag)).collect()
    }
}

/// What the row of an image has to say, in other words than the code under test.
fn expected_attributes(product: Option<&Metadata>, own_category: Option<&String>) -> String {
    let none = Metadata::new();
    let product = product.unwrap_or(&none);
    let mut expected = BTreeMap::new();
    if let Some(brand) = product.get("brand").filter(|brand| *brand == "b") {
        expected.insert("brand", brand.clone());
    }
    let own = own_category.map(|category| json!(category));
    if let Some(category) = product.get("category").cloned().or(own) {
        expected.insert("category", category);
    }
    if let Some(price) = product.get("price") {
        expected.insert("price", price.clone());
    }
    serde_json::to_string(&expected).unwrap()
}
