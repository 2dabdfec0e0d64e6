//! What was selected last: the pages of a shop ask for the same again and again.

use std::sync::Arc;

use super::Selection;
use crate::filter::Filter;

/// Selections that are kept. One takes two bits for every row at most.
const MOST: usize = 64;

/// The selections that were asked for last, the last one at the end.
#[derive(Debug, Default)]
pub(crate) struct Recent(Vec<(Filter, Arc<Selection>)>);

impl Recent {
    pub(super) fn has(&self, filter: &Filter) -> bool {
        self.0.iter().any(|(known, _)| known == filter)
    }

    pub(super) fn get(&mut self, filter: &Filter) -> Option<Arc<Selection>> {
        let place = self.0.iter().rposition(|(known, _)| known == filter)?;
        self.0[place..].rotate_left(1);
        self.0.last().map(|(_, selection)| Arc::clone(selection))
    }

    pub(super) fn put(&mut self, filter: &Filter, selection: &Arc<Selection>) {
        self.0.retain(|(known, _)| known != filter);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((filter.clone(), Arc::clone(selection)));
    }
}
