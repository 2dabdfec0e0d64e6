//! States of the cloud at the beginning of a schedule.

use std::sync::Arc;

use lookalike_indexing::BaseMigration;
use lookalike_test_support::memory::{EngineSettings, MemoryCloud};
use serde_json::json;

use super::actors::{migrate, move_base};
use super::clock::VirtualClock;
use super::simulation::in_virtual_time;
use crate::world::{LAG, World, long, settings};

/// Number of states.
pub(crate) const TEMPLATES: usize = 6;
/// Products that no process changes: every search finds them.
pub(crate) const STEADY: usize = 6;
/// Images that processes change.
const RESTLESS: usize = 8;
/// 2026-01-01, in milliseconds since 1970.
pub(crate) const BEGINNING: u64 = 1_767_225_600_000;

/// A state of the cloud.
pub(crate) struct Template {
    pub(crate) cloud: Arc<MemoryCloud>,
    /// The time at which it was reached, in milliseconds since 1970.
    pub(crate) time: u64,
    /// True if an index was published.
    pub(crate) is_published: bool,
}

impl Template {
    /// Makes all states.
    pub(crate) fn all() -> Vec<Self> {
        (0..TEMPLATES).map(Self::make).collect()
    }

    fn make(number: usize) -> Self {
        in_virtual_time(async move {
            let clock = VirtualClock::at(BEGINNING);
            let world = World::over(MemoryCloud::with_clock(clock.clone()), 1);
            let steady = (0..STEADY).map(|n| format!("steady-{n}"));
            let names: Vec<String> = steady
                .chain((0..RESTLESS).map(|n| format!("w-{n}")))
                .collect();
            for name in &names {
                world.put(&format!("catalog/{name}.jpg"), name);
                world.put_metadata(name, json!({"price": 1, "brand": "b"}));
            }
            let keys: Vec<String> = names
                .iter()
                .map(|name| format!("catalog/{name}.jpg"))
                .collect();
            world.cloud.set_engine(EngineSettings {
                write_lag: LAG,
                ..EngineSettings::default()
            });
            match number {
                // A base with some deltas, so many that they are merged next.
                0 => {
                    index_in(&world, &keys, 5, true).await;
                    let later: Vec<String> =
                        (0..3).map(|n| format!("catalog/later-{n}.jpg")).collect();
                    later.iter().for_each(|key| drop(world.put(key, key)));
                    index_in(&world, &later, 1, false).await;
                    leave_remains(&world, &clock).await;
                }
                // An index of another encoder is half built.
                1 => {
                    index_in(&world, &keys, 5, false).await;
                    let indexer = World::over(world.cloud.clone(), 2).indexer();
                    indexer.begin_building(long()).await.unwrap();
                    let half = indexer.coverage().await.unwrap().missing;
                    indexer
                        .index_keys(&half[..half.len() / 2], long())
                        .await
                        .unwrap();
                }
                // The encoder was changed, and the index before is kept.
                2 => {
                    index_in(&world, &keys, 5, true).await;
                    migrate(&world).await.unwrap();
                    clock.jump(3 * settings().safe_age);
                }
                // Nothing is published, and every event waits.
                3 => {}
                // The base is in an engine, and deltas wait that may be written to it.
                4 => {
                    index_in(&world, &keys[..10], 5, true).await;
                    fill_base(&world).await;
                    clock.jump(LAG);
                    move_base(&world).await.unwrap();
                    index_in(&world, &keys[10..], 2, false).await;
                    clock.jump(3 * settings().safe_age);
                }
                // The base is in an engine, and its segment is kept.
                _ => {
                    index_in(&world, &keys, 5, true).await;
                    fill_base(&world).await;
                    clock.jump(LAG);
                    let indexer = world.indexer();
                    let migration = BaseMigration::new(&indexer, world.cloud.clone());
                    migration.switch(long()).await.unwrap();
                    clock.jump(3 * settings().safe_age);
                }
            }
            Self {
                is_published: world.cloud.manifest().is_some(),
                time: lookalike_core::Host::now(&*clock),
                cloud: world.cloud,
            }
        })
    }
}

/// Indexes keys in batches, and rebuilds the base if wanted.
async fn index_in(world: &World, keys: &[String], batch: usize, rebuilt: bool) {
    let indexer = world.indexer();
    for batch in keys.chunks(batch) {
        indexer.index_keys(batch, long()).await.unwrap();
    }
    if rebuilt {
        indexer.rebuild(long()).await.unwrap();
    }
}

/// Copies the base segment into a vector base.
async fn fill_base(world: &World) {
    let indexer = world.indexer();
    let migration = BaseMigration::new(&indexer, world.cloud.clone());
    migration.begin(None, long()).await.unwrap();
    migration.fill(|_, _| ()).await.unwrap();
}

/// Leaves a segment that no manifest names, as a writer that died does, and lets it grow old.
async fn leave_remains(world: &World, clock: &VirtualClock) {
    use lookalike_core::ports::Segments;
    let id = (world.index_ports().host).new_segment_id();
    let content = bytes::Bytes::from_static(b"remains");
    Segments::put(&*world.cloud, id, content).await.unwrap();
    clock.jump(3 * settings().safe_age);
}
