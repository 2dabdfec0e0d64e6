use std::sync::Mutex;
use std::time::Duration;

use lookalike_core::encoder_cell::{EncoderSlots, cores};
use lookalike_core::filterable::Filterable;
use lookalike_core::memory_budget::MemoryBudget;
use lookalike_index::CompactionPolicy;
use tokio::time::Instant;

use crate::index_ports::IndexPorts;
use crate::publish::Publisher;

/// Longest time that Lambda gives an invocation.
const MAX_INVOCATION: Duration = Duration::from_secs(900);

/// The settings of the indexer.
#[derive(Debug, Clone)]
pub struct IndexSettings {
    /// The members of their products' metadata that rows keep.
    pub filterable: Filterable,
    /// When to compact.
    pub policy: CompactionPolicy,
    /// Images decoded and embedded at once; one per core is best. Reading runs some images ahead. The time of rebuilds
    /// is estimated for so many cores.
    pub parallel: usize,
    /// Time that publishing a batch may need: no image is begun when less is left.
    pub publish_reserve: Duration,
    /// Age from which a segment that no manifest names is removed. Much longer than any invocation,
    /// at the very least some minutes: a writer may be about to name it.
    pub safe_age: Duration,
    /// Bytes of memory that this process may use; `None` where there is no limit. A base that
    /// may not fit is not rebuilt.
    pub memory: Option<u64>,
    /// Memory for decoding images.
    pub image_memory: MemoryBudget,
    /// Longest time that any process works on an image that comes alone; the record of a try that is older was left
    /// by a process that died. An event that comes again must do so later than that, otherwise it is only delivered again.
    pub longest_try: Duration,
    /// Time after which lists of a product's rows in a vector base show what was written.
    pub engine_lag: Duration,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self {
            filterable: Filterable::default(),
            policy: CompactionPolicy::default(),
            parallel: cores(),
            publish_reserve: Duration::from_secs(5),
            safe_age: Duration::from_secs(3600),
            memory: None,
            image_memory: MemoryBudget::default(),
            longest_try: MAX_INVOCATION,
            engine_lag: Duration::from_secs(5),
        }
    }
}

/// Keeps the index in line with the bucket.
pub struct Indexer {
    pub(crate) ports: IndexPorts,
    pub(crate) settings: IndexSettings,
    pub(crate) publisher: Publisher,
    /// Bounds what all batches together decode and embed at once.
    pub(crate) slots: EncoderSlots,
    /// When this indexer last looked for segments to remove.
    pub(crate) collected: Mutex<Option<Instant>>,
}

impl Indexer {
    /// Makes an indexer; nothing is read before the first batch.
    pub fn new(ports: IndexPorts, settings: IndexSettings) -> Self {
        let publisher = Publisher::new(&ports, settings.safe_age);
        let slots = EncoderSlots::new(settings.image_memory.clone(), settings.parallel);
        Self {
            ports,
            settings,
            publisher,
            slots,
            collected: Mutex::default(),
        }
    }
}
