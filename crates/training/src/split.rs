//! Splits images into training and validation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};

/// The properties of an image that determine the split.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// SHA-256 of its bytes.
    pub content: [u8; 32],
    /// Label of the image.
    pub label: &'a str,
}

/// Returns true for each item that is for validation. Items of the same number in `groups`, one for
/// each item, are never on both sides; items of the same content have to be of the same group.
///
/// Of every label about `share` (0 to 1) of the items are for validation: as many whole groups as
/// fit into that, or the smallest group if none does; never all. A group of several labels counts
/// for the label of one of its items. The choice depends on the seed and the contents, not on names,
/// order or numbers of groups, so that a grown catalog keeps most of its split.
///
/// # Panics
/// If there are not as many groups as items.
pub fn validates(items: &[Item<'_>], groups: &[usize], share: f64, seed: u64) -> Vec<bool> {
    assert_eq!(items.len(), groups.len());
    let groups = Group::all(items, groups, seed);
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

/// Items that stay together.
struct Group<'a> {
    /// The lowest rank of its items, which orders groups.
    rank: [u8; 32],
    /// The label for which it counts: that of the item with the lowest rank.
    label: &'a str,
    items: Vec<usize>,
}

impl<'a> Group<'a> {
    /// Returns the groups by rising rank.
    fn all(items: &[Item<'a>], numbers: &[usize], seed: u64) -> Vec<Self> {
        let mut groups: HashMap<usize, Self> = HashMap::new();
        for (place, (item, number)) in items.iter().zip(numbers).enumerate() {
            let rank = rank(seed, item.content);
            let group = groups.entry(*number).or_insert_with(|| Self {
                rank,
                label: item.label,
                items: Vec::new(),
            });
            (group.rank, group.label) = (group.rank, group.label).min((rank, item.label));
            group.items.push(place);
        }
        let mut groups: Vec<Self> = groups.into_values().collect();
        groups.sort_by_key(|group| (group.rank, group.label));
        groups
    }
}

/// Returns the groups of a label that are for validation; `groups` are sorted.
fn validation_groups<'a>(groups: &[&'a Group<'a>], share: f64) -> Vec<&'a Group<'a>> {
    if groups.len() < 2 {
        return Vec::new();
    }
    let items: usize = groups.iter().map(|group| group.items.len()).sum();
    let wanted = (items as f64 * share).round() as usize;
    let mut left = wanted.clamp(1, items - 1);
    let mut chosen = Vec::new();
    for &group in groups {
        if let Some(rest) = left.checked_sub(group.items.len()) {
            left = rest;
            chosen.push(group);
        }
    }
    if chosen.is_empty() {
        chosen.extend(groups.iter().min_by_key(|group| group.items.len()));
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

fn rank(seed: u64, content: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(content);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELS: [&str; 4] = ["a", "b", "c", "d"];

    /// A content has one label, as the same image has.
    fn items(contents: &[u8]) -> Vec<Item<'static>> {
        let item = |content: &u8| Item {
            content: [*content; 32],
            label: LABELS[usize::from(*content % 4)],
        };
        contents.iter().map(item).collect()
    }

    fn on(side: bool, label: &str, items: &[Item<'_>], chosen: &[bool]) -> usize {
        let sides = items.iter().zip(chosen);
        let found = sides.filter(|(item, chosen)| item.label == label && **chosen == side);
        found.count()
    }

    proptest! {
        #[test]
        fn without_groups_every_label_has_its_share(
            contents in prop::collection::hash_set(0..200_u8, 1..80),
            share in 0.0..1.0_f64,
            seed in any::<u64>(),
        ) {
            let contents: Vec<u8> = contents.into_iter().collect();
            let items = items(&contents);
            let groups: Vec<usize> = (0..items.len()).collect();
            let chosen = validates(&items, &groups, share, seed);
            for label in LABELS {
                let (validation, training) =
                    (on(true, label, &items, &chosen), on(false, label, &items, &chosen));
                if validation + training >= 2 {
                    prop_assert!(validation >= 1 && training >= 1);
                    let wanted = share * (validation + training) as f64;
                    prop_assert!((validation as f64 - wanted).abs() <= 1.0);
                } else {
                    prop_assert_eq!(validation, 0);
                }
            }
        }

        #[test]
        fn groups_are_never_split_and_every_label_is_trained(
            contents in prop::collection::vec(0..60_u8, 1..80),
            group_of in prop::collection::vec(0..25_usize, 60),
            share in 0.0..1.0_f64,
            seed in any::<u64>(),
        ) {
            let items = items(&contents);
            let groups: Vec<usize> = contents.iter().map(|c| group_of[usize::from(*c)]).collect();
            let chosen = validates(&items, &groups, share, seed);
            for (a, first) in groups.iter().zip(&chosen) {
                for (b, second) in groups.iter().zip(&chosen) {
                    prop_assert!(a != b || first == second);
                }
            }
            for item in &items {
                prop_assert!(on(false, item.label, &items, &chosen) > 0);
            }
            // Neither the order nor the numbers of groups matter.
            let backwards: Vec<Item<'_>> = items.iter().rev().copied().collect();
            let numbers: Vec<usize> = groups.iter().rev().map(|group| 1000 - group).collect();
            let mut back = validates(&backwards, &numbers, share, seed);
            back.reverse();
            prop_assert_eq!(back, chosen);
        }

        #[test]
        fn groups_of_one_label_are_both_trained_and_validated(
            sizes in prop::collection::vec(1..9_usize, 2..12),
            share in 0.01..0.5_f64,
            seed in any::<u64>(),
        ) {
            let groups: Vec<usize> = sizes.iter().enumerate()
                .flat_map(|(group, &size)| vec![group; size]).collect();
            let items: Vec<Item<'_>> = (0..groups.len())
                .map(|place| Item { content: [place as u8; 32], label: "a" }).collect();
            let chosen = validates(&items, &groups, share, seed);
            let validated = on(true, "a", &items, &chosen);
            let wanted = (share * items.len() as f64).round().max(1.0) as usize;
            let smallest = sizes.iter().min().copied().unwrap_or(0);
            prop_assert!(validated >= 1 && validated < items.len());
            prop_assert!(validated <= wanted.max(smallest), "{} of {}", validated, wanted);
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let contents: Vec<u8> = (0..100).map(|content| content * 2 % 200).collect();
        let items: Vec<Item<'_>> = (contents.iter())
            .map(|&content| Item {
                content: [content; 32],
                label: "a",
            })
            .collect();
        let groups: Vec<usize> = (0..100).collect();
        let chosen = validates(&items, &groups, 0.1, 1);
        assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 10);
        assert_ne!(chosen, validates(&items, &groups, 0.1, 2));
    }
}
