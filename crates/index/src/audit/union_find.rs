//! Groups of connected rows, as a union-find forest.

/// A set of trees, one for each group of connected rows; its root is the row of the lowest number.
#[derive(Debug, Clone)]
pub(super) struct UnionFind {
    parents: Vec<u32>,
    /// Weakest score that joined two parts of a group, by root.
    weakest: Vec<f32>,
}

impl UnionFind {
    /// Starts with every row in a group of its own.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            parents: (0..rows as u32).collect(),
            weakest: vec![1.0; rows],
        }
    }

    /// Returns the root of a row's group.
    pub(super) fn root(&mut self, row: u32) -> u32 {
        let mut row = row;
        loop {
            let parent = self.parents[row as usize];
            if parent == row {
                return row;
            }
            // Halves the path for later calls.
            let next = self.parents[parent as usize];
            self.parents[row as usize] = next;
            row = next;
        }
    }

    /// Joins the groups of two rows that are as similar as `score`. If stronger pairs are joined
    /// before weaker ones, the weakest score of a group is as strong as it can be.
    pub(super) fn join(&mut self, one: u32, other: u32, score: f32) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        let (root, child) = (one.min(other), one.max(other));
        self.parents[child as usize] = root;
        let weakest = self.weakest[child as usize].min(score);
        let of_root = &mut self.weakest[root as usize];
        *of_root = of_root.min(weakest);
    }

    /// Returns the weakest score that holds a group together, by its root.
    pub(super) fn weakest(&self, root: u32) -> f32 {
        self.weakest[root as usize]
    }

    /// Returns the groups of at least two rows, each ascending, with their roots.
    pub(super) fn groups(&mut self) -> Vec<(u32, Vec<u32>)> {
        let mut members: Vec<(u32, u32)> = (0..self.parents.len() as u32)
            .map(|row| (self.root(row), row))
            .collect();
        members.sort_unstable();
        let groups = members.chunk_by(|a, b| a.0 == b.0);
        let several = groups.filter(|group| group.len() > 1);
        several
            .map(|group| (group[0].0, group.iter().map(|&(_, row)| row).collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Returns the rows that can be reached from a row, step by step.
    fn reached(from: u32, links: &[(u32, u32)]) -> Vec<u32> {
        let mut known = BTreeSet::from([from]);
        loop {
            let before = known.len();
            for &(a, b) in links {
                if known.contains(&a) || known.contains(&b) {
                    known.extend([a, b]);
                }
            }
            if known.len() == before {
                return known.into_iter().collect();
            }
        }
    }

    proptest! {
        #[test]
        fn rows_are_together_exactly_if_links_lead_from_one_to_the_other(
            links in prop::collection::vec((0_u32..40, 0_u32..40), 0..60)
        ) {
            let mut groups = UnionFind::new(40);
            for &(a, b) in &links {
                groups.join(a, b, 0.9);
            }
            let found = groups.groups();
            for (root, rows) in &found {
                prop_assert_eq!(Some(root), rows.first());
                prop_assert_eq!(rows, &reached(*root, &links));
                prop_assert!((groups.weakest(*root) - 0.9).abs() < f32::EPSILON);
            }
            let grouped: usize = found.iter().map(|(_, rows)| rows.len()).sum();
            let alone = (0..40).filter(|&row| reached(row, &links).len() == 1).count();
            prop_assert_eq!(grouped + alone, 40);
            // The order of links changes nothing.
            let mut backwards = UnionFind::new(40);
            for &(a, b) in links.iter().rev() {
                backwards.join(b, a, 0.9);
            }
            prop_assert_eq!(found, backwards.groups());
        }
    }

    #[test]
    fn the_weakest_link_is_that_of_the_best_path() {
        let mut groups = UnionFind::new(3);
        for (a, b, score) in [(0, 1, 0.99), (1, 2, 0.98), (0, 2, 0.9)] {
            groups.join(a, b, score);
        }
        let root = groups.root(2);
        assert_eq!((root, groups.weakest(root)), (0, 0.98));
    }
}
