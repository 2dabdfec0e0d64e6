//! Splits images into training and validation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::joined_products::JoinedProducts;
use crate::ranked_product::{Item, most_frequent, rank};

/// What keeps items of different products on one side of a split.
#[derive(Clone, Copy)]
pub(crate) struct Alike<'a> {
    /// A number for each item; items with the same number are alike.
    pub(crate) similar: &'a [usize],
    /// Products that count as one.
    pub(crate) joined: &'a JoinedProducts,
}

/// Returns true for each item that is for validation. Items of one product and items that are alike
/// are never on both sides: they form groups, which also join what is alike through other items.
///
/// Of every label about `share` (0 to 1) of the products are for validation: as many whole groups as
/// fit into that, or the smallest group if none does; never all, and a group alone in its label is
/// for training. A group of several labels counts for the one that most of its images have. The
/// choice depends on the seed and the products, not on names, order or numbers, so that a grown
/// catalog keeps most of its split.
///
/// # Panics
/// If there are not as many numbers as items.
pub(crate) fn validates(items: &[Item<'_>], alike: Alike<'_>, share: f64, seed: u64) -> Vec<bool> {
    assert_eq!(items.len(), alike.similar.len());
    let mut groups: Vec<Group<'_>> = connected(items, alike)
        .into_iter()
        .map(|members| Group::new(items, members, seed))
        .collect();
    groups.sort_by_key(|group| group.rank);
    let mut by_label: BTreeMap<&str, Vec<&Group<'_>>> = BTreeMap::new();
    for group in &groups {
        by_label.entry(group.label).or_default().push(group);
    }
    let mut chosen = vec![false; items.len()];
    for of_label in by_label.values() {
        for group in validation_groups(of_label, share) {
            group.items.iter().for_each(|&item| chosen[item] = true);
        }
    }
    keep_trained(items, &groups, &mut chosen);
    chosen
}

/// Returns the groups of items that are connected by products or because they are alike.
fn connected(items: &[Item<'_>], Alike { similar, joined }: Alike<'_>) -> Vec<Vec<usize>> {
    let mut of_product: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    let mut of_number: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, (item, number)) in items.iter().zip(similar).enumerate() {
        of_product
            .entry(joined.of(item.product))
            .or_default()
            .push(place);
        of_number.entry(*number).or_default().push(place);
    }
    let mut is_visited = vec![false; items.len()];
    let mut groups = Vec::new();
    for first in 0..items.len() {
        let mut group = Vec::new();
        let mut open = vec![first];
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut is_visited[place], true) {
                group.push(place);
                // Each list is followed once.
                let product = joined.of(items[place].product);
                open.extend(of_product.remove(&product).unwrap_or_default());
                open.extend(of_number.remove(&similar[place]).unwrap_or_default());
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups
}

/// Items that stay together.
struct Group<'a> {
    /// The lowest rank of its products, which orders groups.
    rank: [u8; 32],
    /// The label that most of its items have; of equally many, the first in order.
    label: &'a str,
    /// Number of its products.
    products: usize,
    items: Vec<usize>,
}

impl<'a> Group<'a> {
    /// # Panics
    /// If it has no members.
    fn new(items: &[Item<'a>], members: Vec<usize>, seed: u64) -> Self {
        let of_members = || members.iter().map(|&member| items[member]);
        let products: BTreeSet<[u8; 32]> = of_members().map(|item| item.product).collect();
        let ranks = products.iter().map(|product| rank(seed, *product));
        let label = most_frequent(of_members().map(|item| item.label));
        Self {
            rank: ranks.min().expect("a group has members"),
            label: label.expect("a group has members"),
            products: products.len(),
            items: members,
        }
    }
}

/// Returns the groups of a label that are for validation; `groups` are sorted.
fn validation_groups<'a>(groups: &[&'a Group<'a>], share: f64) -> Vec<&'a Group<'a>> {
    if groups.len() < 2 {
        return Vec::new();
    }
    let products: usize = groups.iter().map(|group| group.products).sum();
    let wanted = (products as f64 * share).round() as usize;
    let mut left = wanted.clamp(1, products - 1);
    let mut chosen = Vec::new();
    for &group in groups {
        if let Some(rest) = left.checked_sub(group.products) {
            left = rest;
            chosen.push(group);
        }
    }
    if chosen.is_empty() {
        chosen.extend(groups.iter().min_by_key(|group| group.products));
    }
    chosen
}

/// Takes groups back to training until every label has an item there: a group that counts for
/// another label may hold all items of one.
fn keep_trained(items: &[Item<'_>], groups: &[Group<'_>], chosen: &mut [bool]) {
    let sides = items.iter().zip(chosen.iter());
    let trained = sides.filter(|(_, chosen)| !**chosen);
    let mut trained: BTreeSet<&str> = trained.map(|(item, _)| item.label).collect();
    for group in groups.iter().rev() {
        let lacks = |&item: &usize| !trained.contains(items[item].label);
        if group.items.iter().any(lacks) {
            for &item in &group.items {
                chosen[item] = false;
                trained.insert(items[item].label);
            }
        }
    }
}

#[cfg(test)]
mod tests;
