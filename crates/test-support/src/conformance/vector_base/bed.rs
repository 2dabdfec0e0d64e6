//! The ports under test and the base in it, with the calls that the tests repeat.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookalike_core::vector_base::{
    BaseAddress, FoundRows, KeyState, SlotQuery, VectorBase, VectorBaseAdmin, VectorBaseWriter,
    WriterNumber,
};
use lookalike_index::{Attributes, Row, Term};

use super::super::support::{all_pages, done, eventually};

pub(super) struct Bed {
    pub(super) base: Arc<dyn VectorBase>,
    pub(super) writer: Arc<dyn VectorBaseWriter>,
    pub(super) admin: Arc<dyn VectorBaseAdmin>,
    pub(super) address: BaseAddress,
}

impl Bed {
    /// Stores rows, and checks how many took effect.
    pub(super) async fn put(&self, rows: &[Row], writer: WriterNumber, effective: u64) {
        let count = self.writer.put(&self.address, rows, writer).await;
        assert_eq!(done("put rows", count), effective, "rows that took effect");
    }

    /// Removes rows, and checks how many removals took effect.
    pub(super) async fn remove(&self, keys: &[&str], writer: WriterNumber, effective: u64) {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let count = self.writer.remove(&self.address, &keys, writer).await;
        let count = done("remove rows", count);
        assert_eq!(count, effective, "removals that took effect");
    }

    /// Returns the states of keys.
    pub(super) async fn get(&self, keys: &[String]) -> BTreeMap<String, KeyState> {
        done("get", self.base.get(&self.address, keys).await)
    }

    /// Checks the state of one key.
    pub(super) async fn expect_state(&self, key: &str, row: Option<&Row>, writer: WriterNumber) {
        let states = self.get(&[key.to_owned()]).await;
        let state = KeyState {
            row: row.cloned(),
            writer,
        };
        let expected = BTreeMap::from([(key.to_owned(), state)]);
        assert_eq!(states, expected, "the state of {key:?}");
    }

    /// Checks that a scan returns these rows, each once, now.
    pub(super) async fn expect_scan(&self, expected: &[Row]) {
        let pages = all_pages(async |after| self.base.scan(&self.address, after).await);
        let found = done("scan", pages.await);
        expect_same(&found, expected, "the rows of a scan");
    }

    /// Checks that these products have these rows, soon.
    pub(super) async fn expect_of_products(&self, products: &[&str], expected: &[Row]) {
        let ids: Vec<String> = products.iter().map(|&id| id.to_owned()).collect();
        let found = eventually(
            async || self.base.of_products(&self.address, &ids).await,
            |found| by_key(found) == by_key(expected),
        )
        .await;
        expect_same(&found, expected, &format!("the rows of {products:?}"));
    }

    /// Searches a slot now.
    pub(super) async fn search(
        &self,
        slot: u32,
        vector: &[f32],
        terms: &[Term],
        top: usize,
    ) -> FoundRows {
        let query = SlotQuery {
            slot,
            vector,
            terms,
            top,
        };
        done("search", self.base.search(&self.address, query).await)
    }

    /// Searches a slot until these rows are found in this order, or time is over.
    pub(super) async fn expect_found(
        &self,
        (slot, vector, terms, top): (u32, &[f32], &[Term], usize),
        expected: &[&Row],
    ) -> FoundRows {
        let is_so = |found: &FoundRows| found.rows.iter().eq(expected.iter().copied());
        let found = eventually(
            async || Ok(self.search(slot, vector, terms, top).await),
            is_so,
        )
        .await;
        let keys = |rows: &mut dyn Iterator<Item = &Row>| -> Vec<String> {
            rows.map(|row| row.key.clone()).collect()
        };
        let expected_keys = keys(&mut expected.iter().copied());
        let what = format!("rows of slot {slot} with {terms:?}, best first");
        assert_eq!(keys(&mut found.rows.iter()), expected_keys, "{what}");
        assert!(is_so(&found), "{what}: a row differs from what was stored");
        found
    }

    /// Returns the terms of a row with these attributes.
    pub(super) fn terms(&self, attributes: &[(&str, serde_json::Value)]) -> Vec<Term> {
        let attributes = attributes.iter().cloned();
        let attributes: Attributes = attributes.map(|(name, v)| (name.to_owned(), v)).collect();
        self.address.layout.terms_of(&attributes)
    }

    /// Returns those rows that are in a slot and have all terms, nearest to the vector first.
    pub(super) fn ranked<'a>(
        &self,
        rows: &'a [Row],
        slot: u32,
        vector: &[f32],
        terms: &[Term],
    ) -> Vec<&'a Row> {
        let layout = &self.address.layout;
        let is_wanted = |row: &&Row| {
            let of_row = layout.terms_of(&row.attributes);
            layout.slot_of(&row.product_id) == slot && terms.iter().all(|t| of_row.contains(t))
        };
        let mut wanted: Vec<&Row> = rows.iter().filter(is_wanted).collect();
        wanted.sort_by(|a, b| similarity(b, vector).total_cmp(&similarity(a, vector)));
        wanted
    }
}

/// Returns the cosine similarity of a row and a vector of unit length.
pub(super) fn similarity(row: &Row, vector: &[f32]) -> f32 {
    let components = row.embedding.to_f32();
    components.iter().zip(vector).map(|(a, b)| a * b).sum()
}

fn by_key(rows: &[Row]) -> Vec<(&str, &Row)> {
    let mut by_key: Vec<_> = rows.iter().map(|row| (row.key.as_str(), row)).collect();
    by_key.sort_by_key(|(key, _)| *key);
    by_key
}

fn expect_same(found: &[Row], expected: &[Row], what: &str) {
    let keys = |rows| -> Vec<String> {
        let keys = by_key(rows).into_iter().map(|(key, _)| key.to_owned());
        keys.collect()
    };
    assert_eq!(keys(found), keys(expected), "{what}: keys");
    assert_eq!(by_key(found), by_key(expected), "{what}");
}
