//! Conjunctions of terms that together find every row that a filter matches.

use std::collections::BTreeSet;

use super::entry::VectorBaseEntry;
use super::layout::Term;
use crate::filter::{Condition, Expr, Filter, Operand, Range, Test};

/// Maximum number of conjunctions of a cover: each is a search in every slot.
pub const MAX_CONJUNCTIONS: usize = 16;

/// What an engine is asked for in place of a filter. Every row that the filter matches has all terms of at least one
/// conjunction; a row that has them need not match, so the filter is applied to what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The conjunctions, each ascending; one without terms asks for every row, and none for no row.
    pub conjunctions: Vec<Vec<Term>>,
    /// The attributes of conditions that no term narrows down, ascending. What such a condition leaves out is found
    /// nevertheless, and takes the place of what matches.
    pub unnarrowed: Vec<String>,
}

type Conjunctions = BTreeSet<BTreeSet<Term>>;

impl Cover {
    /// Covers a filter by so many conjunctions at most, and never more than [`MAX_CONJUNCTIONS`]; without one, every row.
    pub fn new(filter: Option<&Filter>, entry: &VectorBaseEntry, most: usize) -> Self {
        let mut cover = Covering {
            entry,
            most: most.clamp(1, MAX_CONJUNCTIONS),
            unnarrowed: BTreeSet::new(),
        };
        let conjunctions = match filter {
            Some(filter) => cover.expr(filter.expr()),
            None => everything(),
        };
        let conjunctions = conjunctions.into_iter();
        Self {
            conjunctions: conjunctions.map(|c| c.into_iter().collect()).collect(),
            unnarrowed: cover.unnarrowed.into_iter().collect(),
        }
    }
}

fn everything() -> Conjunctions {
    [BTreeSet::new()].into()
}

struct Covering<'a> {
    entry: &'a VectorBaseEntry,
    /// Maximum number of conjunctions.
    most: usize,
    unnarrowed: BTreeSet<String>,
}

impl Covering<'_> {
    fn expr(&mut self, expr: &Expr) -> Conjunctions {
        match expr {
            Expr::All(exprs) => self.all(exprs),
            Expr::Any(exprs) => {
                let any: Conjunctions = exprs.iter().flat_map(|expr| self.expr(expr)).collect();
                if any.len() > self.most || any.contains(&BTreeSet::new()) {
                    self.give_up(expr);
                    return everything();
                }
                any
            }
            Expr::Is(condition) => self.condition(condition).unwrap_or_else(|| {
                self.give_up(expr);
                everything()
            }),
        }
    }

    /// Joins each conjunction of one expression with each of the others. If these are too many, the expression with the
    /// most is left out.
    fn all(&mut self, exprs: &[Expr]) -> Conjunctions {
        let mut covered: Vec<(Conjunctions, &Expr)> =
            exprs.iter().map(|expr| (self.expr(expr), expr)).collect();
        covered.sort_by_key(|(conjunctions, _)| conjunctions.len());
        let mut all = everything();
        for (conjunctions, expr) in covered {
            if all.len() * conjunctions.len() > self.most {
                self.give_up(expr);
                continue;
            }
            let joined = all.iter().flat_map(|one| {
                let others = conjunctions.iter();
                others.map(move |other| one.union(other).cloned().collect())
            });
            all = joined.filter(|terms| !contradicts(terms)).collect();
        }
        all
    }

    fn give_up(&mut self, expr: &Expr) {
        expr.for_each(&mut |condition| _ = self.unnarrowed.insert(condition.attribute.clone()));
    }

    fn condition(&self, condition: &Condition) -> Option<Conjunctions> {
        if condition.negated {
            return None;
        }
        let terms: BTreeSet<Term> = match &condition.test {
            Test::Exists => return None,
            Test::OneOf(values) => self.one_of(&condition.attribute, values)?,
            Test::Range(range) => self.bands(&condition.attribute, range)?,
        };
        let is_small = terms.len() <= self.most;
        is_small.then(|| terms.into_iter().map(|term| [term].into()).collect())
    }

    fn one_of(&self, attribute: &str, values: &[Operand]) -> Option<BTreeSet<Term>> {
        let field = self.field(attribute, false)?;
        let of_value = |value: &Operand| {
            let text = value.text().map(|text| Term::text(field, text));
            let number = value.number().map(|number| Term::number(field, number));
            let boolean = value.boolean().map(|boolean| Term::boolean(field, boolean));
            [text, number, boolean].into_iter().flatten()
        };
        let mut terms: BTreeSet<Term> = values.iter().flat_map(of_value).collect();
        if self.entry.lists.contains(&field) {
            terms.insert(Term::list(field));
        }
        Some(terms)
    }

    /// Returns the bands that a range of numbers touches.
    fn bands(&self, attribute: &str, range: &Range) -> Option<BTreeSet<Term>> {
        let position = self.field(attribute, true)?;
        let field = &self.entry.layout.fields[position];
        let band_of = |bound: &Operand| Some(field.band_of(bound.number()?.get()));
        let first = match &range.low {
            Some(bound) => band_of(&bound.value)?,
            None => 0,
        };
        let last = match &range.high {
            Some(bound) => band_of(&bound.value)?,
            None => field.bands.len(),
        };
        let bands = first..=last;
        Some(bands.map(|band| Term::band(position, band)).collect())
    }

    fn field(&self, attribute: &str, has_bands: bool) -> Option<usize> {
        let mut fields = self.entry.layout.fields.iter();
        fields.position(|field| field.attribute == attribute && field.bands.is_empty() != has_bands)
    }
}

/// True if no row has all of these terms: a field has one value.
fn contradicts(terms: &BTreeSet<Term>) -> bool {
    let fields: BTreeSet<usize> = terms.iter().map(|term| term.field).collect();
    fields.len() < terms.len()
}

#[cfg(test)]
mod tests;
