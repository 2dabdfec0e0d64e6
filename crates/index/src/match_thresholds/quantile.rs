//! Quantiles of weighted values.

/// Values in ascending order.
#[derive(Debug)]
pub(super) struct Weighted(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    value: f64,
    /// The weight of all values before this one and of half of this one.
    middle: f64,
    /// The weight of all values up to this one.
    end: f64,
}

impl Weighted {
    /// Sorts values with weights above 0.
    pub(super) fn new(values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut ascending: Vec<(f64, f64)> = values.into_iter().collect();
        // Also by weight, so that sums do not depend on the order of the input.
        ascending.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut end = 0.0;
        let entries = ascending.into_iter().map(|(value, weight)| {
            end += weight;
            Entry {
                value,
                middle: end - weight / 2.0,
                end,
            }
        });
        Self(entries.collect())
    }

    /// Returns the value below which this share of the weight lies, between two values in proportion; `None` without
    /// values.
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        let wanted = share * self.total();
        let next = self.0.partition_point(|entry| entry.middle < wanted);
        let after = self.0.get(next).or(self.0.last())?;
        let Some(before) = self.0[..next].last() else {
            return Some(after.value);
        };
        let part = (wanted - before.middle) / (after.middle - before.middle).max(f64::MIN_POSITIVE);
        Some(before.value + part.clamp(0.0, 1.0) * (after.value - before.value))
    }

    /// Returns the share of the weight of values that are below this one.
    pub(super) fn share_below(&self, value: f64) -> f64 {
        let below = self.0.partition_point(|entry| entry.value < value);
        self.0[..below].last().map_or(0.0, |entry| entry.end) / self.total()
    }

    /// Returns the values, ascending.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().map(|entry| entry.value)
    }

    /// Returns the weight of all values.
    fn total(&self) -> f64 {
        self.0.last().map_or(0.0, |entry| entry.end)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_weight_counts_like_repetition() {
        let once = Weighted::new([(1.0, 3.0), (2.0, 1.0)]);
        assert_eq!(once.share_below(2.0), 0.75);
        assert_eq!(once.share_below(1.0), 0.0);
        assert_eq!(once.share_below(9.0), 1.0);
        assert_eq!(once.at(0.0), Some(1.0));
        assert_eq!(once.at(1.0), Some(2.0));
        assert_eq!(Weighted::new([]).at(0.5), None);
    }

    proptest! {
        #[test]
        fn quantiles_ascend_and_do_not_depend_on_the_order(
            values in prop::collection::vec((-1e3_f64..1e3, 0.01_f64..1.0), 1..50),
            one in 0.0_f64..1.0,
            other in 0.0_f64..1.0,
        ) {
            let sorted = Weighted::new(values.clone());
            let reversed = Weighted::new(values.into_iter().rev());
            prop_assert_eq!(sorted.at(one), reversed.at(one));
            let (low, high) = (one.min(other), one.max(other));
            prop_assert!(sorted.at(low).unwrap() <= sorted.at(high).unwrap());
        }
    }
}
