//! Every port in memory, with faults on demand, for tests and benchmarks of the use cases.

mod bucket;
mod encoders;
mod engine;
mod gate;
mod index;
mod page;
mod queue;
mod table;
mod vector_base;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use lookalike_core::Encoders;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::host::{Host, SystemHost};
use lookalike_core::model::{EncoderFiles, ImageHead, ImageRecord, Metadata};
use lookalike_core::ports::NoMetrics;
use lookalike_index::{BaseName, Fingerprint, SegmentId};
use lookalike_indexing::IndexPorts;
use lookalike_search::SearchPorts;

pub use self::engine::EngineSettings;
use self::engine::StoredBase;
pub use self::gate::{Fate, Gate};
use self::gate::{refused, unanswered};

/// Decides about every call before it is carried out, by its name such as `swap manifest`. It may
/// change the cloud itself, as another process could at that moment.
pub type Fault = Box<dyn Fn(&str) -> Option<StoreErrorKind> + Send + Sync>;

/// A bucket, an index, a table and a queue in memory, as one process reaches them.
pub struct MemoryCloud {
    state: Arc<Mutex<State>>,
    /// The clock of the stores, which dates objects.
    clock: Arc<dyn Host>,
    /// The clock and the random numbers of the process.
    host: Arc<dyn Host>,
    gate: Mutex<Option<Arc<dyn Gate>>>,
    fault: Mutex<Option<Arc<Fault>>>,
    traffic: Mutex<Traffic>,
    pace: AtomicU64,
}

/// A write whose answer was given before it was carried out.
type LateWrite = Arc<dyn Fn(&mut State) + Send + Sync>;

/// Calls and bytes so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Number of calls by name.
    pub calls: BTreeMap<&'static str, u64>,
    /// Bytes of manifests, segments and images that were read.
    pub read: u64,
    /// Bytes of manifests and segments that were written.
    pub written: u64,
}

#[derive(Default, Clone)]
struct State {
    images: BTreeMap<String, (ImageHead, Bytes)>,
    manifest: Option<(u64, Bytes)>,
    generations: BTreeMap<u64, (Bytes, SystemTime)>,
    segments: BTreeMap<SegmentId, (Bytes, SystemTime)>,
    encoders: BTreeMap<Fingerprint, (EncoderFiles, SystemTime)>,
    products: HashMap<String, Metadata>,
    records: BTreeMap<(String, String), ImageRecord>,
    /// The failed records among `records`, by key and product.
    failed: BTreeMap<(String, String), ImageRecord>,
    /// Keys that were pushed and not taken yet.
    changes: Vec<String>,
    /// Requests for maintenance that were not taken yet.
    maintenance_requests: u64,
    versions: u64,
    bases: BTreeMap<BaseName, StoredBase>,
    engine: EngineSettings,
    /// Writes that are still on their way.
    late: Vec<LateWrite>,
}

impl MemoryCloud {
    /// Makes an empty cloud with the clock of this machine.
    pub fn new() -> Arc<Self> {
        Self::with_clock(Arc::new(SystemHost))
    }

    /// Makes an empty cloud; `clock` is that of the stores, and of this process.
    pub fn with_clock(clock: Arc<dyn Host>) -> Arc<Self> {
        Self::over(Arc::default(), Arc::clone(&clock), clock)
    }

    /// Returns the same cloud as another process with its own clock reaches it, without faults.
    pub fn connect(&self, host: Arc<dyn Host>) -> Arc<Self> {
        Self::over(Arc::clone(&self.state), Arc::clone(&self.clock), host)
    }

    /// Returns another cloud with the same content.
    pub fn copy(&self, clock: Arc<dyn Host>) -> Arc<Self> {
        let state = Arc::new(Mutex::new(self.state().clone()));
        Self::over(state, Arc::clone(&clock), clock)
    }

    fn over(state: Arc<Mutex<State>>, clock: Arc<dyn Host>, host: Arc<dyn Host>) -> Arc<Self> {
        Arc::new(Self {
            state,
            clock,
            host,
            gate: Mutex::default(),
            fault: Mutex::default(),
            traffic: Mutex::default(),
            pace: AtomicU64::default(),
        })
    }

    /// Returns the ports of an indexer, all in this cloud; metrics are dropped.
    pub fn index_ports(self: &Arc<Self>, encoders: Encoders) -> IndexPorts {
        IndexPorts {
            encoders,
            images: self.clone(),
            manifests: self.clone(),
            generations: self.clone(),
            segments: self.clone(),
            shelf: self.clone(),
            encoder_store: self.clone(),
            products: self.clone(),
            records: self.clone(),
            failures: self.clone(),
            vector_base: self.clone(),
            vector_base_writer: self.clone(),
            metrics: Arc::new(NoMetrics),
            host: Arc::clone(&self.host),
        }
    }

    /// Returns the ports of a searcher, all in this cloud; metrics are dropped.
    pub fn search_ports(self: &Arc<Self>, encoders: Encoders) -> SearchPorts {
        SearchPorts {
            encoders,
            images: self.clone(),
            links: self.clone(),
            manifests: self.clone(),
            generations: self.clone(),
            segments: self.clone(),
            products: self.clone(),
            failures: self.clone(),
            table: self.clone(),
            vector_base: self.clone(),
            metrics: Arc::new(NoMetrics),
            host: Arc::clone(&self.host),
        }
    }

    /// Makes calls fail as `fault` decides, until it is set again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *locked(&self.fault) = fault.map(Arc::new);
    }

    /// Has a gate decide about every call of this process.
    pub fn set_gate(&self, gate: Arc<dyn Gate>) {
        *locked(&self.gate) = Some(gate);
    }

    /// Carries out the writes that were late. Returns their number.
    pub fn land(&self) -> usize {
        let mut state = self.state();
        let late = std::mem::take(&mut state.late);
        for write in &late {
            write(&mut state);
        }
        late.len()
    }

    /// Makes every call take a pseudo-random number of turns that follows from `seed`, so that
    /// tasks interleave differently.
    pub fn set_pace(&self, seed: u64) {
        self.pace.store(seed | 1, Ordering::Relaxed);
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> u64 {
        locked(&self.traffic).calls.values().sum()
    }

    /// Returns the calls and bytes so far.
    pub fn traffic(&self) -> Traffic {
        locked(&self.traffic).clone()
    }

    /// Stores an image under a new ETag, which is returned.
    pub fn put_image(
        &self,
        key: &str,
        body: impl Into<Bytes>,
        metadata: BTreeMap<String, String>,
    ) -> String {
        self.put_version(key, body, metadata, None)
    }

    /// Stores an image under this ETag: in S3, the ETag is the same if the bytes are.
    pub fn put_image_as(
        &self,
        key: &str,
        body: impl Into<Bytes>,
        metadata: BTreeMap<String, String>,
        etag: &str,
    ) {
        self.put_version(key, body, metadata, Some(etag));
    }

    fn put_version(
        &self,
        key: &str,
        body: impl Into<Bytes>,
        metadata: BTreeMap<String, String>,
        etag: Option<&str>,
    ) -> String {
        let mut state = self.state();
        state.versions += 1;
        let version = format!("\"v{}\"", state.versions);
        let etag = etag.map_or(version, str::to_owned);
        let body = body.into();
        let head = ImageHead {
            etag: etag.clone(),
            bytes: body.len() as u64,
            metadata,
        };
        state.images.insert(key.to_owned(), (head, body));
        etag
    }

    /// Removes an image.
    pub fn remove_image(&self, key: &str) {
        self.state().images.remove(key);
    }

    /// Returns keys and ETags of all images.
    pub fn image_versions(&self) -> BTreeMap<String, String> {
        let state = self.state();
        let images = state.images.iter();
        images
            .map(|(key, (head, _))| (key.clone(), head.etag.clone()))
            .collect()
    }

    /// Returns the manifest object.
    pub fn manifest(&self) -> Option<Bytes> {
        self.state().manifest.as_ref().map(|(_, b)| b.clone())
    }

    /// Replaces the manifest object, as anyone with access to the bucket could.
    pub fn set_manifest(&self, bytes: impl Into<Bytes>) {
        let mut state = self.state();
        state.versions += 1;
        state.manifest = Some((state.versions, bytes.into()));
    }

    /// Changes a stored segment, as a fault of the disk could; `None` removes it.
    pub fn tamper(&self, id: SegmentId, bytes: Option<Bytes>) {
        let mut state = self.state();
        match bytes {
            Some(bytes) => {
                if let Some((stored, _)) = state.segments.get_mut(&id) {
                    *stored = bytes;
                }
            }
            None => {
                state.segments.remove(&id);
            }
        }
    }

    /// Ages every stored segment.
    pub fn age_segments(&self, by: Duration) {
        self.age_segments_if(by, |_| true);
    }

    /// Ages the stored segments that `which` selects.
    pub fn age_segments_if(&self, by: Duration, which: impl Fn(SegmentId) -> bool) {
        for (id, (_, modified)) in &mut self.state().segments {
            if which(*id) {
                *modified -= by;
            }
        }
    }

    /// Ages every kept generation.
    pub fn age_generations(&self, by: Duration) {
        for (_, modified) in self.state().generations.values_mut() {
            *modified -= by;
        }
    }

    /// Removes every kept generation.
    pub fn forget_generations(&self) {
        self.state().generations.clear();
    }

    /// Returns the numbers of the kept generations.
    pub fn generations(&self) -> Vec<u64> {
        self.state().generations.keys().copied().collect()
    }

    /// Returns the stored segments.
    pub fn segments(&self) -> BTreeMap<SegmentId, Bytes> {
        let state = self.state();
        let segments = state.segments.iter();
        segments.map(|(id, (b, _))| (*id, b.clone())).collect()
    }

    /// Returns the stored encoders.
    pub fn encoders(&self) -> Vec<Fingerprint> {
        self.state().encoders.keys().copied().collect()
    }

    /// Removes a stored encoder, as anyone with access to the bucket could.
    pub fn forget_encoder(&self, fingerprint: Fingerprint) {
        self.state().encoders.remove(&fingerprint);
    }

    /// Ages every stored encoder.
    pub fn age_encoders(&self, by: Duration) {
        for (_, modified) in self.state().encoders.values_mut() {
            *modified -= by;
        }
    }

    /// Returns every image record.
    pub fn image_records(&self) -> Vec<ImageRecord> {
        self.state().records.values().cloned().collect()
    }

    /// Takes the keys out of the queue of changes, in the order in which they were pushed.
    pub fn take_changes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().changes)
    }

    /// Takes the requests for maintenance, and returns their number.
    pub fn take_maintenance_requests(&self) -> u64 {
        std::mem::take(&mut self.state().maintenance_requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Lets a call pass that reads, or part of one.
    async fn call(&self, name: &'static str) -> Result<(), StoreError> {
        self.call_about(name, "").await
    }

    /// Lets a call pass that reads something of an image.
    async fn call_about(&self, name: &'static str, key: &str) -> Result<(), StoreError> {
        match self.pass(name, key).await? {
            Fate::Done => Ok(()),
            Fate::Refused(kind) => Err(refused(name, kind)),
            Fate::Unanswered | Fate::Late => Err(unanswered(name)),
        }
    }

    /// Lets a call pass that writes.
    async fn write<T>(
        &self,
        name: &'static str,
        work: impl Fn(&mut State) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.write_about(name, "", work).await
    }

    /// Lets a call pass that writes something of an image.
    async fn write_about<T>(
        &self,
        name: &'static str,
        key: &str,
        work: impl Fn(&mut State) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        match self.pass(name, key).await? {
            Fate::Done => work(&mut self.state()),
            Fate::Refused(kind) => Err(refused(name, kind)),
            Fate::Unanswered => {
                // Whatever came of it, the process does not learn of it.
                let _ = work(&mut self.state());
                Err(unanswered(name))
            }
            Fate::Late => {
                let write = move |state: &mut State| {
                    let _ = work(state);
                };
                self.state().late.push(Arc::new(write));
                Err(unanswered(name))
            }
        }
    }

    /// Lets other tasks run, as a network call would, then fails if a fault says so. Returns what the gate decides.
    async fn pass(&self, name: &'static str, about: &str) -> Result<Fate, StoreError> {
        *locked(&self.traffic).calls.entry(name).or_default() += 1;
        for _ in 0..self.turns() {
            tokio::task::yield_now().await;
        }
        let gate = locked(&self.gate).clone();
        let fate = match gate {
            Some(gate) => gate.pass(name, about).await,
            None => Fate::Done,
        };
        let fault = locked(&self.fault).clone();
        match fault.and_then(|fault| fault(name)) {
            Some(kind) => Err(refused(name, kind)),
            None => Ok(fate),
        }
    }

    fn turns(&self) -> u64 {
        let pace = self.pace.load(Ordering::Relaxed);
        if pace == 0 {
            return 1;
        }
        let next = pace
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.pace.store(next | 1, Ordering::Relaxed);
        1 + (next >> 60)
    }

    fn count_read(&self, bytes: usize) {
        locked(&self.traffic).read += bytes as u64;
    }

    fn count_written(&self, bytes: usize) {
        locked(&self.traffic).written += bytes as u64;
    }
}

/// Returns the time by a clock.
fn time_of(clock: &dyn Host) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(clock.now())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
