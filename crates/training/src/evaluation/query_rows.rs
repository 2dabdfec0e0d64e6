//! The measures of single queries, and their means with intervals.

use super::categories::Categories;
use super::measures::Measures;
use super::setting::Setting;
use crate::bootstrap::Bootstrap;
use crate::clusters::clusters;
use crate::retrieval::{QueryResult, QueryScores};

/// The measures of a query, with the unit that it is drawn with.
type UnitRow = (u32, [f64; 5]);

/// The measures of all queries that count, by category. The queries of one product are found
/// together or not at all, so they are drawn together for intervals, and so are copies of one image.
pub(super) struct QueryRows(Vec<Vec<UnitRow>>);

impl QueryRows {
    /// Returns the measures of the queries that count.
    pub(super) fn new(setting: &Setting, results: &[QueryResult], categories: &Categories) -> Self {
        let mut rows = vec![Vec::new(); categories.names.len()];
        let units = setting.units();
        for (query, (result, unit)) in results.iter().zip(units).enumerate() {
            let row = result.scores.map(QueryScores::to_array);
            if let (Some(row), Some(category)) = (row, categories.queries.first(query)) {
                rows[category as usize].push((unit, row));
            }
        }
        Self(rows)
    }

    /// Returns these measures minus others of the same queries, query by query.
    ///
    /// # Panics
    /// If the two have different numbers of queries, so that they cannot be the same queries.
    pub(super) fn minus(&self, others: &Self) -> Self {
        let minus = |(ours, theirs): (&Vec<UnitRow>, &Vec<UnitRow>)| {
            assert_eq!(ours.len(), theirs.len());
            let pairs = ours.iter().zip(theirs);
            let difference = |((unit, ours), (_, theirs)): (&UnitRow, &UnitRow)| {
                (*unit, std::array::from_fn(|i| ours[i] - theirs[i]))
            };
            pairs.map(difference).collect()
        };
        Self(self.0.iter().zip(&others.0).map(minus).collect())
    }

    /// Returns the number of queries of each category.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.0.iter().map(Vec::len).collect()
    }

    /// Returns the means over all queries; `None` if there are none.
    pub(super) fn micro(&self, bootstrap: Bootstrap) -> Option<Measures> {
        let means = bootstrap.cluster_means(&clusters(&self.0.concat()));
        means.map(Measures::from)
    }

    /// Returns the means over categories; `None` if there are no queries.
    pub(super) fn balanced(&self, bootstrap: Bootstrap) -> Option<Measures> {
        let groups: Vec<_> = self.0.iter().map(|rows| clusters(rows)).collect();
        bootstrap.group_means(&groups).map(Measures::from)
    }

    /// Returns the means over the queries of each category, `None` for those without any.
    pub(super) fn by_category(&self, bootstrap: Bootstrap) -> Vec<Option<Measures>> {
        let of_category = |rows: &Vec<UnitRow>| bootstrap.cluster_means(&clusters(rows));
        let means = self.0.iter().map(of_category);
        means.map(|means| means.map(Measures::from)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Two categories with the same measures; every unit has as many equal queries as given.
    fn rows(queries: usize, unit: impl Fn(usize) -> usize) -> QueryRows {
        let row = |query: usize| {
            let value = (query / queries) as f64 / 20.0;
            (unit(query) as u32, [value; 5])
        };
        let of_category: Vec<UnitRow> = (0..20 * queries).map(row).collect();
        QueryRows(vec![of_category.clone(), of_category])
    }

    fn widths(rows: &QueryRows) -> [f64; 3] {
        let bootstrap = Bootstrap::default();
        let of_first = rows.by_category(bootstrap)[0].unwrap();
        let found = [
            rows.micro(bootstrap).unwrap(),
            rows.balanced(bootstrap).unwrap(),
            of_first,
        ];
        found.map(|measures| measures.average_precision.high - measures.average_precision.low)
    }

    #[test]
    fn more_images_of_the_same_products_do_not_narrow_intervals() {
        let one_each = rows(1, |query| query);
        let nine_each = rows(9, |query| query / 9);
        let unknown_products = rows(9, |query| query);
        let difference = nine_each.minus(&rows(9, |query| query).minus(&unknown_products));
        let [one_each, nine_each] = [widths(&one_each), widths(&nine_each)];
        for (place, [one, nine]) in
            std::iter::zip(0.., [0, 1, 2].map(|i| [one_each[i], nine_each[i]]))
        {
            assert!((one - nine).abs() < 0.02, "{place}: {one} {nine}");
            assert!(widths(&unknown_products)[place] < nine / 2.0);
            assert!((widths(&difference)[place] - nine).abs() < 1e-9);
        }
    }
}
