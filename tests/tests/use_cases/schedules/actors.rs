//! What a process does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use lookalike_core::{Role, is_catalog_key};
use lookalike_index::CompactionPolicy;
use lookalike_indexing::{BaseMigration, IndexSettings, Outcome};
use lookalike_search::{SearchError, SearchOptions};
use serde_json::json;

use super::simulation::Simulation;
use crate::convergence::impatient_collector;
use crate::world::{LAG, World, bytes, everything, long, settings};

/// An image that no index has at the beginning.
const LATE: &str = "catalog/late.jpg";

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Actor {
    /// Indexes images that changed.
    Write,
    /// Updates the rows of products that changed.
    WriteProducts,
    /// Merges deltas and rebuilds the base, when due.
    Maintain,
    /// Rebuilds the base.
    Rebuild,
    /// Builds an index of another encoder and switches to it.
    Migrate,
    /// Switches to the encoder before.
    SwitchBack,
    /// Drops a standby index.
    GiveUp,
    /// Publishes the generation before again.
    RollBack,
    /// Starts the index over.
    StartOver,
    /// Collects garbage, twice, with hours in between.
    Collect,
    /// Collects garbage however young it is, twice.
    CollectAtOnce,
    /// Changes the base segment for a vector base.
    MoveBase,
    /// Takes the base segment back.
    MoveBack,
    /// Makes a base segment of the vector base.
    Return,
    /// Writes deltas to the vector base, and drops them.
    Drain,
    /// Indexes images that the index lacks straight into the vector base.
    Backfill,
    /// Indexes what differs from bucket and table, as the daily run does.
    Heal,
    /// Searches and pages, in a process that has just started.
    Search,
}

impl Actor {
    pub(crate) const ALL: [Self; 18] = [
        Self::Write,
        Self::WriteProducts,
        Self::Maintain,
        Self::Rebuild,
        Self::Migrate,
        Self::SwitchBack,
        Self::GiveUp,
        Self::RollBack,
        Self::StartOver,
        Self::Collect,
        Self::CollectAtOnce,
        Self::MoveBase,
        Self::MoveBack,
        Self::Return,
        Self::Drain,
        Self::Backfill,
        Self::Heal,
        Self::Search,
    ];

    /// True if it takes the index back, so that only a comparison with the bucket makes it right again.
    pub(crate) fn loses_changes(self) -> bool {
        matches!(self, Self::RollBack | Self::StartOver)
    }

    /// True if it changes which indexes there are, so that others may find theirs gone and are tried again.
    pub(crate) fn changes_indexes(self) -> bool {
        let of_encoder = matches!(self, Self::Migrate | Self::SwitchBack | Self::GiveUp);
        let of_base = matches!(self, Self::MoveBase | Self::MoveBack | Self::Return);
        of_encoder || of_base || self.loses_changes()
    }

    /// True if it adds rows without a new generation.
    pub(crate) fn adds_to_generations(self) -> bool {
        self == Self::Backfill
    }

    /// Acts as a process with this connection; `place` tells apart two that do the same.
    ///
    /// # Errors
    /// The reason why it did not come to an end.
    pub(crate) async fn act(
        self,
        world: World,
        simulation: &Simulation,
        place: usize,
    ) -> Result<(), String> {
        let indexer = world.indexer();
        match self {
            Self::Write => {
                let events = change_images(&world, place);
                simulation.expect_events(&events, place);
                index(&world, simulation, events, place).await
            }
            Self::WriteProducts => {
                let events = change_products(&world, place);
                simulation.expect_events(&events, place);
                index(&world, simulation, events, place).await
            }
            Self::Maintain => done(indexer.maintain(long()).await),
            Self::Rebuild => done(indexer.rebuild(long()).await),
            Self::Migrate => migrate(&world).await,
            Self::SwitchBack => done(indexer.switch(Role::Previous, &[], long()).await),
            Self::GiveUp => {
                for role in [Role::Previous, Role::Building] {
                    if indexer.give_up(role, long()).await.is_ok() {
                        break;
                    }
                }
                Ok(())
            }
            Self::RollBack => {
                let generation = world.cloud.manifest().map(|_| world.manifest().generation);
                let before = generation.unwrap_or_default().saturating_sub(1);
                done(indexer.roll_back(before).await)
            }
            Self::StartOver => done(indexer.start_over().await),
            Self::Collect => {
                done(indexer.collect_garbage().await)?;
                simulation.pass_hours();
                done(indexer.collect_garbage().await)
            }
            Self::CollectAtOnce => {
                // What is replaced is gone at once, so nothing is promised of it.
                simulation.end_promises();
                let collector = impatient_collector(&world);
                done(collector.collect_garbage().await)?;
                done(collector.collect_garbage().await)
            }
            Self::Heal => {
                let missed = done_with(indexer.missed_changes(long()).await)?;
                index(&world, simulation, missed, place).await?;
                done(indexer.heal_attributes(long()).await)
            }
            Self::MoveBase => move_base(&world).await,
            Self::MoveBack => {
                let migration = BaseMigration::new(&indexer, world.cloud.clone());
                done(migration.give_up(long()).await)?;
                done(migration.remove_unused().await)
            }
            Self::Return => {
                let migration = BaseMigration::new(&indexer, world.cloud.clone());
                simulation.begin_return();
                done(migration.return_to_segments(long(), |_| ()).await)?;
                // What a backfill wrote meanwhile is missing.
                let missed = done_with(indexer.missed_changes(long()).await)?;
                simulation.expect_events(&missed, place);
                simulation.end_return();
                index(&world, simulation, missed, place).await
            }
            Self::Drain => {
                let indexer = world.indexer_with(always_due());
                done(indexer.maintain(long()).await)?;
                simulation.pass_minutes();
                done(indexer.maintain(long()).await)
            }
            Self::Backfill => backfill(&world, simulation, place).await,
            Self::Search => search(&world, simulation).await,
        }
    }
}

fn done<T>(result: Result<T, impl Debug>) -> Result<(), String> {
    done_with(result).map(|_| ())
}

fn done_with<T>(result: Result<T, impl Debug>) -> Result<T, String> {
    result.map_err(|error| format!("{error:?}"))
}

/// Replaces an image that others replace too, adds one, removes one, and puts one that cannot be read where one was.
fn change_images(world: &World, place: usize) -> Vec<String> {
    let put = |key: &str, content: String, product: &str| {
        let metadata = BTreeMap::from([("product-id".to_owned(), product.to_owned())]);
        world.cloud.put_image(key, content, metadata);
    };
    put("catalog/w-0.jpg", format!("content {place}"), "w-0");
    put(
        &format!("catalog/new-{place}.jpg"),
        format!("new {place}"),
        "w-1",
    );
    world.cloud.remove_image(&format!("catalog/w-{place}.jpg"));
    put("catalog/w-4.jpg", format!("bad {place}"), "w-4");
    // It may come by a backfill, and goes or changes.
    match place % 2 {
        0 => put(LATE, format!("late {place}"), "late"),
        _ => world.cloud.remove_image(LATE),
    }
    // It moves to another product.
    put("catalog/w-5.jpg", "w-5".to_owned(), &format!("w-5-{place}"));
    [
        "w-0",
        &format!("new-{place}"),
        &format!("w-{place}"),
        "w-4",
        "w-5",
        "late",
    ]
    .map(|name| format!("catalog/{name}.jpg"))
    .to_vec()
}

fn change_products(world: &World, place: usize) -> Vec<String> {
    world.put_metadata("w-0", json!({"price": place, "brand": "b"}));
    world.put_metadata("steady-1", json!({"price": place}));
    world.put_metadata("late", json!({"price": 10 + place}));
    world.cloud.remove_metadata(&format!("w-{place}"));
    ["w-0", "steady-1", "late", &format!("w-{place}")]
        .map(str::to_owned)
        .to_vec()
}

/// Indexes keys and products, and marks those events of the process at this place as done that need not be delivered
/// again.
pub(crate) async fn index(
    world: &World,
    simulation: &Simulation,
    events: Vec<String>,
    place: usize,
) -> Result<(), String> {
    let indexer = world.indexer();
    let (keys, products): (Vec<String>, Vec<String>) =
        events.into_iter().partition(|event| is_catalog_key(event));
    if !products.is_empty() {
        let report = done_with(indexer.index_products(&products, long()).await)?;
        let again: Vec<&String> = report.retry.iter().map(|(product, _)| product).collect();
        let done = products.iter().filter(|product| !again.contains(product));
        simulation.events_done(done, place);
    }
    if !keys.is_empty() {
        let report = done_with(indexer.index_keys(&keys, long()).await)?;
        let done = report.outcomes.iter();
        let done = done.filter(|(_, outcome)| !matches!(outcome, Outcome::Retry(_)));
        simulation.events_done(done.map(|(key, _)| key), place);
    }
    Ok(())
}

/// Adds an image and indexes what the index lacks. Whatever that leaves to the indexer has an event.
async fn backfill(world: &World, simulation: &Simulation, place: usize) -> Result<(), String> {
    let metadata = BTreeMap::from([("product-id".to_owned(), "late".to_owned())]);
    let content = format!("late {place}");
    world.cloud.put_image(LATE, content, metadata);
    let keys: Vec<String> = world.cloud.image_versions().into_keys().collect();
    simulation.expect_events(&keys, place);
    let report = done_with(world.indexer().backfill(&keys, long()).await)?;
    let again: BTreeSet<&String> = report.retry.iter().map(|(key, _)| key).collect();
    let left: BTreeSet<&String> = report.left.iter().collect();
    let done = keys
        .iter()
        .filter(|key| !again.contains(key) && !left.contains(key));
    simulation.events_done(done, place);
    index(world, simulation, report.left.clone(), place).await
}

/// Every change makes compaction due.
fn always_due() -> IndexSettings {
    let settings = settings();
    IndexSettings {
        policy: CompactionPolicy {
            base_minimum: 1,
            ..settings.policy
        },
        ..settings
    }
}

/// Changes the base segment of the searched index for a vector base, for good.
pub(crate) async fn move_base(world: &World) -> Result<(), String> {
    let indexer = world.indexer();
    let migration = BaseMigration::new(&indexer, world.cloud.clone());
    done(migration.begin(None, long()).await)?;
    done(migration.fill(|_, _| ()).await)?;
    tokio::time::sleep(LAG).await;
    done(migration.switch(long()).await)?;
    done(migration.finish(long()).await)
}

/// Builds an index of the encoder that is not searched, and switches to it.
pub(crate) async fn migrate(world: &World) -> Result<(), String> {
    let searched = world
        .cloud
        .manifest()
        .map(|_| world.manifest().fingerprint.0[0]);
    let other = if searched == Some(2) { 1 } else { 2 };
    let indexer = World::over(world.cloud.clone(), other).indexer();
    done(indexer.begin_building(long()).await)?;
    let coverage = done_with(indexer.coverage().await)?;
    // What neither index has may be in a batch that began before the building index was there.
    let lacking = [coverage.missing, coverage.gone, coverage.neither].concat();
    done(indexer.index_keys(&lacking, long()).await)?;
    done(indexer.switch(Role::Building, &[], long()).await)
}

/// Reads all pages of a search. No product is found twice, and no page is missing.
async fn search(world: &World, simulation: &Simulation) -> Result<(), String> {
    let searcher = world.searcher();
    let mut options = SearchOptions {
        k: 5,
        ..everything()
    };
    let mut found = Vec::new();
    let mut expected = None;
    loop {
        let answer = match searcher
            .search_image(bytes("content 1"), options.clone())
            .await
        {
            // Hours may have passed since the first page.
            Err(SearchError::CursorExpired { .. }) if simulation.promises_ended() => return Ok(()),
            answer => done_with(answer)?,
        };
        let products = expected.get_or_insert(answer.index.products);
        assert_eq!(answer.index.products, *products, "pages of two generations");
        found.extend(answer.results.into_iter().map(|result| result.product_id));
        match answer.next_cursor {
            Some(cursor) => options.cursor = Some(cursor),
            None => break,
        }
    }
    let count = found.len();
    let products = expected.flatten().unwrap_or(count as u64);
    assert_eq!(count as u64, products, "pages lack products");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), count, "a product on two pages");
    Ok(())
}
