//! Rows that depend on each other, such as the measures of one product's images.

use std::collections::HashMap;

/// Groups rows by their unit, such as a product, in the order in which units occur first.
pub(crate) fn clusters<const N: usize>(rows: &[(u32, [f64; N])]) -> Vec<Vec<[f64; N]>> {
    let mut places = HashMap::new();
    let mut clusters: Vec<Vec<[f64; N]>> = Vec::new();
    for (unit, row) in rows {
        let place = *places.entry(*unit).or_insert(clusters.len());
        if place == clusters.len() {
            clusters.push(Vec::new());
        }
        clusters[place].push(*row);
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_unit_are_together_in_the_order_of_units() {
        let rows = [(7, [1.0]), (3, [2.0]), (7, [3.0]), (1, [4.0])];
        let expected = vec![vec![[1.0], [3.0]], vec![[2.0]], vec![[4.0]]];
        assert_eq!(clusters(&rows), expected);
    }
}
