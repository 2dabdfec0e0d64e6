//! The rows of each product.

use super::stored_columns::U32Column;

/// Rows grouped by product: those of product `i` are `rows[ends[i - 1]..ends[i]]`, ascending.
#[derive(Debug, Clone)]
pub(super) struct RowsByProduct {
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl RowsByProduct {
    /// Groups rows by their product, a number below `products`.
    pub(super) fn new(product_of_row: &U32Column, products: usize) -> Self {
        let mut ends = vec![0; products];
        for product in product_of_row.iter() {
            ends[product as usize] += 1;
        }
        let mut rows_before = 0;
        for end in &mut ends {
            // The position of the product's next row; its end once all rows are placed.
            rows_before += std::mem::replace(end, rows_before);
        }
        let mut rows = vec![0; product_of_row.len()];
        for (row, product) in (0..).zip(product_of_row.iter()) {
            let end = &mut ends[product as usize];
            rows[*end as usize] = row;
            *end += 1;
        }
        Self { ends, rows }
    }

    /// Returns the rows of a product.
    pub(super) fn of(&self, product: u32) -> &[u32] {
        let product = product as usize;
        let start = product.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start as usize..self.ends[product] as usize]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::segment::reader::SegmentReader;
    use crate::segment::writer::SegmentWriter;

    #[test]
    fn every_row_is_with_its_product() {
        let grouped = |product_of_row: &[u32], products| {
            let mut writer = SegmentWriter::after(0, 0);
            writer.put_u32s(product_of_row.iter().copied());
            let mut reader = SegmentReader::new(writer.into_bytes().into(), 0);
            let column = reader.take_u32s(product_of_row.len()).unwrap();
            RowsByProduct::new(&column, products)
        };
        let some = grouped(&[2, 0, 2, 3, 0, 2], 5);
        let rows = [0, 1, 2, 3, 4].map(|product| some.of(product).to_vec());
        assert_eq!(rows, [vec![1, 4], vec![], vec![0, 2, 5], vec![3], vec![]]);
        assert!(grouped(&[], 1).of(0).is_empty());
    }
}
