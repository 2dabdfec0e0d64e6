//! Runs a schedule and checks what came of it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookalike_core::Host;
use lookalike_test_support::memory::{Fate, MemoryCloud};
use tokio::task::JoinHandle;

use super::actors::{Actor, index};
use super::clock::{ProcessHost, VirtualClock};
use super::process::{Calls, NEVER};
use super::schedule::{Ending, Schedule};
use super::templates::Template;
use super::watcher::Watcher;
use crate::expectations::{expect_agreement, expect_index_of_bucket, expect_no_stale_records};
use crate::world::{World, long, mix};

/// Longer than a safe age and than any lease.
const HOURS: Duration = Duration::from_secs(3 * 3600);
/// Longer than it takes an engine to show what was written.
const MINUTES: Duration = Duration::from_secs(270);
/// The time by which a clock may be wrong: S3 refuses requests that are signed a quarter of an hour ahead or behind.
const MAX_SKEW: i64 = 14 * 60_000;

/// The place of the process that runs after all others.
const LAST: usize = 0;

/// What a schedule runs in.
pub(crate) struct Simulation {
    pub(crate) cloud: Arc<MemoryCloud>,
    clock: Arc<VirtualClock>,
    /// Keys and products whose events are not done, with the process that has the event: two may have one each.
    events: Mutex<BTreeSet<(String, usize)>>,
    promises_ended: AtomicBool,
    lost_changes: AtomicBool,
    /// Processes that made a base segment of a vector base and have not compared it with the bucket yet.
    unfinished_returns: AtomicUsize,
    /// True if a process of the schedule changes which indexes there are.
    indexes_change: bool,
    /// True if a process of the schedule adds rows without a new generation.
    pub(crate) generations_grow: bool,
}

/// What came of a schedule.
pub(crate) struct Explored {
    /// The schedule without what had no effect: a process that ended was not stopped.
    pub(crate) schedule: Schedule,
    /// The calls of each process, the first one's first.
    pub(crate) traces: Vec<Vec<&'static str>>,
}

/// Runs a future to its end on one thread whose time passes only when nothing else is left to do.
pub(crate) fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // With one thread for blocking work, what is begun first ends first.
    builder
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1);
    let runtime = builder.build().unwrap();
    runtime.block_on(future)
}

impl Simulation {
    /// Lets hours pass at once: a process in the middle of something was asleep.
    pub(crate) fn pass_hours(&self) {
        self.end_promises();
        self.clock.jump(HOURS);
    }

    /// Lets some minutes pass at once, less than for which anything is promised.
    pub(crate) fn pass_minutes(&self) {
        self.clock.jump(MINUTES);
    }

    /// From now on, generations of the past may be gone.
    pub(crate) fn end_promises(&self) {
        self.promises_ended.store(true, Ordering::SeqCst);
    }

    /// True if generations of the past may be gone.
    pub(crate) fn promises_ended(&self) -> bool {
        self.promises_ended.load(Ordering::SeqCst)
    }

    /// True if a process took the index back to where changes are not in it.
    pub(crate) fn lost_changes(&self) -> bool {
        self.lost_changes.load(Ordering::SeqCst)
    }

    /// A process begins to make a base segment of a vector base.
    pub(crate) fn begin_return(&self) {
        self.unfinished_returns.fetch_add(1, Ordering::SeqCst);
    }

    /// The process has queued what the segment lacks.
    pub(crate) fn end_return(&self) {
        self.unfinished_returns.fetch_sub(1, Ordering::SeqCst);
    }

    /// Adds events of changes that have just been made, which the process at this place has.
    pub(crate) fn expect_events(&self, events: &[String], place: usize) {
        let events = events.iter().map(|event| (event.clone(), place));
        self.events.lock().unwrap().extend(events);
    }

    /// Drops events that the process at this place acknowledged.
    pub(crate) fn events_done<'a>(&self, events: impl Iterator<Item = &'a String>, place: usize) {
        let mut waiting = self.events.lock().unwrap();
        events.for_each(|event| {
            waiting.remove(&(event.clone(), place));
        });
    }

    /// Returns the events that are not done, as they are delivered again: all to one process.
    fn redelivered(&self) -> Vec<String> {
        let mut waiting = self.events.lock().unwrap();
        let events = std::mem::take(&mut *waiting).into_iter();
        let events: BTreeSet<String> = events.map(|(event, _)| event).collect();
        waiting.extend(events.iter().map(|event| (event.clone(), LAST)));
        events.into_iter().collect()
    }

    fn start(
        self: &Arc<Self>,
        actor: Actor,
        place: usize,
        calls: Arc<Calls>,
        chance: u64,
    ) -> Process {
        if actor.loses_changes() {
            self.lost_changes.store(true, Ordering::SeqCst);
        }
        let mut random = chance ^ ((place as u64) << 40);
        let ahead = match mix(&mut random) % 3 {
            0 => mix(&mut random) as i64 % MAX_SKEW,
            _ => 0,
        };
        let host = ProcessHost::new(Arc::clone(&self.clock), ahead, mix(&mut random));
        let cloud = self.cloud.connect(host);
        cloud.set_gate(calls.clone());
        let simulation = Arc::clone(self);
        let task =
            tokio::spawn(async move { actor.act(World::over(cloud, 1), &simulation, place).await });
        Process {
            actor,
            may_fail: self.indexes_change || calls.has_fault(),
            calls,
            task,
        }
    }

    /// Delivers events until all are done, then checks everything.
    async fn settle(&self, schedule: &Schedule) {
        let seed = schedule.seed();
        let world = World::over(self.cloud.clone(), 1);
        for round in 0.. {
            let waiting = self.redelivered();
            if waiting.is_empty() {
                break;
            }
            assert!(round < 20, "events do not come to an end: {waiting:?}");
            index(&world, self, waiting, LAST).await.unwrap();
        }
        if self.lost_changes() {
            let indexer = world.indexer();
            let missed = indexer.missed_changes(long()).await.unwrap();
            indexer.index_keys(&missed, long()).await.unwrap();
            indexer.heal_attributes(long()).await.unwrap();
        }
        if self.cloud.manifest().is_none() {
            return;
        }
        if self.generations_grow {
            world.indexer().recount(long()).await.unwrap();
        }
        expect_agreement(&world, seed).await;
        expect_index_of_bucket(&world, seed).await;
        // An index that was taken back does not know the product that an image had.
        if !self.lost_changes() {
            expect_no_stale_records(&world, seed);
        }
        // Whatever was left over is removed in time, and nothing else.
        for _ in 0..4 {
            self.clock.jump(HOURS);
            world.indexer().collect_garbage().await.unwrap();
        }
        let named: BTreeSet<_> = world.segment_ids();
        let stored: BTreeSet<_> = self.cloud.segments().into_keys().collect();
        assert_eq!(stored, named, "segments after garbage collection");
        world.verify().await;
    }
}

/// A running process.
struct Process {
    actor: Actor,
    /// True if a fault, or what others do to its index, may keep it from coming to its end.
    may_fail: bool,
    calls: Arc<Calls>,
    task: JoinHandle<Result<(), String>>,
}

impl Process {
    /// Runs until it ends or stops. True if it ended.
    async fn run(&mut self) -> bool {
        tokio::select! {
            biased;
            done = &mut self.task => {
                self.expect_end(done);
                true
            }
            () = self.calls.stopped() => false,
        }
    }

    fn expect_end(&self, done: Result<Result<(), String>, tokio::task::JoinError>) {
        let done = done.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()));
        if let Err(reason) = done
            && !self.may_fail
        {
            panic!("{:?} fails: {reason}", self.actor);
        }
    }
}

/// Runs a schedule in a copy of its template.
///
/// # Panics
/// If anything is wrong at any moment.
pub(crate) fn run(template: &Template, schedule: &Schedule) -> Explored {
    in_virtual_time(async {
        let clock = VirtualClock::at(template.time);
        let actors = [Some(schedule.first), Some(schedule.second), schedule.third];
        let simulation = Arc::new(Simulation {
            cloud: template.cloud.copy(clock.clone() as Arc<dyn Host>),
            clock,
            events: Mutex::default(),
            promises_ended: AtomicBool::new(false),
            lost_changes: AtomicBool::new(false),
            unfinished_returns: AtomicUsize::new(0),
            indexes_change: actors.into_iter().flatten().any(Actor::changes_indexes),
            generations_grow: actors.into_iter().flatten().any(Actor::adds_to_generations),
        });
        if !template.is_published {
            let keys: Vec<String> = simulation.cloud.image_versions().into_keys().collect();
            simulation.expect_events(&keys, LAST);
        }
        let mut watcher = Watcher::new(&simulation, template.is_published).await;

        let mut random = schedule.chance;
        let calls = Calls::new(schedule.first_stop, schedule.fate, mix(&mut random));
        let mut first = simulation.start(schedule.first, 1, calls, schedule.chance);
        let mut first_ended = first.run().await;
        let first_stopped = !first_ended;
        watcher.look(&simulation).await;
        if !first_ended && schedule.ending == Ending::WakesLate {
            simulation.pass_hours();
        }
        let calls = Calls::new(schedule.second_stop, Fate::Done, mix(&mut random));
        let mut second = simulation.start(schedule.second, 2, calls, schedule.chance);
        let second_ended = second.run().await;
        watcher.look(&simulation).await;
        let mut explored = *schedule;
        let mut traces = vec![];
        if let Some(third) = schedule.third {
            let calls = Calls::new(NEVER, Fate::Done, mix(&mut random));
            let mut third = simulation.start(third, 3, calls, schedule.chance);
            assert!(third.run().await);
            watcher.look(&simulation).await;
            traces.push(third.calls.trace());
        }
        let mut landed = 0;
        if schedule.lands_early {
            landed += simulation.cloud.land();
        }
        if !first_ended && schedule.ending == Ending::Dies {
            first.task.abort();
            first_ended = true;
        }
        if !first_ended {
            first.calls.resume();
            let done = (&mut first.task).await;
            first.expect_end(done);
            watcher.look(&simulation).await;
        }
        if !second_ended {
            second.calls.resume();
            let done = (&mut second.task).await;
            second.expect_end(done);
            watcher.look(&simulation).await;
        }
        landed += simulation.cloud.land();
        watcher.look(&simulation).await;
        let late_call = first.calls.trace().get(schedule.first_stop).copied();
        if landed > 0 && matches!(late_call, Some("put records" | "remove record")) {
            // It replaced what others had recorded since, which the daily run corrects.
            simulation.lost_changes.store(true, Ordering::SeqCst);
        }
        if simulation.generations_grow && simulation.unfinished_returns.load(Ordering::SeqCst) > 0 {
            // What a backfill wrote meanwhile is found by the daily run.
            simulation.lost_changes.store(true, Ordering::SeqCst);
        }
        simulation.settle(schedule).await;
        if !first_stopped {
            explored.first_stop = NEVER;
            explored.fate = Fate::Done;
            explored.ending = Ending::Resumes;
        }
        if second_ended {
            explored.second_stop = NEVER;
        }
        explored.lands_early &= explored.fate == Fate::Late;
        traces.insert(0, second.calls.trace());
        traces.insert(0, first.calls.trace());
        Explored {
            schedule: explored,
            traces,
        }
    })
}
