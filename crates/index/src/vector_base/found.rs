//! Rows that were read from a vector base, as a segment that is stored nowhere.

use crate::error::IndexError;
use crate::ids::{Fingerprint, SegmentId};
use crate::row::Row;
use crate::segment::{Segment, SegmentContent};

/// The name of such a segment. No segment is stored under it, and no manifest names it.
const FOUND: [u8; 16] = [0; 16];

impl Segment {
    /// Makes a segment of rows that were read from a vector base. Of several with one key, the last counts.
    ///
    /// # Errors
    /// [`IndexError::Dimensions`] if they have vectors of another length.
    pub fn of_found(
        mut rows: Vec<Row>,
        encoder: Fingerprint,
        dimensions: usize,
    ) -> Result<Self, IndexError> {
        rows.reverse();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows.dedup_by(|a, b| a.key == b.key);
        let content = SegmentContent {
            rows,
            ..SegmentContent::default()
        };
        let id = Self::found_id();
        let encoded = content.encode_delta(id, encoder, dimensions)?;
        Self::open(&encoded.bytes.into(), id, encoder)
    }

    /// Returns the id of every segment that [`of_found`](Self::of_found) makes.
    pub fn found_id() -> SegmentId {
        SegmentId::from_bytes(FOUND)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;
    use crate::{LiveRows, QuantizedVector};

    const ENCODER: Fingerprint = Fingerprint([1; 32]);

    fn row(number: u32, product: &str) -> Row {
        Row {
            key: format!("catalog/{number}.jpg"),
            product_id: product.to_owned(),
            etag: "\"1\"".to_owned(),
            attributes: Default::default(),
            embedding: QuantizedVector::new(&[1.0, number as f32, 0.5]).unwrap(),
        }
    }

    fn delta(id: u128, rows: Vec<Row>, tombstones: &[&str]) -> Segment {
        let content = SegmentContent {
            rows,
            tombstones: tombstones.iter().map(|&key| key.to_owned()).collect(),
            ..SegmentContent::default()
        };
        let id = SegmentId::new(1, id);
        let encoded = content.encode_delta(id, ENCODER, 3).unwrap();
        Segment::open(&encoded.bytes.into(), id, ENCODER).unwrap()
    }

    fn keys(rows: &LiveRows) -> Vec<&str> {
        let keys = rows.addresses().map(|at| rows.meta(at).key(at.row));
        let mut keys: Vec<&str> = keys.collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn of_several_rows_with_one_key_the_last_counts() {
        let rows = vec![row(2, "a"), row(1, "b"), row(2, "c")];
        let found = Segment::of_found(rows, ENCODER, 3).unwrap();
        assert_eq!(found.meta().rows(), 2);
        let last = found.meta().find("catalog/2.jpg").unwrap();
        assert_eq!(found.meta().product_id(last), "c");
    }

    #[test]
    fn rows_and_tombstones_of_deltas_cover_those_that_were_found() {
        let older = delta(1, (0..300).map(|n| row(n, "old")).collect(), &[]);
        let newer = delta(2, vec![row(600, "new")], &["catalog/601.jpg"]);
        let deltas = LiveRows::new(vec![Arc::clone(older.meta()), Arc::clone(newer.meta())]);
        let found = (295..605).map(|n| row(n, "found")).collect();
        let found = Segment::of_found(found, ENCODER, 3).unwrap();
        let all = deltas.with_found(Arc::clone(found.meta()));
        let expected = (0..605).filter(|n| *n != 601);
        let mut expected: Vec<String> = expected.map(|n| format!("catalog/{n}.jpg")).collect();
        expected.sort_unstable();
        assert_eq!(keys(&all), expected);
        let alone = all.last_alone();
        let is_found = |n: &u32| (300..605).contains(n) && ![600, 601].contains(n);
        assert_eq!(keys(&alone).len(), (0..700).filter(is_found).count());
    }

    #[test]
    fn there_are_at_least_as_many_products_as_are_promised() {
        let rows = vec![row(1, "a"), row(2, "a"), row(3, "b"), row(4, "c")];
        let deltas = LiveRows::new(vec![Arc::clone(delta(1, rows, &[]).meta())]);
        assert_eq!(deltas.min_products(), 3);
        // Two rows are covered; one of them is the only one of its product.
        let found = vec![row(3, "b"), row(4, "x"), row(5, "y"), row(6, "z")];
        let found = Segment::of_found(found, ENCODER, 3).unwrap();
        let all = deltas.with_found(Arc::clone(found.meta()));
        assert!(all.min_products() <= all.products());
        assert_eq!(all.last_alone().min_products(), 2);
        assert_eq!(LiveRows::default().min_products(), 0);
    }
}
