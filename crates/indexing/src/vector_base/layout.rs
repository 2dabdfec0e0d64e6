//! The layout of a new vector base, from the rows that it is filled with.

use std::collections::BTreeSet;

use lookalike_core::filterable::Filterable;
use lookalike_index::{BANDS, Field, MAX_FIELDS, MAX_SLOTS, SegmentMeta, Term, VectorBaseLayout};

/// Rows that one slot is meant to have at most when the vector base is made.
const ROWS_PER_SLOT: u32 = 250_000;
/// Smallest number of slots: a search returns a hundred rows of each.
const MIN_SLOTS: u32 = 4;
/// Distinct numbers from which an attribute gets bands: ranges of fewer are equalities.
const MIN_NUMBERS: usize = 2;

/// Returns a layout for the rows of a segment, and the positions of fields of which a row has a list. The number of slots
/// is rounded up to a power of two.
pub(super) fn layout_of(
    meta: &SegmentMeta,
    filterable: &Filterable,
    slots: Option<u32>,
) -> (VectorBaseLayout, BTreeSet<usize>) {
    let rows = meta.rows();
    let slots = slots.unwrap_or((2 * rows).div_ceil(ROWS_PER_SLOT).max(MIN_SLOTS));
    let by_bands = filterable.names().map(|attribute| Field {
        attribute: attribute.to_owned(),
        bands: bands(numbers(meta, attribute)),
    });
    let mut fields: Vec<Field> = by_bands.collect();
    // Ranges of numbers are asked for more often than a certain number.
    let numbers = fields.clone().into_iter();
    let numbers = numbers.filter(|field| !field.bands.is_empty());
    fields.extend(numbers.map(|field| Field {
        bands: Vec::new(),
        ..field
    }));
    fields.truncate(MAX_FIELDS);
    let layout = VectorBaseLayout {
        slots: slots.clamp(1, MAX_SLOTS).next_power_of_two(),
        fields,
    };
    let terms = (0..rows).flat_map(|row| layout.terms_of(&meta.attributes(row)));
    let lists = terms.filter(Term::is_list).map(|term| term.field).collect();
    (layout, lists)
}

/// Returns the numbers that rows have for an attribute, ascending.
fn numbers(meta: &SegmentMeta, attribute: &str) -> Vec<f64> {
    let attributes = (0..meta.rows()).map(|row| meta.attributes(row));
    let numbers = attributes.filter_map(|all| all.get(attribute)?.as_f64());
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

/// Returns the bounds of bands with about as many of these numbers each.
fn bands(numbers: Vec<f64>) -> Vec<f64> {
    let mut distinct = numbers.clone();
    distinct.dedup();
    if distinct.len() < MIN_NUMBERS {
        return Vec::new();
    }
    let mut bounds: Vec<f64> = (1..BANDS)
        .map(|band| numbers[band * numbers.len() / BANDS])
        .filter(|bound| *bound > numbers[0])
        .collect();
    bounds.dedup();
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_about_as_many_numbers_each() {
        let numbers: Vec<f64> = (0..1600).map(f64::from).collect();
        let bounds = bands(numbers);
        assert_eq!(bounds.len(), BANDS - 1);
        assert_eq!(bounds[..2], [100.0, 200.0]);
        assert!(bands(vec![5.0; 100]).is_empty());
        assert!(bands(Vec::new()).is_empty());
        let skewed: Vec<f64> = [vec![1.0; 90], vec![2.0, 3.0, 4.0], vec![9.0; 7]].concat();
        let bounds = bands(skewed);
        assert!(
            bounds.windows(2).all(|pair| pair[0] < pair[1]),
            "{bounds:?}"
        );
        assert!(!bounds.contains(&1.0), "nothing is below the smallest");
    }
}
