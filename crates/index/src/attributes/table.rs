//! All attributes of one segment.

use std::collections::BTreeMap;

use super::column::Column;
use super::reading::Reader;
use super::scanning::Scanner;
use crate::bits::Bits;
use crate::filter::{Condition, Node};

/// The columns of a segment's entries.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    entries: u32,
    columns: BTreeMap<String, Column>,
}

impl Table {
    /// Reads entries, each the JSON of a row's attributes.
    pub(crate) fn read<'a>(entries: impl Iterator<Item = &'a str>) -> Self {
        let mut scanner = Scanner::default();
        let mut count = 0;
        for text in entries {
            scanner.read(count, text);
            count += 1;
        }
        Self::of(scanner.reader, count)
    }

    /// What was read of so many entries.
    pub(super) fn of(reader: Reader<'_>, entries: u32) -> Self {
        let columns = reader.columns.into_iter();
        Self {
            entries,
            columns: columns
                .map(|(name, growing)| (name, growing.into_column(entries)))
                .collect(),
        }
    }

    pub(crate) fn column(&self, attribute: &str) -> Option<&Column> {
        self.columns.get(attribute)
    }

    /// The columns by name, ascending.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns
            .iter()
            .map(|(name, column)| (name.as_str(), column))
    }

    /// The entries that match.
    pub(crate) fn matching(&self, node: &Node) -> Bits {
        match node {
            Node::All(nodes) => {
                let mut all = Bits::full(self.entries);
                for node in nodes {
                    all.intersect(&self.matching(node));
                }
                all
            }
            Node::Any(nodes) => {
                let mut any = Bits::new(self.entries);
                for node in nodes {
                    any.unite(&self.matching(node));
                }
                any
            }
            Node::Is(condition) => self.matching_condition(condition),
        }
    }

    fn matching_condition(&self, condition: &Condition) -> Bits {
        let mut matching = match self.columns.get(&condition.attribute) {
            Some(column) => column.matching(&condition.test),
            None => Bits::new(self.entries),
        };
        if condition.negated {
            matching.complement();
        }
        matching
    }
}
