//! The attributes that the images of a snapshot have, and checks of filters against them.

use std::collections::BTreeMap;

use super::value_types::ValueTypes;
use crate::bits::Bits;
use crate::filter::{Condition, Filter, FilterError, Operand, Range, Test};
use crate::live_rows::LiveRows;

/// An attribute that images have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeInfo {
    /// Its name.
    pub name: String,
    /// The types of its values.
    pub types: ValueTypes,
    /// Number of products that have an image with it.
    pub products: u64,
}

/// The types of every attribute that live rows have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema(BTreeMap<String, ValueTypes>);

impl Schema {
    pub(crate) fn new(live_rows: &LiveRows) -> Self {
        let mut all: BTreeMap<String, ValueTypes> = BTreeMap::new();
        for (segment_index, meta) in live_rows.segments().iter().enumerate() {
            let live = live_entries(live_rows, segment_index);
            for (name, column) in meta.table().columns() {
                let types = column.types(&live);
                if !types.is_empty() {
                    let known = all.entry(name.to_owned()).or_default();
                    *known = known.and(types);
                }
            }
        }
        Self(all)
    }

    /// Returns the attributes by name, ascending.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, ValueTypes)> {
        self.0.iter().map(|(name, &types)| (name.as_str(), types))
    }

    /// Checks that images have an attribute, or that it is declared.
    pub(crate) fn check_attribute(
        &self,
        name: &str,
        declared: &[String],
    ) -> Result<(), FilterError> {
        if self.0.contains_key(name) || declared.iter().any(|declared| declared == name) {
            return Ok(());
        }
        Err(FilterError::UnknownAttribute {
            attribute: name.to_owned(),
            declared: declared.to_vec(),
        })
    }

    /// Checks that images have the attributes of a filter, or that they are declared, and that
    /// their values have the types that it compares with.
    pub(crate) fn check(&self, filter: &Filter, declared: &[String]) -> Result<(), FilterError> {
        let mut checked = Ok(());
        filter.expr().for_each(&mut |condition| {
            if checked.is_ok() {
                checked = self.check_condition(condition, declared);
            }
        });
        checked
    }

    fn check_condition(
        &self,
        condition: &Condition,
        declared: &[String],
    ) -> Result<(), FilterError> {
        let name = &condition.attribute;
        self.check_attribute(name, declared)?;
        // The type of an attribute that is only declared is not known yet.
        let Some(&holds) = self.0.get(name) else {
            return Ok(());
        };
        let fits = |operand: &&Operand| {
            holds.texts && operand.text().is_some()
                || holds.numbers && operand.number().is_some()
                || holds.booleans && operand.boolean().is_some()
        };
        let wrong = match &condition.test {
            Test::Exists => None,
            Test::OneOf(operands) => operands.iter().find(|o| !fits(o)),
            Test::Range(range) => return check_range(name, range, holds),
        };
        match wrong {
            None => Ok(()),
            Some(operand) => Err(FilterError::Type {
                attribute: name.clone(),
                holds,
                given: operand.to_string(),
            }),
        }
    }
}

/// Checks that values of these types can be within a range. Booleans have no order.
fn check_range(name: &str, range: &Range, holds: ValueTypes) -> Result<(), FilterError> {
    let bounds = [&range.low, &range.high].into_iter().flatten();
    let mut operands = bounds.map(|bound| &bound.value);
    let is_ordered = |operand: &&Operand| {
        holds.texts && operand.text_bound().is_some() || holds.numbers && operand.number().is_some()
    };
    let Some(wrong) = operands.find(|operand| !is_ordered(operand)) else {
        return Ok(());
    };
    let attribute = name.to_owned();
    Err(match wrong.number() {
        Some(number) if holds.texts => FilterError::NumberRange {
            attribute,
            holds,
            number: number.to_json().to_string(),
        },
        _ => FilterError::Type {
            attribute,
            holds,
            given: format!("a range up to or from {wrong}"),
        },
    })
}

/// Returns the entries of live rows.
fn live_entries(live_rows: &LiveRows, segment_index: usize) -> Bits {
    let meta = &live_rows.segments()[segment_index];
    if live_rows.deleted(segment_index).is_empty() {
        return Bits::full(meta.entry_count());
    }
    let rows = 0..meta.rows();
    let live = rows.filter(|&row| live_rows.is_live(segment_index, row));
    Bits::containing(meta.entry_count(), live.map(|row| meta.entry_of(row)))
}
