//! Splits images into training and validation.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The properties of an image that determine the split.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// SHA-256 of its bytes.
    pub content: [u8; 32],
    /// Label of the image.
    pub label: &'a str,
}

/// Returns true for each item that is for validation. Of every label about `share` (0 to 1) of the
/// items are: at least one if there are two or more, and never all; an item alone in its label is
/// for training. The choice depends on the seed and the contents, not on names or order, so that a
/// grown catalog keeps most of its split and the same content is never on both sides.
pub fn validates(items: &[Item<'_>], share: f64, seed: u64) -> Vec<bool> {
    let mut by_label: BTreeMap<&str, Vec<([u8; 32], usize)>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        let rank = rank(seed, item.content);
        by_label.entry(item.label).or_default().push((rank, place));
    }
    let mut chosen = vec![false; items.len()];
    for mut ranked in by_label.into_values() {
        ranked.sort_unstable();
        let mut ranks: Vec<[u8; 32]> = ranked.iter().map(|(rank, _)| *rank).collect();
        ranks.dedup();
        if ranks.len() < 2 {
            continue;
        }
        let wanted = (ranks.len() as f64 * share).round() as usize;
        let limit = ranks[wanted.clamp(1, ranks.len() - 1)];
        for (rank, place) in ranked {
            chosen[place] = rank < limit;
        }
    }
    chosen
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

    proptest! {
        #[test]
        fn every_label_is_on_both_sides_and_no_content(
            contents in prop::collection::vec((0..40_u8, 0..4_usize), 1..80),
            share in 0.0..1.0_f64,
            seed in any::<u64>(),
        ) {
            const LABELS: [&str; 4] = ["a", "b", "c", "d"];
            // A content has one label, as the same image has.
            let items: Vec<Item<'_>> = contents
                .iter()
                .map(|(content, _)| Item { content: [*content; 32], label: LABELS[usize::from(*content % 4)] })
                .collect();
            let chosen = validates(&items, share, seed);
            for (a, first) in items.iter().zip(&chosen) {
                for (b, second) in items.iter().zip(&chosen) {
                    prop_assert!(a.content != b.content || first == second);
                }
            }
            for label in LABELS {
                let of = |side: bool| {
                    let mut found: Vec<u8> = items.iter().zip(&chosen)
                        .filter(|(item, chosen)| item.label == label && **chosen == side)
                        .map(|(item, _)| item.content[0]).collect();
                    found.sort_unstable();
                    found.dedup();
                    found.len()
                };
                let (validation, training) = (of(true), of(false));
                if validation + training >= 2 {
                    prop_assert!(validation >= 1 && training >= 1);
                    let wanted = share * (validation + training) as f64;
                    prop_assert!((validation as f64 - wanted).abs() <= 1.0);
                } else {
                    prop_assert_eq!(validation, 0);
                }
            }
            let mut turned = items.clone();
            turned.reverse();
            let mut back = validates(&turned, share, seed);
            back.reverse();
            prop_assert_eq!(back, chosen);
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let items: Vec<Item<'_>> = (0..100)
            .map(|content| Item {
                content: [content; 32],
                label: "a",
            })
            .collect();
        let chosen = validates(&items, 0.1, 1);
        assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 10);
        assert_ne!(chosen, validates(&items, 0.1, 2));
    }
}
