//! What searches of the index find, how long they take, and how much memory they need.

use std::time::Duration;

use lookalike_benches::vectors::{AnyError, query_bytes};
use lookalike_search::{SearchError, SearchOptions};
use lookalike_test_support::CountingAllocator;

use crate::catalog::narrowings;
use crate::meter::Taken;
use crate::world::World;

/// Numbers of results that are asked for.
const WANTED: [usize; 2] = [10, 50];
/// Searches after which a search function has made what it makes on first use.
const FIRST_SEARCHES: usize = 20;

/// Searches with one filter.
pub(crate) struct Searched {
    pub(crate) filter: &'static str,
    pub(crate) k: usize,
    /// Searches of slots for one query, on average.
    pub(crate) slot_searches: f64,
    /// Rows that the engine returned for one query, on average.
    pub(crate) rows: f64,
    /// Time without the engine: median and 99th percentile.
    pub(crate) own_p50: Duration,
    pub(crate) own_p99: Duration,
    /// Median time in the engine.
    pub(crate) engine_p50: Duration,
    /// Share of the answers that say that they are complete.
    pub(crate) complete: f64,
    /// Share of the `k` best that were found.
    pub(crate) recall: f64,
    /// Share of the answers with fewer than `k` results although more exist.
    pub(crate) short: f64,
    /// Share of the searches that were refused for their filter.
    pub(crate) refused: f64,
}

/// Memory of a search function.
pub(crate) struct SearchMemory {
    /// Bytes that it holds when it has started.
    pub(crate) started: i64,
    /// Bytes that it holds after some searches.
    pub(crate) used: i64,
    /// Maximum bytes that a search holds in addition.
    pub(crate) search: i64,
}

/// Starts a search function and searches with every filter.
pub(crate) async fn search(
    world: &World,
    images: usize,
    queries: usize,
) -> Result<(Vec<Searched>, SearchMemory), AnyError> {
    let narrowings = narrowings();
    let most = WANTED.into_iter().max().unwrap_or_default();
    let exact = world.catalog.exact(images, &narrowings, queries, most);
    let start = async {
        let searcher = world.new_searcher();
        searcher.warm_up().await;
        searcher
    };
    let before = CountingAllocator::start() as i64;
    let (searcher, started) = world.engine.measure(start).await;
    for query in 0..FIRST_SEARCHES {
        let bytes = query_bytes(query);
        let filter = narrowings[query % narrowings.len()].filter.clone();
        let options = SearchOptions {
            filter,
            ..SearchOptions::default()
        };
        searcher.search_image(bytes, options).await?;
    }
    let mut memory = SearchMemory {
        started: started.held_bytes,
        used: CountingAllocator::start() as i64 - before,
        search: 0,
    };
    let mut all = Vec::new();
    for k in WANTED {
        for (narrowing, exact) in narrowings.iter().zip(&exact) {
            let mut series = Series::default();
            for (query, best) in exact.iter().enumerate() {
                let options = SearchOptions {
                    k,
                    filter: narrowing.filter.clone(),
                    ..SearchOptions::default()
                };
                let search = searcher.search_image(query_bytes(query), options);
                let (answer, taken) = world.engine.measure(search).await;
                memory.search = memory.search.max(taken.peak_bytes);
                let best = &best[..k.min(best.len())];
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(SearchError::Unsupported(_)) => {
                        series.refused += 1;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                let products = answer.results.iter().map(|found| found.product_id.parse());
                let products: Vec<usize> = products.collect::<Result<_, _>>()?;
                series.taken.push(taken);
                series.complete += usize::from(answer.complete);
                series.short += usize::from(products.len() < best.len());
                series.met += world.catalog.met(images, query, &products, best);
                series.expected += best.len();
            }
            all.push(series.summary(narrowing.name, k));
        }
    }
    Ok((all, memory))
}

#[derive(Default)]
struct Series {
    taken: Vec<Taken>,
    complete: usize,
    short: usize,
    refused: usize,
    met: usize,
    expected: usize,
}

impl Series {
    fn summary(&self, filter: &'static str, k: usize) -> Searched {
        let answers = self.taken.len().max(1) as f64;
        let mean = |of: fn(&Taken) -> u64| {
            let sum: u64 = self.taken.iter().map(of).sum();
            sum as f64 / answers
        };
        let sorted = |of: fn(&Taken) -> Duration| {
            let mut times: Vec<Duration> = self.taken.iter().map(of).collect();
            times.sort_unstable();
            times
        };
        let own = sorted(Taken::own_time);
        let share = |count: usize| count as f64 / answers;
        Searched {
            filter,
            k,
            slot_searches: mean(|taken| taken.searches),
            rows: mean(|taken| taken.rows),
            own_p50: percentile(&own, 50),
            own_p99: percentile(&own, 99),
            engine_p50: percentile(&sorted(|taken| taken.engine), 50),
            complete: share(self.complete),
            recall: self.met as f64 / self.expected.max(1) as f64,
            short: share(self.short),
            refused: self.refused as f64 / (self.taken.len() + self.refused).max(1) as f64,
        }
    }
}

/// Returns the smallest of these ascending times that so many in a hundred do not exceed; zero without any.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let position = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(position).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
