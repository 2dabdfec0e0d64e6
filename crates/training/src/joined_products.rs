//! Products that count as one because the same image, or nearly the same, shows both.

use std::collections::HashMap;
use std::hash::Hash;

/// Sets of products, each connected by images directly or through other products.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joined<P> {
    /// The next product on the way to the one that stands for all of its set, which has none.
    parents: HashMap<P, P>,
}

/// Sets of products by their identity.
pub(crate) type JoinedProducts = Joined<[u8; 32]>;

impl<P: Copy + Ord + Hash> Joined<P> {
    /// Joins the sets of two products.
    pub(crate) fn join(&mut self, a: P, b: P) {
        let (a, b) = (self.shortened(a), self.shortened(b));
        if a != b {
            self.parents.insert(a.max(b), a.min(b));
        }
    }

    /// Returns the lowest product of a product's set, which is the same for all of the set.
    pub(crate) fn of(&self, mut product: P) -> P {
        while let Some(parent) = self.parents.get(&product) {
            product = *parent;
        }
        product
    }

    /// Returns the same as [`Self::of`], and shortens the way there for the next time.
    fn shortened(&mut self, mut product: P) -> P {
        let root = self.of(product);
        while product != root {
            product = self.parents.insert(product, root).unwrap_or(root);
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_joined_through_others_and_in_any_order(
            pairs in prop::collection::vec((0..20_u8, 0..20_u8), 0..30),
        ) {
            let (mut joined, mut backwards) = (JoinedProducts::default(), JoinedProducts::default());
            // The reference: sets that are merged one by one.
            let mut sets: Vec<BTreeSet<u8>> = (0..20).map(|product| BTreeSet::from([product])).collect();
            for &(a, b) in &pairs {
                joined.join([a; 32], [b; 32]);
                let (with, without): (Vec<_>, Vec<_>) =
                    sets.into_iter().partition(|set| set.contains(&a) || set.contains(&b));
                sets = without;
                sets.push(with.into_iter().flatten().collect());
            }
            pairs.iter().rev().for_each(|&(a, b)| backwards.join([b; 32], [a; 32]));
            for set in sets {
                let lowest = set.first().copied().unwrap_or_default();
                for product in set {
                    prop_assert_eq!(joined.of([product; 32]), [lowest; 32]);
                    prop_assert_eq!(backwards.of([product; 32]), [lowest; 32]);
                }
            }
        }
    }
}
