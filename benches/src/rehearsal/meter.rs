//! Time and memory of work, without those of the engine. Time is that of the processor, so that other programs on the
//! machine do not count.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cpu_time::ProcessTime;
use futures::future::poll_fn;
use lookalike_core::StoreError;
use lookalike_core::model::Page;
use lookalike_core::ports::Segments;
use lookalike_core::vector_base::{
    BaseAddress, FoundRows, KeyState, SlotQuery, VectorBase, VectorBaseWriter, WriterNumber,
};
use lookalike_index::{QuantizedVector, Row, SegmentId};
use lookalike_test_support::CountingAllocator;
use lookalike_test_support::memory::MemoryCloud;

/// What a piece of work took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    /// Time of the processor in all.
    pub(crate) time: Duration,
    /// Time of the processor in the engine.
    pub(crate) engine: Duration,
    /// Searches of a slot.
    pub(crate) searches: u64,
    /// Rows that searches returned.
    pub(crate) rows: u64,
    /// The peak of the bytes that were held, above those at the beginning, without those of the engine.
    pub(crate) peak_bytes: i64,
    /// Bytes that are held at the end and were not at the beginning, without those of the engine.
    pub(crate) held_bytes: i64,
}

impl Taken {
    /// Returns the time outside of the engine.
    pub(crate) fn own_time(&self) -> Duration {
        self.time.saturating_sub(self.engine)
    }
}

/// An engine whose calls are measured.
pub(crate) struct MeteredEngine {
    cloud: Arc<MemoryCloud>,
    readings: Mutex<Readings>,
}

#[derive(Default)]
struct Readings {
    taken: Taken,
    /// Bytes that were held at the beginning, and those that the engine took since.
    not_counted: i64,
}

/// A call of the engine that is being carried out.
struct Call {
    begun: ProcessTime,
    bytes: i64,
}

impl MeteredEngine {
    pub(crate) fn new(cloud: Arc<MemoryCloud>) -> Arc<Self> {
        let readings = Mutex::default();
        Arc::new(Self { cloud, readings })
    }

    /// Measures a piece of work. One at a time can be measured.
    pub(crate) async fn measure<T>(&self, work: impl Future<Output = T>) -> (T, Taken) {
        *self.readings() = Readings {
            taken: Taken::default(),
            not_counted: CountingAllocator::start() as i64,
        };
        let begun = ProcessTime::now();
        let done = work.await;
        let time = begun.elapsed();
        let mut readings = self.readings();
        readings.note_peak();
        readings.taken.time = time;
        readings.taken.held_bytes = CountingAllocator::start() as i64 - readings.not_counted;
        (done, readings.taken)
    }

    /// Carries out a call of the engine. What it holds meanwhile is not counted, nor is what it has stored if it is one
    /// that writes.
    async fn call<T>(&self, writes: bool, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        // Calls take turns in one task, so each turn is measured.
        poll_fn(|context| {
            let turn = self.begin();
            let polled: Poll<T> = call.as_mut().poll(context);
            self.end(turn, writes);
            polled
        })
        .await
    }

    fn begin(&self) -> Call {
        self.readings().note_peak();
        Call {
            bytes: CountingAllocator::start() as i64,
            begun: ProcessTime::now(),
        }
    }

    fn end(&self, call: Call, writes: bool) {
        let mut readings = self.readings();
        readings.taken.engine += call.begun.elapsed();
        let now = CountingAllocator::start() as i64;
        if writes {
            readings.not_counted += now - call.bytes;
        }
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    fn note_peak(&mut self) {
        let peak = CountingAllocator::peak() as i64 - self.not_counted;
        self.taken.peak_bytes = self.taken.peak_bytes.max(peak);
    }
}

#[async_trait]
impl VectorBase for MeteredEngine {
    async fn search(
        &self,
        base: &BaseAddress,
        query: SlotQuery<'_>,
    ) -> Result<FoundRows, StoreError> {
        let search = async {
            let found = self.cloud.search(base, query).await?;
            let rows = found.rows.iter().map(copied).collect();
            Ok::<_, StoreError>(FoundRows { rows, ..found })
        };
        let found = self.call(false, search).await?;
        let taken = &mut self.readings().taken;
        taken.searches += 1;
        taken.rows += found.rows.len() as u64;
        Ok(found)
    }

    async fn of_products(
        &self,
        base: &BaseAddress,
        product_ids: &[String],
    ) -> Result<Vec<Row>, StoreError> {
        let list = async {
            let rows = self.cloud.of_products(base, product_ids).await?;
            Ok(rows.iter().map(copied).collect())
        };
        self.call(false, list).await
    }

    async fn get(
        &self,
        base: &BaseAddress,
        keys: &[String],
    ) -> Result<BTreeMap<String, KeyState>, StoreError> {
        let cloud: &dyn VectorBase = &*self.cloud;
        let get = async {
            let mut states = cloud.get(base, keys).await?;
            for state in states.values_mut() {
                state.row = state.row.as_ref().map(copied);
            }
            Ok(states)
        };
        self.call(false, get).await
    }

    async fn scan(&self, base: &BaseAddress, after: Option<&str>) -> Result<Page<Row>, StoreError> {
        let cloud: &dyn VectorBase = &*self.cloud;
        let scan = async {
            let page = cloud.scan(base, after).await?;
            let items = page.items.iter().map(copied).collect();
            Ok(Page { items, ..page })
        };
        self.call(false, scan).await
    }
}

#[async_trait]
impl VectorBaseWriter for MeteredEngine {
    async fn put(
        &self,
        base: &BaseAddress,
        rows: &[Row],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let cloud: &dyn VectorBaseWriter = &*self.cloud;
        let put = async {
            let rows: Vec<Row> = rows.iter().map(copied).collect();
            cloud.put(base, &rows, writer).await
        };
        self.call(true, put).await
    }

    async fn remove(
        &self,
        base: &BaseAddress,
        keys: &[String],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let cloud: &dyn VectorBaseWriter = &*self.cloud;
        self.call(true, cloud.remove(base, keys, writer)).await
    }
}

/// Returns a row with bytes of its own, as over a network. Those of a cloud in memory would share them with the store.
fn copied(row: &Row) -> Row {
    let bytes = row.embedding.to_bytes();
    let embedding = QuantizedVector::from_bytes(&bytes, row.embedding.dimensions());
    Row {
        embedding: embedding.unwrap_or_else(|| row.embedding.clone()),
        ..row.clone()
    }
}

/// Segments that are copied when they are read and written, for the same reason.
pub(crate) struct CopiedSegments(pub(crate) Arc<dyn Segments>);

#[async_trait]
impl Segments for CopiedSegments {
    async fn put(&self, id: SegmentId, bytes: Bytes) -> Result<(), StoreError> {
        self.0.put(id, Bytes::copy_from_slice(&bytes)).await
    }

    async fn get(&self, id: SegmentId, range: Range<u64>) -> Result<Bytes, StoreError> {
        Ok(Bytes::copy_from_slice(&self.0.get(id, range).await?))
    }
}
