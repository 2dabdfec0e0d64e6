//! Estimates of the time and memory that a rebuild takes.

use std::time::Duration;

use lookalike_core::time::Deadline;
use lookalike_index::{SegmentEntry, rebuild_bytes};

use crate::current::Current;
use crate::indexer::IndexSettings;

/// Rows times candidates per row (efConstruction) that a core surely manages in a second of a rebuild, fetching and
/// storing included: 1,250 rows at 100. Measured rates are two to ten times that.
const WORK_PER_SECOND: u64 = 125_000;
/// A function has at least two cores, although it may not have them all the time.
const MIN_CORES: usize = 2;
/// Candidates per row that the rest of the work, as of a base without a graph, surely takes no longer than.
const MIN_WORK: usize = 20;
/// Time that a rebuild needs whatever its size.
const REBUILD_OVERHEAD: Duration = Duration::from_secs(10);
/// Allowance for what the process has taken before a rebuild, the encoder above all.
const REBUILD_MEMORY: u64 = 300 << 20;

/// Memory for a row that was read from a vector base, and for its place in the new base.
const READ_ROW: u64 = 6 << 10;

/// Upper estimates for one rebuild.
pub(crate) struct RebuildCost {
    /// The rebuild takes no longer when the first graph is good enough.
    pub(crate) time: Duration,
    /// Bytes of memory that the process needs.
    memory: u64,
}

impl RebuildCost {
    pub(crate) fn of(current: &Current, settings: &IndexSettings) -> Self {
        Self {
            time: time(settings, current.view.images()),
            memory: memory(&current.manifest.segments),
        }
    }

    /// Estimates for a base of rows that are in a vector base, each with a vector of the usual length.
    pub(crate) fn of_rows(rows: u64, settings: &IndexSettings) -> Self {
        Self {
            time: time(settings, rows),
            memory: REBUILD_MEMORY.saturating_add(rows.saturating_mul(READ_ROW)),
        }
    }

    /// Returns the reason why a process with so many bytes of memory cannot rebuild before the deadline.
    pub(crate) fn obstacle(&self, limit: Option<u64>, deadline: Deadline) -> Option<String> {
        let left = deadline.remaining();
        if left < self.time {
            let (time, left) = (self.time.as_secs(), left.as_secs());
            return Some(format!("may take {time} s, {left} s are left"));
        }
        let limit = limit.filter(|limit| *limit < self.memory)?;
        let (memory, limit) = (self.memory >> 20, limit >> 20);
        Some(format!("may take {memory} MB of memory, there are {limit}"))
    }
}

fn time(settings: &IndexSettings, rows: u64) -> Duration {
    let graph = settings
        .policy
        .graph_for(usize::try_from(rows).unwrap_or(usize::MAX));
    let per_row = graph.map_or(MIN_WORK, |graph| graph.ef_construction.max(MIN_WORK));
    let rate = WORK_PER_SECOND.saturating_mul(settings.parallel.max(MIN_CORES) as u64);
    let seconds = rows.saturating_mul(per_row as u64) / rate;
    REBUILD_OVERHEAD + Duration::from_secs(seconds)
}

/// All segments are read, also the deleted rows in them.
fn memory(segments: &[SegmentEntry]) -> u64 {
    REBUILD_MEMORY.saturating_add(rebuild_bytes(segments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_grows_with_rows_and_with_work_per_row() {
        let with = |parallel| IndexSettings {
            parallel,
            ..IndexSettings::default()
        };
        let settings = with(2);
        let seconds = |settings: &IndexSettings, rows| time(settings, rows).as_secs();
        assert_eq!(seconds(&settings, 0), 10);
        assert_eq!(seconds(&settings, 100_000), 10 + 40);
        // More rows take more work each.
        assert_eq!(seconds(&settings, 450_000), 10 + 282);
        assert_eq!(seconds(&with(1), 450_000), 10 + 282);
        assert_eq!(seconds(&with(6), 450_000), 10 + 94);
        let mut thorough = settings.clone();
        thorough.policy.graph.ef_construction *= 4;
        assert_eq!(seconds(&thorough, 100_000), 10 + 4 * 40);
        assert!(time(&settings, u64::MAX) > Duration::from_secs(1 << 40));
    }

    #[test]
    fn the_largest_functions_rebuild_two_million_rows() {
        let seconds = |parallel, rows| {
            let settings = IndexSettings {
                parallel,
                ..IndexSettings::default()
            };
            time(&settings, rows).as_secs()
        };
        assert!(seconds(2, 450_000) <= 299);
        assert!(seconds(2, 1_080_000) <= 899);
        assert!(seconds(6, 2_500_000) <= 899);
        assert!(seconds(6, 2_600_000) > 899);
    }

    #[test]
    fn time_or_memory_may_be_an_obstacle() {
        let cost = RebuildCost {
            time: Duration::from_secs(60),
            memory: 400 << 20,
        };
        let (soon, late) = (
            Deadline::after(Duration::from_secs(30)),
            Deadline::after(2 * cost.time),
        );
        assert_eq!(cost.obstacle(None, late), None);
        assert_eq!(cost.obstacle(Some(400 << 20), late), None);
        let memory = cost.obstacle(Some(300 << 20), late);
        assert_eq!(
            memory.as_deref(),
            Some("may take 400 MB of memory, there are 300")
        );
        let time = cost.obstacle(None, soon).unwrap_or_default();
        assert!(time.starts_with("may take 60 s, "), "{time}");
    }
}
