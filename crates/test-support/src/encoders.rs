//! Encoders for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lookalike_core::ports::ImageEncoder;
use lookalike_core::{Area, Fingerprint, ImageError, ImageFormat, ImageInfo};

/// A function that gets the bytes of an image.
type ImageHook = Box<dyn Fn(&[u8]) + Send + Sync>;

/// The first two bytes of an image are its embedding, scaled to unit length.
pub struct TwoByteEncoder {
    before_embed: ImageHook,
}

impl TwoByteEncoder {
    /// Makes an encoder that calls `before_embed` with the bytes of every image.
    pub fn calling(before_embed: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self {
            before_embed: Box::new(before_embed),
        }
    }
}

impl Default for TwoByteEncoder {
    fn default() -> Self {
        Self::calling(|_| ())
    }
}

impl ImageEncoder for TwoByteEncoder {
    fn name(&self) -> &str {
        "two-bytes"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([7; 32])
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn inspect(&self, _: &[u8]) -> Result<ImageInfo, ImageError> {
        Ok(ImageInfo {
            format: ImageFormat::Png,
            width: 1,
            height: 1,
            memory: 1,
        })
    }

    fn embed(&self, image: &[u8], _: &Area) -> Result<Vec<f32>, ImageError> {
        (self.before_embed)(image);
        let [x, y, ..] = image else {
            return Err(ImageError::Empty);
        };
        let (x, y) = (f32::from(*x), f32::from(*y));
        let length = x.hypot(y);
        Ok(vec![x / length, y / length])
    }
}

/// Another encoder, of which it records the load: the sum over the images that are embedded at the same time.
pub struct LoadRecorder {
    encoder: Arc<dyn ImageEncoder>,
    load_of: fn(&ImageInfo) -> u64,
    load: AtomicU64,
    peak: AtomicU64,
}

impl LoadRecorder {
    /// Time that every image takes, so that some are embedded at the same time.
    const PAUSE: Duration = Duration::from_millis(30);

    /// Records the number of images.
    pub fn of_images(encoder: Arc<dyn ImageEncoder>) -> Arc<Self> {
        Self::new(encoder, |_| 1)
    }

    /// Records the bytes of memory.
    pub fn of_memory(encoder: Arc<dyn ImageEncoder>) -> Arc<Self> {
        Self::new(encoder, |info| info.memory)
    }

    fn new(encoder: Arc<dyn ImageEncoder>, load_of: fn(&ImageInfo) -> u64) -> Arc<Self> {
        Arc::new(Self {
            encoder,
            load_of,
            load: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        })
    }

    /// Returns the highest load so far.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::SeqCst)
    }
}

impl ImageEncoder for LoadRecorder {
    fn name(&self) -> &str {
        self.encoder.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.encoder.fingerprint()
    }

    fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        self.encoder.inspect(image)
    }

    fn embed(&self, image: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        let added = (self.load_of)(&self.inspect(image)?);
        let load = self.load.fetch_add(added, Ordering::SeqCst) + added;
        self.peak.fetch_max(load, Ordering::SeqCst);
        std::thread::sleep(Self::PAUSE);
        let embedding = self.encoder.embed(image, area);
        self.load.fetch_sub(added, Ordering::SeqCst);
        embedding
    }
}
