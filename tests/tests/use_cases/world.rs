//! A cloud in memory with an encoder made of arithmetic, and what the tests ask of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use lookalike_core::ports::{ImageEncoder, Measurement, Metrics};
use lookalike_core::{
    Area, Deadline, EncoderCell, EncoderFiles, Encoders, Fingerprint, ImageError, ImageFormat,
    ImageInfo, StoreErrorKind,
};
use lookalike_index::{CompactionPolicy, LiveRows, Manifest, Row, Segment, SegmentId, SegmentKind};
use lookalike_indexing::{
    BatchReport, IndexPorts, IndexSettings, Indexer, Outcome, ProductsReport,
};
use lookalike_search::{SearchOptions, SearchPorts, SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;

/// Time after which searches of an engine show what was written.
pub(crate) const LAG: Duration = Duration::from_secs(30);
pub(crate) const DIMENSIONS: usize = 16;

/// Turns bytes into a direction that depends on every one of them. Bytes that begin with `bad` are no
/// image, `zero` has no direction, `panic` panics.
pub(crate) struct Arithmetic {
    fingerprint: Fingerprint,
    pub(crate) embedded: AtomicU64,
}

impl Arithmetic {
    fn new(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            embedded: AtomicU64::new(0),
        }
    }

    /// Other encoders than the first have vectors of other lengths, and see other things.
    fn length(&self) -> usize {
        DIMENSIONS + usize::from(self.fingerprint.0[0]) - 1
    }
}

impl ImageEncoder for Arithmetic {
    fn name(&self) -> &str {
        "arithmetic"
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn dimensions(&self) -> usize {
        self.length()
    }

    /// Bytes that begin with `wide-` and a number of pixels claim as many in one row, with six bytes of memory each;
    /// all others have one pixel.
    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        if image.is_empty() {
            return Err(ImageError::Empty);
        }
        if image.starts_with(b"bad") {
            return Err(ImageError::UnsupportedFormat {
                found: "bad bytes".to_owned(),
            });
        }
        let text = std::str::from_utf8(image).unwrap_or_default();
        let digits = text.strip_prefix("wide-").unwrap_or_default();
        let digits = digits.split('-').next().unwrap_or_default();
        let width = digits.parse().unwrap_or(1);
        Ok(ImageInfo {
            format: ImageFormat::Png,
            width,
            height: 1,
            memory: u64::from(width) * 6,
        })
    }

    /// A part of an image is like another image, that of the bytes with the crop before them.
    fn embed(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        self.embedded.fetch_add(1, Ordering::Relaxed);
        let crop = area.crop.map(|crop| crop.to_string()).unwrap_or_default();
        match &[crop.as_bytes(), image].concat()[..] {
            [] => Err(ImageError::Empty),
            bad if bad.starts_with(b"bad") => Err(ImageError::UnsupportedFormat {
                found: "bad bytes".to_owned(),
            }),
            // An image for one encoder alone.
            only if only.starts_with(b"only-") && only[5] - b'0' != self.fingerprint.0[0] => Err(
                ImageError::Inference("this encoder cannot embed it".to_owned()),
            ),
            zero if zero.starts_with(b"zero") => Ok(vec![0.0; self.length()]),
            panic if panic.starts_with(b"panic") => panic!("this image is too much"),
            good => Ok(direction(good, self.fingerprint.0[0], self.length())),
        }
    }
}

fn direction(bytes: &[u8], encoder: u8, length: usize) -> Vec<f32> {
    let seed = 0xcbf2_9ce4_8422_2325_u64 + u64::from(encoder) - 1;
    let mut state = bytes.iter().fold(seed, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let vector: Vec<f32> = (0..length)
        .map(|_| mix(&mut state) as f32 / u64::MAX as f32 - 0.5)
        .collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

/// The next of a sequence of well mixed numbers.
pub(crate) fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What an index row says of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said {
    pub(crate) etag: String,
    pub(crate) product_id: String,
    /// As JSON.
    pub(crate) attributes: String,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) cloud: Arc<MemoryCloud>,
    pub(crate) encoder: Arc<Arithmetic>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(MemoryCloud::new(), 1)
    }

    /// The same cloud with an encoder of another fingerprint.
    pub(crate) fn over(cloud: Arc<MemoryCloud>, fingerprint: u8) -> Self {
        let encoder = Arc::new(Arithmetic::new(Fingerprint([fingerprint; 32])));
        Self { cloud, encoder }
    }

    /// The encoder of this world, and whatever others are stored. An encoder's files name its
    /// fingerprint.
    pub(crate) fn encoders(&self) -> Encoders {
        let fingerprint = self.encoder.fingerprint;
        let read = move || {
            let files = EncoderFiles {
                name: "arithmetic".to_owned(),
                model: Bytes::copy_from_slice(&fingerprint.0),
                preprocessing: Bytes::new(),
            };
            futures::future::ready(Ok((fingerprint, files))).boxed()
        };
        let cell = EncoderCell::ready_with_files(self.encoder.clone(), Box::new(read));
        let open = |files: EncoderFiles, _: Fingerprint| {
            let fingerprint = files.model.as_ref().try_into();
            let fingerprint = Fingerprint(fingerprint.map_err(|_| "no encoder".to_owned())?);
            Ok(Arc::new(Arithmetic::new(fingerprint)) as Arc<dyn ImageEncoder>)
        };
        Encoders::new(cell, self.cloud.clone(), Arc::new(open))
    }

    pub(crate) fn indexer(&self) -> Indexer {
        self.indexer_with(settings())
    }

    pub(crate) fn indexer_with(&self, settings: IndexSettings) -> Indexer {
        Indexer::new(self.index_ports(), settings)
    }

    /// An indexer whose clock is far ahead: every object is old to it, and nothing was replaced lately.
    pub(crate) fn hasty(&self) -> Indexer {
        self.indexer_with(IndexSettings {
            safe_age: Duration::ZERO,
            ..settings()
        })
    }

    pub(crate) fn index_ports(&self) -> IndexPorts {
        self.cloud.index_ports(self.encoders())
    }

    pub(crate) fn search_ports(&self) -> SearchPorts {
        self.cloud.search_ports(self.encoders())
    }

    /// A searcher that looks for a newer index at every search.
    pub(crate) fn searcher(&self) -> Searcher {
        self.searcher_with(Duration::ZERO)
    }

    pub(crate) fn searcher_with(&self, refresh: Duration) -> Searcher {
        Searcher::new(
            self.search_ports(),
            SearchSettings {
                refresh,
                ..SearchSettings::default()
            },
        )
    }

    pub(crate) fn put(&self, key: &str, body: &str) -> String {
        self.cloud.put_image(key, body.to_owned(), BTreeMap::new())
    }

    pub(crate) fn put_product(&self, key: &str, body: &str, product_id: &str) -> String {
        let metadata = BTreeMap::from([("product-id".to_owned(), product_id.to_owned())]);
        self.cloud.put_image(key, body.to_owned(), metadata)
    }

    /// Indexes keys in one batch, with a new indexer.
    pub(crate) async fn index(&self, keys: &[&str]) -> BatchReport {
        index(&self.indexer(), keys).await
    }

    /// Indexes so many images `catalog/<from..>.jpg`, in batches.
    pub(crate) async fn fill(
        &self,
        indexer: &Indexer,
        numbers: std::ops::Range<u32>,
        batch: usize,
    ) {
        let keys: Vec<String> = numbers.map(|n| format!("catalog/{n:05}.jpg")).collect();
        for keys in keys.chunks(batch) {
            for key in keys {
                self.put(key, key);
            }
            let report = indexer.index_keys(keys, long()).await.unwrap();
            assert!(report.outcomes.iter().all(|(_, o)| *o == Outcome::Indexed));
        }
    }

    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::decode(&self.cloud.manifest().unwrap()).unwrap()
    }

    /// Ages every kept generation, and the current one.
    pub(crate) fn age_generations(&self, by: Duration) {
        self.cloud.age_generations(by);
        let mut manifest = self.manifest();
        for entry in &mut manifest.history {
            entry.at -= by.as_millis() as u64;
        }
        self.cloud.set_manifest(manifest.encode());
    }

    /// Ages the doomed segments.
    pub(crate) fn age_doomed(&self, by: Duration) {
        let mut manifest = self.manifest();
        for group in &mut manifest.doomed {
            group.at -= by.as_millis() as u64;
        }
        self.cloud.set_manifest(manifest.encode());
    }

    pub(crate) fn segment_ids(&self) -> BTreeSet<SegmentId> {
        self.manifest().entries().map(|s| s.id).collect()
    }

    pub(crate) fn bases(&self) -> usize {
        let segments = self.manifest().segments;
        let bases = segments.iter().filter(|s| s.kind == SegmentKind::Base);
        bases.count()
    }

    /// Every live row of the searched index, read from the stored objects themselves. Panics when a key
    /// is live twice, or a segment is of another encoder.
    pub(crate) fn rows(&self) -> BTreeMap<String, Said> {
        match self.cloud.manifest() {
            Some(manifest) => self.rows_of(Manifest::decode(&manifest).unwrap().fingerprint),
            None => BTreeMap::new(),
        }
    }

    /// The same of the index of that encoder.
    pub(crate) fn rows_of(&self, fingerprint: Fingerprint) -> BTreeMap<String, Said> {
        let rows = self.full_rows_of(fingerprint).into_iter();
        let said = |row: Row| Said {
            etag: row.etag,
            product_id: row.product_id,
            attributes: serde_json::to_string(&row.attributes).unwrap(),
        };
        rows.map(|(key, row)| (key, said(row))).collect()
    }

    /// The same with attributes and embeddings.
    pub(crate) fn full_rows_of(&self, fingerprint: Fingerprint) -> BTreeMap<String, Row> {
        let manifest = self.manifest().index_of(fingerprint).unwrap();
        let stored = self.cloud.segments();
        let open = |id| Segment::open(&stored[&id], id, manifest.fingerprint).unwrap();
        let segments: Vec<Segment> = manifest.segments.iter().map(|s| open(s.id)).collect();
        let view = LiveRows::new(segments.iter().map(|s| s.meta().clone()).collect());
        let mut rows = BTreeMap::new();
        for at in view.addresses() {
            let row = segments[at.segment].row(at.row);
            let before = rows.insert(row.key.clone(), row);
            assert_eq!(before, None, "a key is live twice");
        }
        if let Some(base) = manifest.serving_base() {
            let metas = || view.segments().iter();
            let removed: BTreeSet<&str> = metas().flat_map(|meta| meta.tombstones()).collect();
            let is_newer = |key: &str| metas().any(|meta| meta.find(key).is_some());
            let mut found = self.cloud.base_rows(&base.name);
            found.retain(|key, _| !removed.contains(&**key) && !is_newer(key));
            rows.extend(found);
        }
        rows
    }

    /// What the searched index keeps of an image to filter by, as JSON.
    pub(crate) fn attributes(&self, key: &str) -> String {
        self.rows()[key].attributes.clone()
    }

    /// Stores a product's metadata.
    pub(crate) fn put_metadata(&self, product_id: &str, metadata: serde_json::Value) {
        let metadata = serde_json::from_value(metadata).unwrap();
        self.cloud.put_metadata(product_id, metadata);
    }

    /// Tells a new indexer of products that changed.
    pub(crate) async fn index_products(&self, products: &[&str]) -> ProductsReport {
        index_products(&self.indexer(), products).await
    }

    /// Key, product and code of every failure record.
    pub(crate) fn failures(&self) -> Vec<(String, String, String)> {
        let records = self.cloud.image_records().into_iter();
        let failed = records.filter_map(|r| Some((r.key, r.product_id, r.failure?.code)));
        let mut failed: Vec<_> = failed.collect();
        failed.sort();
        failed
    }

    pub(crate) async fn verify(&self) -> u64 {
        let report = self.indexer().verify().await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        report.images
    }

    pub(crate) fn embedded(&self) -> u64 {
        self.encoder.embedded.load(Ordering::Relaxed)
    }

    /// Lets calls of one name fail, so many times.
    pub(crate) fn fail(&self, name: &'static str, times: u64, kind: StoreErrorKind) {
        let left = AtomicU64::new(times);
        self.cloud.set_fault(Some(Box::new(move |call| {
            let hit = call == name
                && left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                    .is_ok();
            hit.then_some(kind)
        })));
    }
}

pub(crate) async fn index(indexer: &Indexer, keys: &[&str]) -> BatchReport {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    indexer.index_keys(&keys, long()).await.unwrap()
}

pub(crate) async fn index_products(indexer: &Indexer, products: &[&str]) -> ProductsReport {
    let products: Vec<String> = products.iter().map(|id| (*id).to_owned()).collect();
    indexer.index_products(&products, long()).await.unwrap()
}

pub(crate) fn outcomes(report: &BatchReport) -> Vec<(&str, &Outcome)> {
    report
        .outcomes
        .iter()
        .map(|(k, o)| (k.as_str(), o))
        .collect()
}

/// Small numbers, so that little work makes much compaction. Brand and price are filterable.
pub(crate) fn settings() -> IndexSettings {
    IndexSettings {
        filterable: "brand,price".parse().unwrap(),
        policy: CompactionPolicy {
            fan_in: 3,
            base_share: 0.3,
            base_minimum: 25,
            graph_minimum: 40,
            ..CompactionPolicy::default()
        },
        parallel: 2,
        engine_lag: LAG + Duration::from_secs(5),
        ..IndexSettings::default()
    }
}

/// No compaction by itself.
pub(crate) fn never_compacting() -> IndexSettings {
    IndexSettings {
        policy: CompactionPolicy {
            fan_in: 1 << 30,
            base_minimum: u64::MAX,
            ..CompactionPolicy::default()
        },
        ..settings()
    }
}

pub(crate) fn long() -> Deadline {
    Deadline::after(Duration::from_secs(900))
}

pub(crate) fn everything() -> SearchOptions {
    SearchOptions {
        k: lookalike_search::MAX_K,
        min_score: -1.0,
        ..SearchOptions::default()
    }
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Noted(Mutex<Vec<Measurement>>);

impl Noted {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let noted = self.0.lock().unwrap();
        noted.iter().map(|measurement| measurement.name).collect()
    }

    /// The values of one metric, in the order in which they were measured.
    pub(crate) fn values(&self, name: &str) -> Vec<f64> {
        let noted = self.0.lock().unwrap();
        let of_name = noted.iter().filter(|measurement| measurement.name == name);
        of_name.map(|measurement| measurement.value).collect()
    }
}

impl Metrics for Noted {
    fn emit(&self, measurements: &[Measurement]) {
        self.0.lock().unwrap().extend_from_slice(measurements);
    }
}
