//! A schedule: who does what, and where each is stopped. It is a number, so that a failure can be repeated from it.

use lookalike_core::StoreErrorKind;
use lookalike_test_support::memory::Fate;

use super::actors::Actor;
use super::process::NEVER;
use super::templates::TEMPLATES;

/// What happens to the first process once the others ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// It goes on.
    Resumes,
    /// It slept for longer than leases and safe ages, while the others worked, and goes on.
    WakesLate,
    /// It never goes on.
    Dies,
}

/// Three processes at most: the first is stopped, the second runs to its end or is stopped, the third runs to its end;
/// then the first and the second go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// The state of the cloud at the beginning.
    pub(crate) template: usize,
    pub(crate) first: Actor,
    /// The call at which the first process is stopped.
    pub(crate) first_stop: usize,
    /// What becomes of that call.
    pub(crate) fate: Fate,
    pub(crate) second: Actor,
    /// The call at which the second process is stopped; [`NEVER`] if it runs to its end.
    pub(crate) second_stop: usize,
    pub(crate) third: Option<Actor>,
    pub(crate) ending: Ending,
    /// True if a late write lands before the first process goes on, otherwise it does after all others.
    pub(crate) lands_early: bool,
    /// Decides durations, random numbers and wrong clocks.
    pub(crate) chance: u64,
}

const FATES: [Fate; 4] = [
    Fate::Done,
    Fate::Unanswered,
    Fate::Late,
    Fate::Refused(StoreErrorKind::Unavailable),
];
const ENDINGS: [Ending; 3] = [Ending::Resumes, Ending::WakesLate, Ending::Dies];
/// More calls than any process makes.
const MAX_CALLS: usize = 256;
const CHANCES: u64 = 1 << 24;

/// Takes and puts parts of a number.
struct Digits(u64);

impl Digits {
    fn take(&mut self, base: usize) -> usize {
        let digit = self.0 % base as u64;
        self.0 /= base as u64;
        digit as usize
    }
}

impl Schedule {
    /// Returns the schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut digits = Digits(seed);
        let template = digits.take(TEMPLATES);
        let first = Actor::ALL[digits.take(Actor::ALL.len())];
        let first_stop = digits.take(MAX_CALLS);
        let fate = FATES[digits.take(FATES.len())];
        let second = Actor::ALL[digits.take(Actor::ALL.len())];
        let second_stop = match digits.take(MAX_CALLS) {
            0 => NEVER,
            stop => stop - 1,
        };
        let third = match digits.take(Actor::ALL.len() + 1) {
            0 => None,
            third => Some(Actor::ALL[third - 1]),
        };
        let ending = ENDINGS[digits.take(ENDINGS.len())];
        let lands_early = digits.take(2) == 1;
        Self {
            template,
            first,
            first_stop,
            fate,
            second,
            second_stop,
            third,
            ending,
            lands_early,
            chance: digits.0 % CHANCES,
        }
    }

    /// Returns the seed of this schedule.
    pub(crate) fn seed(&self) -> u64 {
        let of_actor = |actor: Actor| Actor::ALL.iter().position(|a| *a == actor).unwrap();
        let digits = [
            (self.template, TEMPLATES),
            (of_actor(self.first), Actor::ALL.len()),
            (self.first_stop.min(MAX_CALLS - 1), MAX_CALLS),
            (
                FATES.iter().position(|f| *f == self.fate).unwrap(),
                FATES.len(),
            ),
            (of_actor(self.second), Actor::ALL.len()),
            (
                match self.second_stop {
                    NEVER => 0,
                    stop => 1 + stop.min(MAX_CALLS - 2),
                },
                MAX_CALLS,
            ),
            (
                self.third.map_or(0, |actor| 1 + of_actor(actor)),
                Actor::ALL.len() + 1,
            ),
            (
                ENDINGS.iter().position(|e| *e == self.ending).unwrap(),
                ENDINGS.len(),
            ),
            (usize::from(self.lands_early), 2),
        ];
        let chance = self.chance % CHANCES;
        (digits.iter().rev()).fold(chance, |seed, (digit, base)| {
            seed * *base as u64 + *digit as u64
        })
    }
}

#[test]
fn a_seed_is_a_schedule() {
    let mut random = 1;
    for _ in 0..1000 {
        let schedule = Schedule::of(crate::world::mix(&mut random));
        assert_eq!(Schedule::of(schedule.seed()), schedule);
    }
}
