//! Pictures that are there more than once.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::forest::Forest;
use super::rows::Rows;
use super::{Near, PictureGroup};

/// Groups of both kinds, each in the order in which they are reported.
pub(super) struct Groups {
    pub(super) duplicates: Vec<PictureGroup>,
    pub(super) near_duplicates: Vec<PictureGroup>,
}

/// `near` has the neighbours of every distinct row.
pub(super) fn of(rows: &Rows<'_>, near: &[Near], same: f32) -> Groups {
    let mut identical = identical(rows);
    let mut links: Vec<(f32, u32, u32)> = Vec::new();
    for (&row, near) in rows.distinct().iter().zip(near) {
        let similar = near.iter().filter(|(_, score)| *score >= same);
        links.extend(similar.map(|&(other, score)| (score, row.min(other), row.max(other))));
    }
    // The strongest first, and equally strong ones in an order of their own.
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
fn identical(rows: &Rows<'_>) -> Forest {
    let mut forest = Forest::new(rows.len());
    let mut versions: HashMap<&str, u32> = HashMap::new();
    for row in 0..rows.len() as u32 {
        forest.join(rows.first(row), row, 1.0);
        let etag = rows.etag(row);
        if !etag.is_empty() {
            forest.join(*versions.entry(etag).or_insert(row), row, 1.0);
        }
    }
    forest
}

/// Those across products first, then those of most products, of most pictures, by key.
fn in_order(rows: &Rows<'_>, forest: &Forest, groups: Vec<(u32, Vec<u32>)>) -> Vec<PictureGroup> {
    let mut groups: Vec<(u32, PictureGroup)> = groups
        .into_iter()
        .map(|(root, members)| {
            let products: BTreeSet<u32> = members.iter().map(|&row| rows.product(row)).collect();
            let group = PictureGroup {
                pictures: members.iter().map(|&row| rows.at(row)).collect(),
                products: products.len(),
                score: forest.weakest(root),
            };
            (root, group)
        })
        .collect();
    groups.sort_by_key(|(root, group)| {
        (
            Reverse(group.products),
            Reverse(group.pictures.len()),
            *root,
        )
    });
    groups.into_iter().map(|(_, group)| group).collect()
}
