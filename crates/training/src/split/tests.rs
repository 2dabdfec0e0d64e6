use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const LABELS: [&str; 4] = ["a", "b", "c", "d"];

/// Counts the products of items with equal numbers as one.
fn alike(items: &[Item<'_>], numbers: &[usize]) -> JoinedProducts {
    let mut joined = JoinedProducts::default();
    for (item, number) in items.iter().zip(numbers) {
        let first = numbers.iter().position(|other| other == number);
        joined.join(item.product, items[first.unwrap_or_default()].product);
    }
    joined
}

/// A product has one label.
fn items(products: &[u8]) -> Vec<Item<'static>> {
    let item = |product: &u8| Item {
        product: [*product; 32],
        labels: vec![LABELS[usize::from(*product % 4)]],
    };
    products.iter().map(item).collect()
}

fn products(items: &[Item<'_>], chosen: &[bool], wanted: bool) -> BTreeSet<[u8; 32]> {
    let items = items.iter().zip(chosen);
    let wanted = items.filter(|(_, chosen)| **chosen == wanted);
    wanted.map(|(item, _)| item.product).collect()
}

fn on(side: bool, label: &str, items: &[Item<'_>], chosen: &[bool]) -> usize {
    let sides = items.iter().zip(chosen);
    let found = sides.filter(|(item, chosen)| item.labels.contains(&label) && **chosen == side);
    found.count()
}

proptest! {
    #[test]
    fn no_product_is_on_both_sides_whatever_its_labels(
        images in prop::collection::vec((0..20_u8, 0..4_usize), 1..120),
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let items: Vec<Item<'_>> = images
            .iter()
            .map(|(product, label)| Item { product: [*product; 32], labels: vec![LABELS[*label]] })
            .collect();
        let chosen = validates(&items, &JoinedProducts::default(), share, seed);
        let (held, trained) = (products(&items, &chosen, true), products(&items, &chosen, false));
        prop_assert!(held.is_disjoint(&trained));
        prop_assert!(!trained.is_empty());
        let mut turned = items.clone();
        turned.reverse();
        let mut back = validates(&turned, &JoinedProducts::default(), share, seed);
        back.reverse();
        prop_assert_eq!(back, chosen);
    }

    #[test]
    fn every_label_is_on_both_sides_with_its_share_of_products(
        images in prop::collection::vec(0..40_u8, 1..80),
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let items = items(&images);
        let chosen = validates(&items, &JoinedProducts::default(), share, seed);
        let (held, trained) = (products(&items, &chosen, true), products(&items, &chosen, false));
        for label in 0..4_u8 {
            let count = |side: &BTreeSet<[u8; 32]>| side.iter().filter(|p| p[0] % 4 == label).count();
            let (held, trained) = (count(&held), count(&trained));
            if held + trained >= 2 {
                prop_assert!(held >= 1 && trained >= 1);
                let wanted = share * (held + trained) as f64;
                prop_assert!((held as f64 - wanted).abs() <= 1.0);
            } else {
                prop_assert_eq!(held, 0);
            }
        }
    }

    #[test]
    fn similar_images_are_never_parted_and_every_label_is_trained(
        contents in prop::collection::vec(0..60_u8, 1..80),
        group_of in prop::collection::vec(0..25_usize, 60),
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let items = items(&contents);
        let groups: Vec<usize> = contents.iter().map(|c| group_of[usize::from(*c)]).collect();
        let chosen = validates(&items, &alike(&items, &groups), share, seed);
        for (a, first) in groups.iter().zip(&chosen) {
            for (b, second) in groups.iter().zip(&chosen) {
                prop_assert!(a != b || first == second);
            }
        }
        for item in &items {
            prop_assert!(on(false, item.labels[0], &items, &chosen) > 0);
        }
        // Neither the order nor the numbers of groups matter.
        let backwards: Vec<Item<'_>> = items.iter().rev().cloned().collect();
        let numbers: Vec<usize> = groups.iter().rev().map(|group| 1000 - group).collect();
        let mut back = validates(&backwards, &alike(&backwards, &numbers), share, seed);
        back.reverse();
        prop_assert_eq!(back, chosen);
    }

    #[test]
    fn every_label_of_an_image_is_trained_and_validated_in_any_place(
        images in prop::collection::vec((0..40_u8, prop::collection::vec(0..4_usize, 1..4)), 1..60),
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let items: Vec<Item<'_>> = images
            .iter()
            .map(|(product, labels)| Item {
                product: [*product; 32],
                labels: labels.iter().map(|label| LABELS[*label]).collect(),
            })
            .collect();
        let chosen = validates(&items, &JoinedProducts::default(), share, seed);
        for label in LABELS {
            let with: Vec<Item<'_>> =
                items.iter().filter(|item| item.labels.contains(&label)).cloned().collect();
            if with.is_empty() {
                continue;
            }
            prop_assert!(on(false, label, &items, &chosen) > 0);
            // A product can validate a label unless it has another that no other product has.
            let alone = |label: &str| {
                let of_label = items.iter().filter(|item| item.labels.contains(&label));
                of_label.map(|item| item.product).collect::<BTreeSet<_>>().len() < 2
            };
            let product_labels = |product: [u8; 32]| {
                let of_product = items.iter().filter(move |item| item.product == product);
                of_product.flat_map(|item| item.labels.clone())
            };
            let can = |item: &&Item<'_>| !product_labels(item.product).any(alone);
            let only = with.iter().all(|item| product_labels(item.product).all(|own| own == label));
            if only && with.iter().filter(can).count() > 0 {
                prop_assert!(on(true, label, &items, &chosen) > 0);
            }
        }
        // The order of labels does not matter either.
        let turned: Vec<Item<'_>> = items
            .iter()
            .map(|item| Item { labels: item.labels.iter().rev().copied().collect(), ..item.clone() })
            .collect();
        prop_assert_eq!(validates(&turned, &JoinedProducts::default(), share, seed), chosen);
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
            .map(|place| Item { product: [place as u8; 32], labels: vec!["a"] }).collect();
        let chosen = validates(&items, &alike(&items, &groups), share, seed);
        let validated = on(true, "a", &items, &chosen);
        let wanted = (share * items.len() as f64).round().max(1.0) as usize;
        let smallest = sizes.iter().min().copied().unwrap_or(0);
        prop_assert!(validated >= 1 && validated < items.len());
        prop_assert!(validated <= wanted.max(smallest), "{} of {}", validated, wanted);
    }

    #[test]
    fn what_is_alike_by_product_or_by_image_is_on_one_side_also_through_others(
        images in prop::collection::vec((0..30_u8, 0..30_usize, 0..4_usize), 1..60),
        share in 0.0..1.0_f64,
        seed in any::<u64>(),
    ) {
        let items: Vec<Item<'_>> = images
            .iter()
            .map(|(product, _, label)| Item { product: [*product; 32], labels: vec![LABELS[*label]] })
            .collect();
        let similar: Vec<usize> = images.iter().map(|(_, number, _)| *number).collect();
        let chosen = validates(&items, &alike(&items, &similar), share, seed);
        // The lowest image that each can be reached from, one step at a time.
        let mut reached: Vec<usize> = (0..images.len()).collect();
        for _ in 0..images.len() {
            for a in 0..images.len() {
                for b in 0..images.len() {
                    if images[a].0 == images[b].0 || images[a].1 == images[b].1 {
                        reached[a] = reached[a].min(reached[b]);
                    }
                }
            }
        }
        for (image, first) in reached.iter().enumerate() {
            prop_assert_eq!(chosen[image], chosen[*first]);
        }
        for item in &items {
            prop_assert!(on(false, item.labels[0], &items, &chosen) > 0);
        }
    }
}

#[test]
fn a_near_copy_joins_two_products_to_one_group() {
    // Products 0 and 1 share a near copy, and so do 1 and 2; 3 and 4 are alone.
    let shown: [u8; 9] = [0, 0, 1, 1, 2, 2, 3, 3, 4];
    let similar = [0, 1, 1, 2, 2, 3, 4, 5, 6];
    let items: Vec<Item<'_>> = shown
        .iter()
        .map(|product| Item {
            product: [*product; 32],
            labels: vec!["a"],
        })
        .collect();
    for seed in 0..20 {
        let chosen = validates(&items, &alike(&items, &similar), 0.4, seed);
        let held = products(&items, &chosen, true);
        // Two of five products are wanted: the group of three does not fit.
        assert_eq!(held, BTreeSet::from([[3; 32], [4; 32]]), "seed {seed}");
        let chosen = validates(&items, &JoinedProducts::default(), 0.4, seed);
        assert_eq!(products(&items, &chosen, true).len(), 2);
    }
}

#[test]
fn another_seed_is_another_split() {
    let items: Vec<Item<'_>> = (0..100)
        .map(|product| Item {
            product: [product; 32],
            labels: vec!["a"],
        })
        .collect();
    let chosen = validates(&items, &JoinedProducts::default(), 0.1, 1);
    assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 10);
    assert_ne!(
        chosen,
        validates(&items, &JoinedProducts::default(), 0.1, 2)
    );
}

#[test]
fn products_that_share_an_image_are_on_one_side() {
    let items = items(&(0..40).flat_map(|product| [product; 2]).collect::<Vec<_>>());
    let mut joined = JoinedProducts::default();
    // Joined through a product of which nothing is left.
    for product in 0..8 {
        joined.join([product; 32], [200; 32]);
    }
    for seed in 0..20 {
        let chosen = validates(&items, &joined, 0.5, seed);
        let sides: BTreeSet<bool> = chosen[..16].iter().copied().collect();
        assert_eq!(sides.len(), 1, "{seed}");
        assert!(chosen.contains(&true));
    }
}

#[test]
fn a_rare_second_label_is_on_both_sides() {
    // Forty products of two labels, of which four also have a rare one, and two have one alone.
    let item = |product: u8| {
        let more: &[&str] = match product {
            0..4 => &["c"],
            4 => &["d"],
            _ => &[],
        };
        Item {
            product: [product; 32],
            labels: [&[LABELS[usize::from(product % 2)]], more].concat(),
        }
    };
    let items: Vec<Item<'_>> = (0..40).map(item).collect();
    for seed in 0..50 {
        let chosen = validates(&items, &JoinedProducts::default(), 0.25, seed);
        let sides = |label| [true, false].map(|side| on(side, label, &items, &chosen));
        assert_eq!(sides("c"), [1, 3], "seed {seed}");
        assert_eq!(sides("d"), [0, 1], "seed {seed}");
        assert_eq!((sides("a"), sides("b")), ([5, 15], [5, 15]), "seed {seed}");
    }
}
