//! All attributes of one segment.

use std::collections::BTreeMap;

use super::column::Column;
use super::entry_parser::EntryParser;
use super::fast_entry_parser::FastEntryParser;
use crate::bits::Bits;
use crate::filter::{Condition, Expr};

/// The attributes of a segment's entries, by column.
#[derive(Debug, Clone)]
pub(crate) struct AttributeTable {
    entries: u32,
    columns: BTreeMap<String, Column>,
}

impl AttributeTable {
    /// Parses entries, each the JSON of a row's attributes.
    pub(crate) fn read<'a>(entries: impl Iterator<Item = &'a str>) -> Self {
        let mut parser = FastEntryParser::default();
        let mut count = 0;
        for text in entries {
            parser.read(count, text);
            count += 1;
        }
        Self::of(parser.inner, count)
    }

    /// Makes the table of `entries` parsed entries.
    pub(super) fn of(parser: EntryParser<'_>, entries: u32) -> Self {
        let columns = parser.columns.into_iter();
        Self {
            entries,
            columns: columns
                .map(|(name, builder)| (name, builder.into_column(entries)))
                .collect(),
        }
    }

    pub(crate) fn column(&self, attribute: &str) -> Option<&Column> {
        self.columns.get(attribute)
    }

    /// Returns the columns by name, ascending.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns
            .iter()
            .map(|(name, column)| (name.as_str(), column))
    }

    /// Returns the entries that match an expression.
    pub(crate) fn matching(&self, expr: &Expr) -> Bits {
        match expr {
            Expr::All(exprs) => {
                let mut all = Bits::full(self.entries);
                for expr in exprs {
                    all.intersect(&self.matching(expr));
                }
                all
            }
            Expr::Any(exprs) => {
                let mut any = Bits::new(self.entries);
                for expr in exprs {
                    any.unite(&self.matching(expr));
                }
                any
            }
            Expr::Is(condition) => self.matching_condition(condition),
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
