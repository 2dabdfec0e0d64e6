//! The last selections: the pages of a shop repeat the same ones.

use std::sync::Arc;

use super::rows::Selection;
use crate::filter::Filter;

/// Maximum number of selections that are kept. One takes at most two bits for every row.
const MAX_SELECTIONS: usize = 64;

/// The last selections, latest at the end.
#[derive(Debug, Default)]
pub(crate) struct RecentSelections(Vec<(Filter, Arc<Selection>)>);

impl RecentSelections {
    pub(super) fn has(&self, filter: &Filter) -> bool {
        self.0.iter().any(|(known, _)| known == filter)
    }

    pub(super) fn get(&mut self, filter: &Filter) -> Option<Arc<Selection>> {
        let position = self.0.iter().rposition(|(known, _)| known == filter)?;
        self.0[position..].rotate_left(1);
        self.0.last().map(|(_, selection)| Arc::clone(selection))
    }

    pub(super) fn put(&mut self, filter: &Filter, selection: &Arc<Selection>) {
        self.0.retain(|(known, _)| known != filter);
        if self.0.len() == MAX_SELECTIONS {
            self.0.remove(0);
        }
        self.0.push((filter.clone(), Arc::clone(selection)));
    }
}
