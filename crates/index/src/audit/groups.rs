//! Images that occur more than once.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::neighbors::Neighbors;
use super::report::ImageGroup;
use super::rows::AuditedRows;
use super::union_find::UnionFind;

/// Groups of both kinds, each in the order in which they are reported.
pub(super) struct Groups {
    pub(super) duplicates: Vec<ImageGroup>,
    pub(super) near_duplicates: Vec<ImageGroup>,
}

/// Groups identical and similar images; `neighbors` holds the neighbors of every distinct row.
pub(super) fn of(rows: &AuditedRows<'_>, neighbors: &[Neighbors], same: f32) -> Groups {
    let mut identical = identical(rows);
    let mut links: Vec<(f32, u32, u32)> = Vec::new();
    for (&row, neighbors) in rows.distinct().iter().zip(neighbors) {
        let similar = neighbors.iter().filter(|(_, score)| *score >= same);
        links.extend(similar.map(|&(other, score)| (score, row.min(other), row.max(other))));
    }
    // Strongest first; equally strong ones in a fixed order.
    links.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut nearly = identical.clone();
    for (score, one, other) in links {
        nearly.join(one, other, score);
    }
    let duplicates = identical.groups();
    let near_duplicates = nearly.groups().into_iter().filter(|(_, members)| {
        let mut roots = members.iter().map(|&row| identical.root(row));
        let first = roots.next();
        roots.any(|root| Some(root) != first)
    });
    let near_duplicates: Vec<_> = near_duplicates.collect();
    Groups {
        duplicates: in_order(rows, &identical, duplicates),
        near_duplicates: in_order(rows, &nearly, near_duplicates),
    }
}

/// Joins rows of one object version, and rows of one vector.
fn identical(rows: &AuditedRows<'_>) -> UnionFind {
    let mut groups = UnionFind::new(rows.len());
    let mut versions: HashMap<&str, u32> = HashMap::new();
    for row in 0..rows.len() as u32 {
        groups.join(rows.first(row), row, 1.0);
        let etag = rows.etag(row);
        if !etag.is_empty() {
            groups.join(*versions.entry(etag).or_insert(row), row, 1.0);
        }
    }
    groups
}

/// Sorts groups: most products first, then most images, then by key.
fn in_order(
    rows: &AuditedRows<'_>,
    joined: &UnionFind,
    groups: Vec<(u32, Vec<u32>)>,
) -> Vec<ImageGroup> {
    let mut groups: Vec<(u32, ImageGroup)> = groups
        .into_iter()
        .map(|(root, members)| {
            let products: BTreeSet<u32> = members.iter().map(|&row| rows.product(row)).collect();
            let group = ImageGroup {
                images: members.iter().map(|&row| rows.address(row)).collect(),
                products: products.len(),
                score: joined.weakest(root),
            };
            (root, group)
        })
        .collect();
    groups
        .sort_by_key(|(root, group)| (Reverse(group.products), Reverse(group.images.len()), *root));
    groups.into_iter().map(|(_, group)| group).collect()
}
