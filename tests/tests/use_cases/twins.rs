//! Two worlds to which the same happens: one with a vector base, and one of segments.

use std::sync::Arc;

use lookalike_indexing::{BaseMigration, Difference};
use lookalike_search::{GroupBy, Images, SearchOptions};
use lookalike_test_support::memory::MemoryCloud;
use serde_json::json;

use crate::schedules::VirtualClock;
use crate::world::{World, bytes, everything, long, mix, settings};

/// One world with a vector base and one of segments, to which the same happens.
pub(crate) struct Twins {
    pub(crate) base: World,
    pub(crate) segments: World,
    pub(crate) clock: Arc<VirtualClock>,
}

impl Twins {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::at(1_767_225_600_000);
        let world = || World::over(MemoryCloud::with_clock(clock.clone()), 1);
        Self {
            base: world(),
            segments: world(),
            clock: clock.clone(),
        }
    }

    pub(crate) fn both(&self) -> [&World; 2] {
        [&self.base, &self.segments]
    }

    pub(crate) async fn put(
        &self,
        keys: &[String],
        body: impl Fn(&str) -> String,
        product: impl Fn(&str) -> String,
    ) {
        for world in self.both() {
            for key in keys {
                world.put_product(key, &body(key), &product(key));
            }
            let report = world.indexer().index_keys(keys, long()).await.unwrap();
            assert_eq!(report.outcomes.len(), keys.len());
        }
    }

    pub(crate) async fn remove(&self, keys: &[String]) {
        for world in self.both() {
            for key in keys {
                world.cloud.remove_image(key);
            }
            world.indexer().index_keys(keys, long()).await.unwrap();
        }
    }

    pub(crate) async fn set_price(&self, products: &[String], price: u64) {
        for world in self.both() {
            for product in products {
                let brand = if price.is_multiple_of(2) {
                    "even"
                } else {
                    "odd"
                };
                world.put_metadata(product, json!({"price": price, "brand": brand}));
            }
            world
                .indexer()
                .index_products(products, long())
                .await
                .unwrap();
        }
    }

    pub(crate) async fn maintain(&self) {
        for world in self.both() {
            world.indexer().maintain(long()).await.unwrap();
        }
    }

    /// Expects the same answers of both, however they are asked, and nothing that the daily run would mend.
    pub(crate) async fn expect_the_same(&self, seed: u64) {
        let indexer = self.base.indexer();
        assert_eq!(self.base.verify().await, self.segments.rows().len() as u64);
        assert_eq!(indexer.differences().await.unwrap(), Difference::default());
        assert_eq!(indexer.missed_changes(long()).await.unwrap(), [""; 0]);
        assert_eq!(indexer.outdated().await.unwrap(), []);
        assert_eq!(indexer.relabeled().await.unwrap(), [""; 0]);
        let [base, segments] = self.both().map(World::searcher);
        let mut random = seed;
        let filters = [
            None,
            Some(json!({"brand": "even"})),
            Some(json!({"price": {"gte": 3, "lt": 7}})),
            Some(json!({"or": [{"brand": "odd"}, {"price": [2, 4]}]})),
            Some(json!({"brand": {"ne": "even"}})),
        ];
        for round in 0..12 {
            let options = SearchOptions {
                k: 1 + mix(&mut random) as usize % 20,
                filter: filters[mix(&mut random) as usize % filters.len()].clone(),
                group_by: [GroupBy::Product, GroupBy::Image][round % 2],
                images: [Images::Best, Images::All][round / 2 % 2],
                diversity: [0.0, 0.0, 0.4][round % 3],
                collapse: round % 4 == 3,
                ..everything()
            };
            let query = bytes(&format!("query {}", mix(&mut random) % 50));
            let mut cursors = (None, None);
            for _ in 0..40 {
                let with = |cursor: &Option<String>| SearchOptions {
                    cursor: cursor.clone(),
                    ..options.clone()
                };
                let found = base
                    .search_image(query.clone(), with(&cursors.0))
                    .await
                    .unwrap();
                let expected = segments
                    .search_image(query.clone(), with(&cursors.1))
                    .await
                    .unwrap();
                assert!(found.complete, "{options:?}");
                assert_eq!(
                    summary(&found.results),
                    summary(&expected.results),
                    "{options:?}"
                );
                assert_eq!(found.index.images, expected.index.images);
                assert_eq!(found.next_cursor.is_some(), expected.next_cursor.is_some());
                cursors = (found.next_cursor, expected.next_cursor);
                if cursors.0.is_none() {
                    break;
                }
            }
        }
        for key in segments_keys(&self.segments).iter().step_by(7) {
            let product = self.segments.rows()[key].product_id.clone();
            let [found, expected] = [&base, &segments].map(|s| s.similar(&product, everything()));
            let (found, expected) = (found.await.unwrap(), expected.await.unwrap());
            assert_eq!(summary(&found.results), summary(&expected.results));
            let [found, expected] = [&base, &segments].map(|searcher| searcher.product(&product));
            let (found, expected) = (found.await.unwrap(), expected.await.unwrap());
            assert_eq!(found.images.len(), expected.images.len());
            assert_eq!(found.metadata, expected.metadata);
            let [found, expected] = [&base, &segments].map(|searcher| searcher.image(key));
            let (found, expected) = (found.await.unwrap(), expected.await.unwrap());
            assert_eq!(found.state, expected.state);
        }
    }

    pub(crate) fn migration<'a>(
        &self,
        indexer: &'a lookalike_indexing::Indexer,
    ) -> BaseMigration<'a> {
        BaseMigration::new(indexer, self.base.cloud.clone())
    }

    pub(crate) async fn switch(&self) {
        let indexer = self.base.indexer();
        let migration = self.migration(&indexer);
        migration.begin(None, long()).await.unwrap();
        assert!(migration.is_searchable().await.unwrap());
        migration.fill(|_, _| ()).await.unwrap();
        let compared = migration.switch(long()).await.unwrap();
        assert_eq!((compared.missing, compared.recall), (0, 1.0));
    }

    /// Drains the deltas that are old enough, and drops them.
    pub(crate) async fn drain(&self) {
        self.clock.jump(2 * settings().safe_age);
        self.maintain().await;
        self.clock.jump(settings().safe_age);
        self.maintain().await;
    }
}

pub(crate) fn segments_keys(world: &World) -> Vec<String> {
    world.rows().into_keys().collect()
}

/// What results say, with scores that two orders of adding up may round differently.
pub(crate) fn summary(results: &[lookalike_search::FoundProduct]) -> Vec<String> {
    let line = |found: &lookalike_search::FoundProduct| {
        let images = found.images.iter().flatten().map(|image| image.key.clone());
        let images: Vec<String> = images.collect();
        let (product, key) = (&found.product_id, &found.image.key);
        let (metadata, collapsed) = (&found.metadata, found.collapsed);
        format!(
            "{product} {key} {:.4} {images:?} {metadata:?} {collapsed:?}",
            found.score
        )
    };
    results.iter().map(line).collect()
}

pub(crate) fn keys(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("catalog/{n:03}.jpg")).collect()
}

/// Three images show one product.
pub(crate) fn product_of(key: &str) -> String {
    let number: u32 = key[8..11].parse().unwrap();
    format!("product-{}", number / 3)
}

pub(crate) async fn twins_with_a_base() -> Twins {
    let twins = Twins::new();
    let products: Vec<String> = (0..30).map(|n| format!("product-{n}")).collect();
    for (n, product) in products.iter().enumerate() {
        twins
            .set_price(std::slice::from_ref(product), n as u64 % 10)
            .await;
    }
    twins.put(&keys(0..90), str::to_owned, product_of).await;
    for world in twins.both() {
        world.indexer().rebuild(long()).await.unwrap();
    }
    twins
}
