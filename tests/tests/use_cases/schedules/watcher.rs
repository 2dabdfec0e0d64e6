//! A search function that runs all the time.

use std::collections::BTreeSet;

use lookalike_index::{SegmentEntry, SegmentKind};
use lookalike_search::{SearchError, SearchOptions, Searcher};

use super::simulation::Simulation;
use super::templates::STEADY;
use crate::world::{World, bytes, everything};

/// Searches at every moment between the calls of others: a process that runs since the beginning, and one that starts
/// at that moment.
pub(crate) struct Watcher {
    searcher: Searcher,
    is_published: bool,
    first_page: Option<FirstPage>,
    generation: u64,
}

/// The first page of the generation at the beginning.
struct FirstPage {
    generation: u64,
    found: Vec<String>,
    /// Number of products on all pages.
    products: usize,
    /// The cursor of the second page.
    cursor: String,
}

impl Watcher {
    pub(crate) async fn new(simulation: &Simulation, is_published: bool) -> Self {
        let searcher = World::over(simulation.cloud.clone(), 1).searcher();
        let options = SearchOptions {
            k: 4,
            ..everything()
        };
        let mut watcher = Self {
            searcher,
            is_published,
            first_page: None,
            generation: 0,
        };
        if is_published {
            let answer = watcher.searcher.search_image(bytes("w-1"), options).await;
            let answer = answer.unwrap();
            let all = watcher
                .searcher
                .search_image(bytes("w-1"), everything())
                .await;
            let found = answer.results.into_iter().map(|result| result.product_id);
            watcher.first_page = Some(FirstPage {
                generation: answer.index.generation,
                found: found.collect(),
                products: all.unwrap().results.len(),
                cursor: answer.next_cursor.unwrap(),
            });
        }
        watcher.look(simulation).await;
        watcher
    }

    /// Searches, and expects what no process changes.
    pub(crate) async fn look(&mut self, simulation: &Simulation) {
        if !self.is_published {
            return;
        }
        let world = World::over(simulation.cloud.clone(), 1);
        let bases = |segments: &[SegmentEntry]| {
            let bases = segments.iter().filter(|s| s.kind == SegmentKind::Base);
            bases.count()
        };
        let manifest = world.manifest();
        assert!(bases(&manifest.segments) <= 1, "an index has two bases");
        for standby in &manifest.standby_indexes {
            assert!(
                bases(&standby.segments) <= 1,
                "a standby index has two bases"
            );
        }
        let young = world.searcher();
        let mut generations = Vec::new();
        for searcher in [&self.searcher, &young] {
            let answer = searcher.search_image(bytes("steady-1"), everything()).await;
            let answer = answer.unwrap_or_else(|error| panic!("a search fails: {error:?}"));
            assert_eq!(answer.index.stale, None, "a search uses an old generation");
            let found = answer.results.iter();
            let found: Vec<&str> = found.map(|result| &*result.product_id).collect();
            let unique: BTreeSet<&str> = found.iter().copied().collect();
            assert_eq!(unique.len(), found.len(), "a product is found twice");
            let products = answer.index.products;
            let count = unique.len() as u64;
            assert!(
                products.is_none_or(|products| products == count),
                "all products"
            );
            generations.push((answer.index.generation, count));
            // An index that was started over is empty for a while.
            if count == 0 {
                continue;
            }
            if simulation.lost_changes() {
                continue;
            }
            for number in 0..STEADY {
                let name = format!("steady-{number}");
                assert!(unique.contains(&*name), "{name} is not found");
                assert_eq!(found[0], "steady-1", "the same image is not the best");
                assert!(answer.results[0].score > 0.999);
            }
        }
        assert_eq!(generations[0], generations[1], "two searchers differ");
        assert!(generations[0].0 >= self.generation, "back in time");
        self.generation = generations[0].0;
        self.read_second_page(&young, simulation).await;
    }

    /// Continues the page of the beginning.
    async fn read_second_page(&self, searcher: &Searcher, simulation: &Simulation) {
        let Some(FirstPage {
            generation,
            found: first_page,
            products,
            cursor,
        }) = &self.first_page
        else {
            return;
        };
        let options = SearchOptions {
            k: 50,
            cursor: Some(cursor.clone()),
            ..everything()
        };
        match searcher.search_image(bytes("w-1"), options).await {
            Err(SearchError::CursorExpired { .. }) if simulation.promises_ended() => {}
            answer => {
                let answer = answer.unwrap_or_else(|error| panic!("a page fails: {error:?}"));
                assert_eq!(answer.index.generation, *generation);
                let found = answer.results.iter().map(|result| &result.product_id);
                let unique: BTreeSet<&String> = found.chain(first_page).collect();
                assert!(unique.len() >= *products, "pages lack products");
                let is_same = unique.len() == *products || simulation.generations_grow;
                assert!(is_same, "pages have other products");
            }
        }
    }
}
