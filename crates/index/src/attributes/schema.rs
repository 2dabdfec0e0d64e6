//! What attributes the pictures of a snapshot have, and whether a filter fits them.

use std::collections::BTreeMap;

use super::ValueTypes;
use crate::bits::Bits;
use crate::filter::{Condition, Filter, FilterError, Operand, Test};
use crate::view::View;

/// The types of every attribute that a live row has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema(BTreeMap<String, ValueTypes>);

impl Schema {
    pub(crate) fn new(view: &View) -> Self {
        let mut all: BTreeMap<String, ValueTypes> = BTreeMap::new();
        for (place, meta) in view.segments().iter().enumerate() {
            let live = live_entries(view, place);
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

    /// The attributes by name, ascending.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, ValueTypes)> {
        self.0.iter().map(|(name, &types)| (name.as_str(), types))
    }

    /// Whether an attribute is there or declared.
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

    /// Whether the attributes that a filter asks for are there or declared, and have such values.
    pub(crate) fn check(&self, filter: &Filter, declared: &[String]) -> Result<(), FilterError> {
        let mut checked = Ok(());
        filter.node().for_each(&mut |condition| {
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
        // Of an attribute that is only declared nobody knows the type.
        let Some(&holds) = self.0.get(name) else {
            return Ok(());
        };
        let fits = |operand: &&Operand| {
            holds.texts && operand.text().is_some()
                || holds.numbers && operand.number().is_some()
                || holds.booleans && operand.boolean().is_some()
        };
        let given = match &condition.test {
            Test::Exists => None,
            Test::OneOf(operands) => operands.iter().find(|o| !fits(o)).map(ToString::to_string),
            Test::Range(range) => {
                let bounds = [&range.low, &range.high].into_iter().flatten();
                // Booleans have no order.
                let ordered = |operand: &Operand| {
                    holds.texts && operand.text().is_some()
                        || holds.numbers && operand.number().is_some()
                };
                let mut bounds = bounds.map(|bound| &bound.value);
                let wrong = bounds.find(|operand| !ordered(operand));
                wrong.map(|operand| format!("a range up to or from {operand}"))
            }
        };
        match given {
            None => Ok(()),
            Some(given) => Err(FilterError::Type {
                attribute: name.clone(),
                holds,
                given,
            }),
        }
    }
}

/// The entries that live rows have: what only superseded ones had says nothing of what is there.
fn live_entries(view: &View, place: usize) -> Bits {
    let meta = &view.segments()[place];
    if view.dead(place).is_empty() {
        return Bits::full(meta.entry_count());
    }
    let rows = 0..meta.rows();
    let live = rows.filter(|&row| view.is_live(place, row));
    Bits::containing(meta.entry_count(), live.map(|row| meta.entry_of(row)))
}
