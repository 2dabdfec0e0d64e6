//! Any interleaving of writers, any repetition and order of events of images and products, any fault: one
//! index.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lookalike_core::model::StoredEncoder;
use lookalike_core::ports::EncoderStore;
use lookalike_core::{Deadline, Fingerprint, Role, StoreError, StoreErrorKind, is_catalog_key};
use lookalike_indexing::{IndexSettings, Indexer, Outcome};
use lookalike_test_support::memory::{Fate, Fault, MemoryCloud};
use serde_json::json;
use tokio::time::Instant;

use crate::expectations::{expect_agreement, expect_index_of_bucket};
use crate::schedules::{Calls, NEVER, VirtualClock, in_virtual_time};
use crate::world::{World, bytes, everything, mix, settings};

const WRITERS: u64 = 8;
const BATCHES: u64 = 200;
/// Far more than the writers need to come to an end.
const SETTLING_TIME: Duration = Duration::from_secs(60);
/// Keys that change all the time, and keys that stay while everything around them does not.
const RESTLESS: u64 = 30;
const STEADY: u64 = 15;

/// Events that wait for a writer, in no order: keys of images, and ids of products.
#[derive(Default)]
struct Queue {
    events: Mutex<Vec<String>>,
    /// Batches that were taken and are not done.
    open: AtomicU64,
    closed: AtomicBool,
    /// Why a batch failed as a whole, shown when the writers do not come to an end.
    last_error: Mutex<String>,
}

impl Queue {
    fn push(&self, key: &str, random: &mut u64) {
        let mut events = self.events.lock().unwrap();
        // Some events come twice, some long after others that are younger.
        for _ in 0..1 + mix(random) % 4 / 3 {
            let place = mix(random) as usize % (events.len() + 1);
            events.insert(place, key.to_owned());
        }
    }

    fn take(&self, random: &mut u64) -> Option<Vec<String>> {
        let mut events = self.events.lock().unwrap();
        let count = events.len().min(1 + mix(random) as usize % 8);
        let from = events.len() - count;
        let batch = events.split_off(from);
        if batch.is_empty() {
            return None;
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        Some(batch)
    }

    fn finished(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
            && self.open.load(Ordering::SeqCst) == 0
            && self.events.lock().unwrap().is_empty()
    }
}

/// Changes an image: one of a few contents, so that old versions come back with their old ETags, one
/// of some products, now and then with a category of its own, garbage or nothing. Or changes a product.
fn change(cloud: &MemoryCloud, queue: &Queue, random: &mut u64) {
    if mix(random).is_multiple_of(3) {
        return change_product(cloud, queue, random);
    }
    let key = format!("catalog/restless-{}.jpg", mix(random) % RESTLESS);
    let product_id = format!("product-{}", mix(random) % 12);
    let mut metadata = BTreeMap::from([("product-id".to_owned(), product_id)]);
    if mix(random).is_multiple_of(4) {
        metadata.insert("category".to_owned(), "own".to_owned());
    }
    let content = match mix(random) % 10 {
        0 | 1 => None,
        2 => Some("bad".to_owned()),
        n => Some(format!("content {}", n % 4)),
    };
    match content {
        None => cloud.remove_image(&key),
        Some(content) => {
            cloud.put_image_as(&key, content.clone(), metadata, &format!("\"{content}\""));
        }
    }
    queue.push(&key, random);
}

/// Changes what the table says of a product, now and then to nothing.
fn change_product(cloud: &MemoryCloud, queue: &Queue, random: &mut u64) {
    let product = match mix(random) % 4 {
        0 => format!("steady-{}", mix(random) % STEADY),
        _ => format!("product-{}", mix(random) % 12),
    };
    let price = mix(random) % 5;
    let metadata = match mix(random) % 6 {
        0 => None,
        1 => Some(json!({"price": price, "category": "of the table"})),
        2 => Some(json!({"brand": "x".repeat(2000), "price": price})),
        3 => Some(json!({"name": "nothing to filter by"})),
        _ => Some(json!({"brand": "b", "price": price as f64 + 0.5, "name": price})),
    };
    match metadata {
        None => cloud.remove_metadata(&product),
        Some(metadata) => cloud.put_metadata(&product, serde_json::from_value(metadata).unwrap()),
    }
    queue.push(&product, random);
}

async fn write(world: World, queue: Arc<Queue>, batches: Arc<AtomicU64>, mut random: u64) {
    let indexer = world.indexer();
    loop {
        let Some(batch) = queue.take(&mut random) else {
            if queue.finished() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let (keys, products): (Vec<String>, Vec<String>) =
            batch.into_iter().partition(|event| is_catalog_key(event));
        let mut again: Vec<String> = Vec::new();
        match indexer.index_products(&products, deadline()).await {
            Ok(report) => again.extend(report.retry.into_iter().map(|(product, _)| product)),
            Err(error) => {
                *queue.last_error.lock().unwrap() = error.to_string();
                again.extend(products);
            }
        }
        match indexer.index_keys(&keys, deadline()).await {
            Ok(report) => {
                let retry = report.outcomes.into_iter();
                let retry = retry.filter(|(_, outcome)| matches!(outcome, Outcome::Retry(_)));
                again.extend(retry.map(|(key, _)| key));
            }
            Err(error) => {
                *queue.last_error.lock().unwrap() = error.to_string();
                again.extend(keys);
            }
        }
        again.iter().for_each(|key| queue.push(key, &mut random));
        batches.fetch_add(1, Ordering::SeqCst);
        queue.open.fetch_sub(1, Ordering::SeqCst);
        // Whatever goes wrong here, the index is as good as before.
        let _ = indexer.maintain(deadline()).await;
    }
}

fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(900))
}

/// Searches all the time: never fails, always finds what stays, never finds anything twice.
async fn read(world: World, loaded: Arc<AtomicU64>, done: Arc<AtomicBool>) -> u64 {
    let searcher = world.searcher();
    let steady: BTreeSet<String> = (0..STEADY).map(|i| format!("steady-{i}")).collect();
    let mut searches = 0;
    let mut generation = 0;
    while !done.load(Ordering::SeqCst) {
        let query = bytes(&format!("content {}", searches % 4));
        let answer = searcher.search_image(query, everything()).await.unwrap();
        let products: Vec<&str> = answer.results.iter().map(|r| &*r.product_id).collect();
        let unique: HashSet<&str> = products.iter().copied().collect();
        assert_eq!(unique.len(), products.len(), "a product twice");
        let products = answer.index.products;
        assert_eq!(Some(unique.len() as u64), products, "all products");
        let missing = steady.iter().find(|id| !unique.contains(id.as_str()));
        assert_eq!(missing, None, "generation {}", answer.index.generation);
        assert!(answer.index.generation >= generation, "back in time");
        generation = answer.index.generation;
        // A query is compared with vectors of its own encoder alone, whichever that is by now.
        let itself = format!("steady-{}", searches % STEADY);
        let query = bytes(&format!("catalog/{itself}.jpg"));
        let answer = searcher.search_image(query, everything()).await.unwrap();
        let best = &answer.results[0];
        assert_eq!(best.product_id, itself);
        assert!(best.score > 0.999, "{} of {itself}", best.score);
        searches += 1;
        if searches == 1 {
            loaded.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    searches
}

/// Dooms and removes what nothing names as soon as it is there, far sooner than is ever the case: also what a writer is
/// about to name.
async fn collect(world: World, done: Arc<AtomicBool>) {
    let indexer = impatient_collector(&world);
    while !done.load(Ordering::SeqCst) {
        let _ = indexer.collect_garbage().await;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Makes an indexer for which every segment is old.
pub(crate) fn impatient_collector(world: &World) -> Indexer {
    let mut ports = world.index_ports();
    ports.encoder_store = Arc::new(OnlySegments);
    let settings = IndexSettings {
        safe_age: Duration::ZERO,
        ..settings()
    };
    Indexer::new(ports, settings)
}

/// Leaves the encoders alone, whose names are used again.
struct OnlySegments;

#[async_trait]
impl EncoderStore for OnlySegments {
    async fn list(&self) -> Result<Vec<StoredEncoder>, StoreError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: Fingerprint) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Every kind of fault, in two calls of a hundred, and changes at the worst moments.
fn random_faults(world: &World, queue: &Arc<Queue>, seed: u64) -> Fault {
    let (cloud, queue) = (world.cloud.clone(), queue.clone());
    let random = Mutex::new(seed);
    Box::new(move |call| {
        let mut random = random.lock().unwrap();
        let during = matches!(
            call,
            "get image" | "get latest products" | "put segment" | "put records"
        );
        if during && !queue.closed.load(Ordering::SeqCst) && mix(&mut random).is_multiple_of(8) {
            change(&cloud, &queue, &mut random);
        }
        let reading = matches!(call, "get products" | "link to image");
        if reading || mix(&mut random) % 100 >= 2 {
            return None;
        }
        match call {
            "swap manifest" if mix(&mut random).is_multiple_of(2) => Some(StoreErrorKind::Conflict),
            _ => Some(StoreErrorKind::Unavailable),
        }
    })
}

/// Events that wait at once, about.
const BACKLOG: usize = 60;
/// Encoders that come and go.
const ENCODERS: u64 = 3;
/// Changes of the searched index that a run waits for.
const SWITCHES: u64 = 3;

/// Changes the encoder all the time, and changes its mind.
async fn change_encoders(
    cloud: Arc<MemoryCloud>,
    queue: Arc<Queue>,
    switches: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    mut random: u64,
) {
    while !done.load(Ordering::SeqCst) {
        let encoder = 1 + mix(&mut random) % ENCODERS;
        let indexer = World::over(cloud.clone(), encoder as u8).indexer();
        // Whatever is refused or fails here changes nothing.
        let switched = match mix(&mut random) % 16 {
            0..3 => {
                let _ = indexer.begin_building(deadline()).await;
                continue;
            }
            3..8 => {
                if let Ok(coverage) = indexer.coverage().await {
                    let lacking = coverage.missing.iter().chain(&coverage.gone);
                    lacking.for_each(|key| queue.push(key, &mut random));
                }
                None
            }
            8..14 => Some(Role::Building),
            14 => Some(Role::Previous),
            _ => {
                let roles = [Role::Previous, Role::Building];
                let unwanted = roles[mix(&mut random) as usize % 2];
                let _ = indexer.give_up(unwanted, deadline()).await;
                None
            }
        };
        if let Some(role) = switched
            && indexer.switch(role, &[], deadline()).await.is_ok()
        {
            switches.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(mix(&mut random) % 10)).await;
    }
}

/// Runs in real time on the threads of the runtime.
async fn converge(seed: u64, changing_encoders: bool) {
    let cloud = MemoryCloud::new();
    cloud.set_pace(seed);
    converge_in(cloud, seed, changing_encoders, SETTLING_TIME).await;
}

/// Runs in virtual time on one thread: the same seed does the same, call by call.
fn converge_virtually(changing_encoders: bool, test: &str, seeds: [u64; 2]) {
    let seeds = match std::env::var("LOOKALIKE_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => vec![seeds[0], seeds[1], rand::random()],
    };
    for seed in seeds {
        println!("LOOKALIKE_SEED={seed} cargo test --workspace --test use_cases {test}");
        in_virtual_time(async {
            let cloud = MemoryCloud::with_clock(VirtualClock::at(seed >> 24));
            cloud.set_gate(Calls::new(NEVER, Fate::Done, seed));
            // Each call takes as long as a thousand do in real time.
            converge_in(cloud, seed, changing_encoders, 1000 * SETTLING_TIME).await;
        });
    }
}

async fn converge_in(
    cloud: Arc<MemoryCloud>,
    seed: u64,
    changing_encoders: bool,
    settling_time: Duration,
) {
    let mut random = seed;
    let world = World::over(cloud, 1);
    let cloud = &world.cloud;
    let steady: Vec<String> = (0..STEADY)
        .map(|i| format!("catalog/steady-{i}.jpg"))
        .collect();
    for key in &steady {
        world.put(key, key);
    }
    world
        .indexer()
        .index_keys(&steady, deadline())
        .await
        .unwrap();

    let queue = Arc::new(Queue::default());
    let batches = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let loaded = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(read(world.clone(), loaded.clone(), done.clone())))
        .collect();
    // From then on they have a good index to fall back on.
    while loaded.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cloud.set_fault(Some(random_faults(&world, &queue, mix(&mut random))));
    let collector = tokio::spawn(collect(world.clone(), done.clone()));
    let switches = Arc::new(AtomicU64::new(0));
    let settled = Arc::new(AtomicBool::new(!changing_encoders));
    let changer = tokio::spawn(change_encoders(
        cloud.clone(),
        queue.clone(),
        switches.clone(),
        settled.clone(),
        mix(&mut random),
    ));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let seed = mix(&mut random);
            // Half of them are of a release with another encoder.
            let world = match changing_encoders {
                true => World::over(cloud.clone(), 1 + writer as u8 % 2),
                false => world.clone(),
            };
            tokio::spawn(write(world, queue.clone(), batches.clone(), seed))
        })
        .collect();
    let began = Instant::now();
    let enough = || !changing_encoders || switches.load(Ordering::SeqCst) >= SWITCHES;
    while batches.load(Ordering::SeqCst) < BATCHES || (!enough() && began.elapsed() < settling_time)
    {
        // No more than the writers get done: the indexes are to come to agree now and then.
        if queue.events.lock().unwrap().len() > BACKLOG {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        for _ in 0..mix(&mut random) % 6 {
            change(cloud, &queue, &mut random);
        }
        let steady = &steady[mix(&mut random) as usize % steady.len()];
        queue.push(steady, &mut random);
        tokio::time::sleep(Duration::from_millis(mix(&mut random) % 8)).await;
    }
    assert!(enough(), "seed {seed}: {switches:?} switches");
    settled.store(true, Ordering::SeqCst);
    changer.await.unwrap();
    queue.closed.store(true, Ordering::SeqCst);
    for writer in writers {
        let ended = tokio::time::timeout(settling_time, writer).await;
        let events = queue.events.lock().unwrap().len();
        let error = queue.last_error.lock().unwrap().clone();
        ended
            .unwrap_or_else(|_| panic!("seed {seed}: {events} events are left, {error}"))
            .unwrap();
    }
    done.store(true, Ordering::SeqCst);
    collector.await.unwrap();
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    cloud.set_fault(None);
    expect_agreement(&world, seed).await;
    expect_index_of_bucket(&world, seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_writers_on_several_threads_lose_and_duplicate_nothing() {
    for seed in [1, 2, rand::random()] {
        converge(seed, false).await;
    }
}

#[test]
fn eight_writers_on_one_thread_lose_and_duplicate_nothing() {
    converge_virtually(false, "eight_writers_on_one_thread", [11, 12]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn encoders_change_on_several_threads_and_nothing_is_lost_mixed_or_doubled() {
    for seed in [21, 22, rand::random()] {
        converge(seed, true).await;
    }
}

#[test]
fn encoders_change_on_one_thread_and_nothing_is_lost_mixed_or_doubled() {
    converge_virtually(true, "encoders_change_on_one_thread", [31, 32]);
}
