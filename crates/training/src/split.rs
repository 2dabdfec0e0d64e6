//! Splits images into training and validation.

use std::collections::{BTreeMap, BTreeSet};

use crate::joined_products::JoinedProducts;
use crate::ranked_product::{Item, rank};

/// Returns true for each item that is for validation. Items of one product, and those of products
/// that count as one, form groups, which are never on both sides.
///
/// Of every label about `share` (0 to 1) of the products are for validation: as many whole groups as
/// fit into that, or the smallest group if none does. A group counts for each label that any of its
/// items has, in whatever place. No label loses its last group to validation, so that each is
/// trained. Rare labels choose first, since what they choose counts for the others too (Sechidis et
/// al. 2011). The choice depends on the seed and the products, not on order or numbers, so that a
/// grown catalog keeps most of its split.
pub(crate) fn validates(
    items: &[Item<'_>],
    joined: &JoinedProducts,
    share: f64,
    seed: u64,
) -> Vec<bool> {
    let mut groups: Vec<Group<'_>> = connected(items, joined)
        .into_iter()
        .map(|members| Group::new(items, members, seed))
        .collect();
    groups.sort_by_key(|group| group.rank);
    let mut by_label: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, group) in groups.iter().enumerate() {
        for label in &group.labels {
            by_label.entry(label).or_default().push(place);
        }
    }
    let mut choice = Choice {
        chosen: vec![false; groups.len()],
        trained: by_label
            .iter()
            .map(|(label, of)| (*label, of.len()))
            .collect(),
        done: BTreeSet::new(),
        groups: &groups,
    };
    let mut labels: Vec<(&str, Vec<usize>)> = by_label.into_iter().collect();
    labels.sort_by_key(|(_, groups)| groups.len());
    for (label, of_label) in &labels {
        choice.choose(of_label, share);
        choice.done.insert(label);
    }
    let mut validates = vec![false; items.len()];
    for (group, _) in groups
        .iter()
        .zip(choice.chosen)
        .filter(|(_, chosen)| *chosen)
    {
        group.items.iter().for_each(|&item| validates[item] = true);
    }
    validates
}

/// Returns the items of each product, or of all products that count as one.
fn connected(items: &[Item<'_>], joined: &JoinedProducts) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        groups
            .entry(joined.of(item.product))
            .or_default()
            .push(place);
    }
    groups.into_values().collect()
}

/// Items that stay together.
struct Group<'a> {
    /// The lowest rank of its products, which orders groups.
    rank: [u8; 32],
    /// The labels of its items.
    labels: BTreeSet<&'a str>,
    /// Number of its products.
    products: usize,
    items: Vec<usize>,
}

impl<'a> Group<'a> {
    /// # Panics
    /// If it has no members.
    fn new(items: &[Item<'a>], members: Vec<usize>, seed: u64) -> Self {
        let of_members = || members.iter().map(|&member| &items[member]);
        let products: BTreeSet<[u8; 32]> = of_members().map(|item| item.product).collect();
        let ranks = products.iter().map(|product| rank(seed, *product));
        Self {
            rank: ranks.min().expect("a group has members"),
            labels: of_members().flat_map(|item| item.labels.clone()).collect(),
            products: products.len(),
            items: members,
        }
    }
}

/// The groups that are chosen for validation.
struct Choice<'a> {
    groups: &'a [Group<'a>],
    chosen: Vec<bool>,
    /// Number of groups of each label that are not chosen.
    trained: BTreeMap<&'a str, usize>,
    /// Labels that have chosen.
    done: BTreeSet<&'a str>,
}

impl Choice<'_> {
    /// Chooses from the groups of a label, which are in order, what is missing to its share.
    fn choose(&mut self, of_label: &[usize], share: f64) {
        let count = |places: &mut dyn Iterator<Item = &usize>| -> usize {
            places.map(|&place| self.groups[place].products).sum()
        };
        let products = count(&mut of_label.iter());
        let held = count(&mut of_label.iter().filter(|place| self.chosen[**place]));
        let wanted = (products as f64 * share).round() as usize;
        let wanted = wanted.clamp(1, products.saturating_sub(1).max(1));
        let mut left = wanted.saturating_sub(held);
        // More than their share of the labels that have chosen only if there are no others.
        let has_done = |place: &usize| !self.groups[*place].labels.is_disjoint(&self.done);
        let (shared, own): (Vec<usize>, Vec<usize>) = of_label.iter().partition(|p| has_done(p));
        for place in own.into_iter().chain(shared) {
            if let Some(rest) = left.checked_sub(self.groups[place].products)
                && self.take(place)
            {
                left = rest;
            }
        }
        if !of_label.iter().any(|&place| self.chosen[place]) {
            let mut by_size = of_label.to_vec();
            by_size.sort_by_key(|&place| self.groups[place].products);
            by_size.into_iter().find(|&place| self.take(place));
        }
    }

    /// Chooses a group, unless one of its labels has no other group to train with, or it is chosen
    /// already.
    fn take(&mut self, place: usize) -> bool {
        let labels = &self.groups[place].labels;
        if self.chosen[place] || labels.iter().any(|label| self.trained[label] < 2) {
            return false;
        }
        for label in labels {
            self.trained.entry(label).and_modify(|groups| *groups -= 1);
        }
        self.chosen[place] = true;
        true
    }
}

#[cfg(test)]
mod tests;
