//! The effect of each action.

use crate::model::{Action, Defect, Protocol};
use crate::set::Set;
use crate::state::{Kept, State, Writer};

impl Protocol {
    /// Carries an action out. A conditional write that fails changes no manifest.
    pub(crate) fn carry_out(&self, state: &mut State, action: Action) {
        match action {
            Action::TakeLease(writer) => take_lease(state, writer),
            Action::Read(writer) => self.read(state, writer),
            Action::Upload(writer) => self.upload(state, writer),
            Action::Land(id, again) => land(state, id, again),
            Action::Swap(writer) => self.swap(state, writer),
            Action::SwapWithoutAnswer(writer) => {
                state.left.lost_answers -= 1;
                let writer = &mut state.writers[usize::from(writer)];
                writer.pending = writer.view.take().zip(writer.segment.map(|(id, _)| id));
            }
            Action::LandSwap(writer) => {
                let pending = state.writers[usize::from(writer)].pending.take();
                if let Some((view, id)) = pending {
                    self.replace(state, writer, view, id);
                }
            }
            Action::Crash(writer) => {
                state.left.crashes -= 1;
                let writer = &mut state.writers[usize::from(writer)];
                let pending = writer.pending;
                *writer = Writer {
                    pending,
                    ..Writer::default()
                };
            }
            Action::List(_)
            | Action::View(_)
            | Action::Doom(..)
            | Action::Remove(..)
            | Action::Drop(_) => self.collect(state, action),
            Action::SafeAgePasses => {
                state.left.ages -= 1;
                state.manifest.retired = Set::default();
                (state.kept, state.reader) = (None, None);
            }
            Action::StartReading => state.reader = Some(state.manifest.named),
            Action::EarlierRelease => {
                state.left.earlier_releases -= 1;
                state.publish(state.manifest.named);
                state.manifest.doomed.clear();
                state.manifest.forgotten = match self.has(Defect::TrustEarlierRelease) {
                    true => Some(0),
                    false => None,
                };
            }
            Action::CheckRollback => check_rollback(state),
            Action::SwapRollback => self.swap_rollback(state),
        }
    }

    /// A commit reads the manifest: it may find that an earlier write has arrived, or that its work is done.
    fn read(&self, state: &mut State, number: u8) {
        let is_rebuild = self.is_rebuild(number);
        let manifest = &state.manifest;
        let edits = state.edits_of(manifest.named);
        let writer = &mut state.writers[usize::from(number)];
        let is_named = !writer
            .mine
            .without(writer.mine.without(manifest.named))
            .is_empty();
        if is_named || !is_rebuild && edits.has(number) {
            writer.is_done = true;
            return;
        }
        if let Some((id, read)) = writer.segment {
            let is_forgotten = manifest.forgotten_generation() >= read;
            let is_fenced = manifest.doomed_set().has(id) || is_forgotten;
            if is_fenced && !self.has(Defect::SwapWithoutFence) {
                writer.segment = None;
            }
        }
        writer.view = Some(manifest.generation);
    }

    fn upload(&self, state: &mut State, number: u8) {
        let rebuilt = state.writers[usize::from(number)].made_of;
        let edits = rebuilt.map_or(Set::of(number), |(_, edits)| edits);
        let writer = &mut state.writers[usize::from(number)];
        let Some(read) = writer.view else { return };
        let earlier = writer.mine.numbers().last();
        let id = match earlier.filter(|_| self.has(Defect::SameId)) {
            Some(id) => id,
            None => {
                state.next += 1;
                state.next - 1
            }
        };
        writer.segment = Some((id, read));
        writer.mine = writer.mine.and(Set::of(id));
        state.edits[usize::from(id)] = edits;
        state.in_flight = state.in_flight.and(Set::of(id));
        state.answered = state.answered.without(Set::of(id));
    }

    fn swap(&self, state: &mut State, number: u8) {
        let writer = &mut state.writers[usize::from(number)];
        let (Some(view), Some((id, _))) = (writer.view.take(), writer.segment) else {
            return;
        };
        if self.replace(state, number, view, id) {
            state.writers[usize::from(number)].is_done = true;
        }
    }

    /// Replaces the manifest that was read in generation `view` by one with the segment. Returns false after a conflict.
    fn replace(&self, state: &mut State, number: u8, view: u8, id: u8) -> bool {
        if view != state.manifest.generation && !self.has(Defect::SwapBlindly) {
            return false;
        }
        let named = state.manifest.named;
        let Some((replaced, _)) = state.writers[usize::from(number)].made_of else {
            // A blind write knows nothing of what was published since.
            let base = if view == state.manifest.generation {
                named
            } else {
                Set::of(0)
            };
            state.publish(base.and(Set::of(id)));
            return true;
        };
        if state.manifest.lease != Some(number) && !self.has(Defect::IgnoreLease) {
            return true;
        }
        state.publish(named.without(replaced).and(Set::of(id)));
        state.manifest.lease = None;
        state.effects += 1;
        true
    }

    fn swap_rollback(&self, state: &mut State) {
        let Some((view, kept)) = state.rollback.take() else {
            return;
        };
        if view != state.manifest.generation {
            return;
        }
        state.publish(kept.named);
        state.published = kept.edits;
        state.manifest.lease = None;
        if self.has(Defect::RestoreLists) {
            (state.manifest.doomed, state.manifest.forgotten) = (kept.doomed, kept.forgotten);
        }
    }

    fn collect(&self, state: &mut State, action: Action) {
        let (stored, manifest) = (state.stored, state.manifest.clone());
        let (Action::List(number)
        | Action::View(number)
        | Action::Doom(number, _)
        | Action::Remove(number, _)
        | Action::Drop(number)) = action
        else {
            return;
        };
        let collector = &mut state.collectors[usize::from(number)];
        let is_current = collector
            .view
            .is_some_and(|view| view.0 == manifest.generation);
        match action {
            Action::List(_) => {
                *collector = Default::default();
                collector.listed = Some(stored);
            }
            Action::View(_) => {
                let doomed = manifest.doomed_set();
                collector.view = Some((manifest.generation, manifest.named, doomed));
            }
            Action::Remove(_, id) => {
                collector.removed = collector.removed.and(Set::of(id));
                state.stored = state.stored.without(Set::of(id));
            }
            Action::Doom(_, id) if is_current => {
                *collector = Default::default();
                state.publish(manifest.named);
                state.manifest.doomed.push((id, state.manifest.generation));
            }
            Action::Drop(_) if is_current => {
                let removed = collector.removed;
                *collector = Default::default();
                state.publish(manifest.named);
                self.drop_removed(state, removed);
            }
            _ => collector.view = None,
        }
    }

    fn drop_removed(&self, state: &mut State, removed: Set) {
        let manifest = &mut state.manifest;
        let (dropped, left): (Vec<_>, Vec<_>) =
            (manifest.doomed.drain(..)).partition(|(id, _)| removed.has(*id));
        manifest.doomed = left;
        let highest = dropped.iter().map(|(_, generation)| *generation).max();
        if !self.has(Defect::ForgetWatermark) {
            manifest.forgotten = manifest.forgotten.max(highest);
        }
    }
}

fn take_lease(state: &mut State, number: u8) {
    state.publish(state.manifest.named);
    state.manifest.lease = Some(number);
    state.effects = 0;
    let named = state.manifest.named;
    let edits = state.edits_of(named);
    state.writers[usize::from(number)].made_of = Some((named, edits));
}

fn land(state: &mut State, id: u8, again: bool) {
    state.stored = state.stored.and(Set::of(id));
    state.answered = state.answered.and(Set::of(id));
    if again {
        state.left.echoes -= 1;
    } else {
        state.in_flight = state.in_flight.without(Set::of(id));
    }
}

/// Refuses a generation with a segment that is doomed or gone.
fn check_rollback(state: &mut State) {
    let kept: Option<Kept> = state.kept.clone();
    let doomed = state.manifest.doomed_set();
    let is_whole = |kept: &Kept| kept.named.is_in(state.stored.without(doomed));
    let Some(kept) = kept.filter(is_whole) else {
        return;
    };
    state.left.rollbacks -= 1;
    state.rollback = Some((state.manifest.generation, kept));
}
