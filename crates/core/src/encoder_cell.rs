//! The encoder, loaded once and away from the async runtime.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use lookalike_encoder::{Area, ImageError, ImageInfo};
use lookalike_index::Fingerprint;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::memory_budget::{ExceedsMemory, MemoryBudget, Reservation};
use crate::model::EncoderFiles;
use crate::ports::ImageEncoder;
use crate::start_up;

/// Loads an encoder; the error is a sentence for people.
pub type EncoderLoader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn ImageEncoder>, String>> + Send + Sync>;

/// Fingerprint of an encoder, and the files from which it was computed.
pub type ReadFiles = (Fingerprint, EncoderFiles);

/// Reads the files of an encoder again; the error is a sentence for people.
pub type EncoderReader =
    Box<dyn Fn() -> BoxFuture<'static, Result<ReadFiles, String>> + Send + Sync>;

/// An encoder that is loaded when it is first needed. A failed load is tried again at the next
/// call.
#[derive(Clone)]
pub struct EncoderCell {
    inner: Arc<Inner>,
}

struct Inner {
    cell: OnceCell<Arc<dyn ImageEncoder>>,
    loader: Option<EncoderLoader>,
    reader: Option<EncoderReader>,
}

impl EncoderCell {
    /// Makes a cell with an encoder that is already loaded.
    pub fn ready(embedder: Arc<dyn ImageEncoder>) -> Self {
        Self::with(OnceCell::new_with(Some(embedder)), None, None)
    }

    /// Makes a cell with an encoder that is already loaded; `reader` reads its files.
    pub fn ready_with_files(embedder: Arc<dyn ImageEncoder>, reader: EncoderReader) -> Self {
        Self::with(OnceCell::new_with(Some(embedder)), None, Some(reader))
    }

    /// Makes a cell that loads its encoder on first use.
    pub fn lazy(loader: EncoderLoader) -> Self {
        Self::with(OnceCell::new(), Some(loader), None)
    }

    /// Makes a cell that loads its encoder on first use; `reader` reads its files. They are read
    /// again when they have to be stored, which is rare, rather than kept in memory.
    pub fn lazy_with_files(loader: EncoderLoader, reader: EncoderReader) -> Self {
        Self::with(OnceCell::new(), Some(loader), Some(reader))
    }

    fn with(
        cell: OnceCell<Arc<dyn ImageEncoder>>,
        loader: Option<EncoderLoader>,
        reader: Option<EncoderReader>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                cell,
                loader,
                reader,
            }),
        }
    }

    /// Returns the encoder, and loads it first if necessary.
    ///
    /// # Errors
    /// The error of the loader.
    pub async fn get(&self) -> Result<Arc<dyn ImageEncoder>, String> {
        let load = || async {
            match &self.inner.loader {
                Some(loader) => {
                    let loaded = loader().await?;
                    start_up::done("encoder loaded");
                    Ok(loaded)
                }
                None => Err("no loader".to_owned()),
            }
        };
        self.inner.cell.get_or_try_init(load).await.cloned()
    }

    /// Returns the files of the encoder; `None` if it has no files.
    ///
    /// # Errors
    /// The error of the reader, also if the files are not the ones that were loaded.
    pub async fn files(&self) -> Result<Option<EncoderFiles>, String> {
        let Some(reader) = &self.inner.reader else {
            return Ok(None);
        };
        let loaded = self.get().await?.fingerprint();
        let (found, files) = reader().await?;
        match found == loaded {
            true => Ok(Some(files)),
            false => Err(format!(
                "the files of encoder {:?} changed after they were loaded: their fingerprint is \
                 {found}, expected {loaded}: restart the process",
                files.name
            )),
        }
    }

    /// True if [`files`](Self::files) returns files.
    pub fn has_files(&self) -> bool {
        self.inner.reader.is_some()
    }
}

/// Limits how many images are decoded and embedded at once, by memory and by cores.
pub struct EncoderSlots {
    memory: MemoryBudget,
    cores: Arc<Semaphore>,
}

/// The right to decode and embed one image.
pub struct Slot {
    _memory: Reservation,
    _core: Option<OwnedSemaphorePermit>,
}

impl EncoderSlots {
    /// Makes slots for `parallel` images at once, whose memory stays within the budget.
    pub fn new(memory: MemoryBudget, parallel: usize) -> Self {
        Self {
            memory,
            cores: Arc::new(Semaphore::new(parallel.max(1))),
        }
    }

    /// Waits for a slot for an image, whose file has `held` bytes that count too. It waits for
    /// memory first: a slot that has a core never waits, so every core becomes free again.
    pub async fn acquire(&self, image: &ImageInfo, held: usize) -> Result<Slot, ExceedsMemory> {
        let memory = self.memory.reserve(image, held).await?;
        Ok(Slot {
            _memory: memory,
            _core: Arc::clone(&self.cores).acquire_owned().await.ok(),
        })
    }
}

/// Reads the header of an image on a thread for blocking work.
pub async fn inspect(
    embedder: Arc<dyn ImageEncoder>,
    image: Bytes,
) -> Result<ImageInfo, EmbedError> {
    run_blocking(move || embedder.inspect(&image)).await
}

/// Embeds a part of an image on a thread for blocking work. The slot is held for as long as the
/// work takes, even if the caller stopped waiting.
pub async fn embed(
    embedder: Arc<dyn ImageEncoder>,
    image: Bytes,
    area: Area,
    slot: Slot,
) -> Result<Vec<f32>, EmbedError> {
    run_blocking(move || {
        let embedding = embedder.embed(&image, &area);
        drop(slot);
        embedding
    })
    .await
}

/// Runs work on a thread for blocking work. An image that makes the encoder panic is a bad image:
/// it would do so again.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, EmbedError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(EmbedError::Image),
        Err(died) if died.is_panic() => {
            let reason = format!("the encoder panicked: {}", message_of(&*died.into_panic()));
            Err(EmbedError::Image(ImageError::Inference(reason)))
        }
        Err(cancelled) => Err(EmbedError::Encoder(cancelled.to_string())),
    }
}

impl fmt::Debug for EncoderCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncoderCell")
            .field("loaded", &self.inner.cell.initialized())
            .finish()
    }
}

/// Returns the message of a panic.
fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("it did not say why")
}

/// Returns the best number of images to embed at once: one per core.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

impl From<ExceedsMemory> for EmbedError {
    fn from(error: ExceedsMemory) -> Self {
        Self::Memory(error)
    }
}

/// The reason why there is no embedding.
pub enum EmbedError {
    /// The image is at fault.
    Image(ImageError),
    /// The image needs more memory than is reserved for images.
    Memory(ExceedsMemory),
    /// The encoder is at fault.
    Encoder(String),
}
