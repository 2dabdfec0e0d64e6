//! What images cost as the catalog grows, and how much memory the indexer needs meanwhile.

use std::time::Duration;

use lookalike_benches::vectors::AnyError;
use lookalike_core::Deadline;

use crate::meter::Taken;
use crate::world::{BatchCost, World};

/// Images of which the cost is compared.
const THOUSAND: usize = 1000;
/// Longer than any comparison.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The batches so far.
#[derive(Default)]
pub(crate) struct Growing {
    batches: Vec<Batch>,
    /// Milliseconds of maintenance for an image, from one rebuild or drain to the next, in order.
    cycles: Vec<f64>,
    cycle: (usize, Duration),
    peaks: Peaks,
}

struct Batch {
    images: usize,
    /// Time without the engine.
    published: Duration,
}

/// Maximum bytes that the indexer held in addition to those before, without those of the engine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Peaks {
    pub(crate) batch: i64,
    /// In draining deltas, or rebuilding the base.
    pub(crate) drain: i64,
    /// In merging deltas.
    pub(crate) merge: i64,
    /// Maximum number of rows of deltas that were written to the vector base at once.
    pub(crate) drained_rows: u64,
}

/// The cost of an image, in milliseconds without the engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageCost {
    pub(crate) published: f64,
    /// From one rebuild or drain to the next; `None` before there was one.
    pub(crate) maintained: Option<f64>,
}

impl Growing {
    pub(crate) fn add(&mut self, images: usize, cost: &BatchCost) {
        self.batches.push(Batch {
            images,
            published: cost.publishing.own_time(),
        });
        self.cycle.0 += images;
        self.cycle.1 += cost.maintaining.own_time();
        let peaks = &mut self.peaks;
        peaks.batch = peaks.batch.max(cost.publishing.peak_bytes);
        let drained = cost.report.drained_rows;
        let peak = match drained.or(cost.report.rebuilt_rows) {
            Some(_) => {
                let (images, time) = std::mem::take(&mut self.cycle);
                self.cycles.push(milliseconds(time) / images.max(1) as f64);
                &mut peaks.drain
            }
            None => &mut peaks.merge,
        };
        *peak = cost.maintaining.peak_bytes.max(*peak);
        peaks.drained_rows = peaks.drained_rows.max(drained.unwrap_or(0));
    }

    /// Begins the first cycle of maintenance again: another engine serves from now on.
    pub(crate) fn begin_again(&mut self) {
        *self = Self::default();
    }

    /// Returns the peaks since the last call.
    pub(crate) fn take_peaks(&mut self) -> Peaks {
        std::mem::take(&mut self.peaks)
    }

    /// Returns the cost of the first thousand images, and of the last.
    pub(crate) fn costs(&self) -> [ImageCost; 2] {
        [
            ImageCost {
                published: published(self.batches.iter()),
                maintained: self.cycles.first().copied(),
            },
            ImageCost {
                published: published(self.batches.iter().rev()),
                maintained: self.cycles.last().copied(),
            },
        ]
    }
}

fn published<'a>(batches: impl Iterator<Item = &'a Batch>) -> f64 {
    let (mut images, mut time) = (0, Duration::ZERO);
    for batch in batches {
        images += batch.images;
        time += batch.published;
        if images >= THOUSAND {
            break;
        }
    }
    milliseconds(time) / images.max(1) as f64
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// An indexer that has just started.
pub(crate) struct Daily {
    /// Bytes that it holds when it knows the index.
    pub(crate) started: i64,
    /// What the daily comparison took.
    pub(crate) taken: Taken,
}

/// Compares everything, as the daily run does.
pub(crate) async fn compare(world: &World) -> Result<Daily, AnyError> {
    let start = async {
        let indexer = world.new_indexer();
        let is_due = indexer.is_maintenance_due().await;
        (indexer, is_due)
    };
    let ((indexer, is_due), started) = world.engine.measure(start).await;
    is_due?;
    let deadline = Deadline::after(DAY);
    let compare = async {
        let healed = indexer.heal_attributes(deadline).await?;
        let missed = indexer.missed_changes(deadline).await?;
        Ok::<_, AnyError>((healed.updated + healed.failed, missed.len()))
    };
    let (compared, taken) = world.engine.measure(compare).await;
    match compared? {
        (0, 0) => Ok(Daily {
            started: started.held_bytes,
            taken,
        }),
        (rows, keys) => Err(format!("{rows} rows and {keys} keys differ").into()),
    }
}
