//! The actions that are possible in a state, and what must always hold.

use stateright::{Model, Property};

use crate::set::Set;
use crate::state::{Collector, Left, MAX_SEGMENTS, State, Writer};

/// A run of the protocol: how many processes there are, and how much goes wrong.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Batches, each with an edit of its own.
    pub batches: u8,
    /// Rebuilds of the base.
    pub rebuilds: u8,
    /// Garbage collectors.
    pub collectors: u8,
    /// True if there is a reader.
    pub has_reader: bool,
    /// Events that happen at most so often.
    pub left: Left,
    /// No state with a later generation is looked at.
    pub max_generation: u8,
    /// A deliberate mistake, which the checker must find.
    pub defect: Option<Defect>,
}

/// A mistake in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A collector removes what nothing names without dooming it first.
    CollectWithoutDoom,
    /// A writer does not look whether its segment is fenced off.
    SwapWithoutFence,
    /// A collector drops doomed segments from the list without raising the watermark.
    ForgetWatermark,
    /// A writer uploads a doomed segment again under the same id.
    SameId,
    /// A manifest of an earlier release counts as one that has forgotten nothing.
    TrustEarlierRelease,
    /// A rollback brings the lists of the earlier generation back.
    RestoreLists,
    /// A collector dooms segments that were replaced lately.
    DoomRetired,
    /// A rebuild publishes its base without the lease.
    IgnoreLease,
    /// The manifest is replaced whatever is there.
    SwapBlindly,
}

/// A step of one process. A number says which writer or collector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A rebuild takes the lease, which has run out if another one holds it.
    TakeLease(u8),
    /// A writer reads the manifest, and gives its segment up if it is fenced off.
    Read(u8),
    /// A writer begins to upload its segment.
    Upload(u8),
    /// An upload arrives; `true` if it will arrive once more.
    Land(u8, bool),
    /// A writer replaces the manifest by conditional write.
    Swap(u8),
    /// The same, but the answer is lost, and the write arrives later, if at all.
    SwapWithoutAnswer(u8),
    /// A write without an answer arrives.
    LandSwap(u8),
    /// A writer ends, and its events are delivered again.
    Crash(u8),
    /// A collector lists the segments.
    List(u8),
    /// A collector reads the manifest.
    View(u8),
    /// A collector dooms a segment by conditional write.
    Doom(u8, u8),
    /// A collector removes a doomed segment.
    Remove(u8, u8),
    /// A collector drops the segments that it removed from the list by conditional write.
    Drop(u8),
    /// Whatever was replaced is old by now, and no reader of it is left.
    SafeAgePasses,
    /// A reader reads the manifest.
    StartReading,
    /// An earlier release publishes, and drops the fields that it does not know.
    EarlierRelease,
    /// An operator checks the kept generation.
    CheckRollback,
    /// The kept generation is published again.
    SwapRollback,
}

impl Protocol {
    /// True if this is the protocol with that mistake.
    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// True if the writer of that number rebuilds the base.
    pub(crate) fn is_rebuild(&self, writer: u8) -> bool {
        writer >= self.batches
    }

    fn writer_actions(&self, state: &State, number: u8, actions: &mut Vec<Action>) {
        let writer = &state.writers[usize::from(number)];
        if writer.pending.is_some() {
            actions.push(Action::LandSwap(number));
        }
        if writer.is_done {
            return;
        }
        if self.is_rebuild(number) && writer.made_of.is_none() {
            if state.manifest.lease != Some(number) && !state.manifest.named.is_empty() {
                actions.push(Action::TakeLease(number));
            }
            return;
        }
        if writer.view.is_none() {
            actions.push(Action::Read(number));
        }
        if state.left.crashes > 0 && !self.is_rebuild(number) && !writer.mine.is_empty() {
            actions.push(Action::Crash(number));
        }
        match (writer.view, writer.segment) {
            (Some(_), None) if usize::from(state.next) < MAX_SEGMENTS => {
                actions.push(Action::Upload(number));
            }
            (Some(_), Some((id, _))) if state.answered.has(id) => {
                actions.push(Action::Swap(number));
                if state.left.lost_answers > 0 && writer.pending.is_none() {
                    actions.push(Action::SwapWithoutAnswer(number));
                }
            }
            _ => {}
        }
    }

    fn collector_actions(&self, state: &State, number: u8, actions: &mut Vec<Action>) {
        let collector = &state.collectors[usize::from(number)];
        let Some((_, _, doomed)) = collector.view else {
            actions.push(match collector.listed {
                None => Action::List(number),
                Some(_) => Action::View(number),
            });
            return;
        };
        // Its run has ended, or it crashed.
        actions.push(Action::List(number));
        let garbage = self.garbage(state, collector);
        actions.extend(garbage.numbers().map(|id| Action::Doom(number, id)));
        let removable = match self.has(Defect::CollectWithoutDoom) {
            true => garbage,
            false => doomed,
        };
        let removable = removable.without(collector.removed).numbers();
        actions.extend(removable.map(|id| Action::Remove(number, id)));
        if !collector.removed.is_empty() {
            actions.push(Action::Drop(number));
        }
    }

    /// The segments that a collector may doom, as far as it knows.
    fn garbage(&self, state: &State, collector: &Collector) -> Set {
        let (Some(listed), Some((_, named, doomed))) = (collector.listed, collector.view) else {
            return Set::default();
        };
        let kept = state.kept.as_ref().map(|kept| kept.named);
        let lately = state.manifest.retired.and(kept.unwrap_or_default());
        let needed = match self.has(Defect::DoomRetired) {
            true => named,
            false => named.and(lately),
        };
        listed.without(needed.and(doomed).and(collector.removed))
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let writers = usize::from(self.batches + self.rebuilds);
        let mut state = State {
            writers: vec![Writer::default(); writers],
            collectors: vec![Collector::default(); usize::from(self.collectors)],
            left: self.left.clone(),
            ..State::default()
        };
        state.manifest.forgotten = Some(0);
        // An index with one segment, whose edit no batch makes.
        state.edits[0] = Set::of(15);
        (state.stored, state.next) = (Set::of(0), 1);
        state.publish(Set::of(0));
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        (0..self.batches + self.rebuilds).for_each(|w| self.writer_actions(state, w, actions));
        (0..self.collectors).for_each(|c| self.collector_actions(state, c, actions));
        for id in state.in_flight.numbers() {
            actions.push(Action::Land(id, false));
            if state.left.echoes > 0 {
                actions.push(Action::Land(id, true));
            }
        }
        if state.left.ages > 0 {
            actions.push(Action::SafeAgePasses);
        }
        if self.has_reader && state.reader != Some(state.manifest.named) {
            actions.push(Action::StartReading);
        }
        if state.left.earlier_releases > 0 {
            actions.push(Action::EarlierRelease);
        }
        if state.rollback.is_some() {
            actions.push(Action::SwapRollback);
        } else if state.left.rollbacks > 0 && state.kept.is_some() {
            actions.push(Action::CheckRollback);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.carry_out(&mut state, action);
        (state != *last).then_some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.manifest.generation <= self.max_generation
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every named segment is there", |_, state: &State| {
                state.manifest.named.is_in(state.stored)
            }),
            Property::always("no published edit is lost", |_, state: &State| {
                state.published.is_in(state.edits_of(state.manifest.named))
            }),
            Property::always("a lease has one effect", |_, state: &State| {
                state.effects <= 1
            }),
            Property::always("readers find their segments", |_, state: &State| {
                state.reader.is_none_or(|needed| needed.is_in(state.stored))
            }),
            Property::sometimes("everything is published", |_, state: &State| {
                state.writers.iter().all(|writer| writer.is_done)
            }),
            Property::sometimes("doomed segments are dropped", |_, state: &State| {
                state.manifest.forgotten > Some(1)
            }),
            Property::sometimes("a segment is uploaded again", |_, state: &State| {
                let gave_up = |w: &Writer| w.segment.is_some_and(|(id, _)| Set::of(id) != w.mine);
                state.writers.iter().any(gave_up)
            }),
        ]
    }
}
