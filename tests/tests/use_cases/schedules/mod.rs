//! Explores schedules: processes that are stopped at any call while others run, calls whose answers are lost, writes
//! that land late, clocks that are wrong, processes that die or sleep for hours.
//!
//! A failure prints the command that repeats it.

mod actors;
mod clock;
mod process;
mod schedule;
mod simulation;
mod templates;
mod watcher;

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lookalike_test_support::memory::Fate;

use self::actors::Actor;
pub(crate) use self::clock::VirtualClock;
pub(crate) use self::process::{Calls, NEVER};
use self::schedule::{Ending, Schedule};
pub(crate) use self::simulation::in_virtual_time;
use self::simulation::{Explored, run};
use self::templates::{TEMPLATES, Template};
use crate::world::mix;

/// Number of schedules, unless `LOOKALIKE_SCHEDULES` says another.
const SCHEDULES: usize = 12_000;

/// Returns the number in an environment variable.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number")),
    )
}

/// Runs a schedule; if anything goes wrong, says how to repeat it.
fn explore(templates: &[Template], schedule: &Schedule) -> Explored {
    let running = || run(&templates[schedule.template], schedule);
    catch_unwind(AssertUnwindSafe(running)).unwrap_or_else(|panic| {
        eprintln!(
            "{schedule:#?}\nrepeat it with: LOOKALIKE_SEED={} cargo test --workspace --test use_cases every_schedule",
            schedule.seed()
        );
        resume_unwind(panic)
    })
}

/// Every pair of processes, the first stopped at each of its calls.
fn every_stop(templates: &[Template]) -> Vec<Schedule> {
    let mut all = Vec::new();
    for template in 0..TEMPLATES {
        for first in Actor::ALL {
            let alone = Schedule {
                template,
                first,
                first_stop: NEVER,
                fate: Fate::Done,
                second: Actor::Search,
                second_stop: NEVER,
                third: None,
                ending: Ending::Resumes,
                lands_early: false,
                chance: 0,
            };
            let calls = explore(templates, &alone).traces[0].len();
            for second in Actor::ALL {
                all.extend((0..calls).map(|first_stop| Schedule {
                    first_stop,
                    second,
                    ..alone
                }));
            }
        }
    }
    all
}

/// Moves all elements to random places.
fn shuffle<T>(all: &mut [T], random: &mut u64) {
    for place in (1..all.len()).rev() {
        all.swap(place, mix(random) as usize % (place + 1));
    }
}

/// A schedule of up to three processes, with a stop that is likely to be one.
fn random_schedule(random: &mut u64) -> Schedule {
    let mut schedule = Schedule::of(mix(random));
    // Most processes make some tens of calls.
    let stop = |random: &mut u64| mix(random) as usize % (4 << (mix(random) % 5));
    schedule.first_stop = stop(random);
    if mix(random).is_multiple_of(2) {
        schedule.second_stop = stop(random);
    }
    schedule
}

/// What was explored.
#[derive(Default)]
struct Tally {
    distinct: HashSet<u64>,
    calls: BTreeMap<&'static str, u64>,
    /// Schedules by what went wrong.
    faults: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, explored: &Explored) {
        let schedule = explored.schedule;
        self.distinct.insert(
            Schedule {
                chance: 0,
                ..schedule
            }
            .seed(),
        );
        explored
            .traces
            .iter()
            .flatten()
            .for_each(|call| *self.calls.entry(call).or_default() += 1);
        if schedule.first_stop == NEVER {
            return;
        }
        for fault in [
            format!("{:?}", schedule.ending),
            format!("{:?}", schedule.fate),
        ] {
            *self.faults.entry(fault).or_default() += 1;
        }
    }
}

#[test]
fn every_schedule_loses_mixes_and_doubles_nothing() {
    let templates = Template::all();
    let schedules = match number("LOOKALIKE_SEED") {
        Some(seed) => vec![Schedule::of(seed)],
        None => {
            let wanted = number("LOOKALIKE_SCHEDULES").map_or(SCHEDULES, |wanted| wanted as usize);
            let mut random = 1;
            let mut all = every_stop(&templates);
            shuffle(&mut all, &mut random);
            // Those of few schedules are half pairs and half at random.
            all.truncate(wanted.div_ceil(2));
            all.extend((all.len()..wanted).map(|_| random_schedule(&mut random)));
            all
        }
    };
    let begun = std::time::Instant::now();
    // A long run goes on, so that it need not be repeated for each failure.
    let enough = schedules.len().div_ceil(SCHEDULES);
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            threads.spawn(|| {
                while let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let exploring = || explore(&templates, schedule);
                    match catch_unwind(AssertUnwindSafe(exploring)) {
                        Ok(explored) => tally.lock().unwrap().add(&explored),
                        Err(panic) => {
                            if failed.fetch_add(1, Ordering::SeqCst) + 1 >= enough {
                                next.store(schedules.len(), Ordering::SeqCst);
                                resume_unwind(panic);
                            }
                        }
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "schedules that failed, of {}", schedules.len());
    println!(
        "{} schedules, {} distinct, {} calls in {:.0} s; first processes that were stopped: {:?}",
        schedules.len(),
        tally.distinct.len(),
        tally.calls.values().sum::<u64>(),
        begun.elapsed().as_secs_f64(),
        tally.faults
    );
}

#[test]
fn a_seed_repeats_every_call() {
    let templates = Template::all();
    let mut random = 7;
    for _ in 0..100 {
        let schedule = random_schedule(&mut random);
        let template = &templates[schedule.template];
        let (once, again) = (run(template, &schedule), run(template, &schedule));
        assert_eq!(once.traces, again.traces, "seed {}", schedule.seed());
    }
}
