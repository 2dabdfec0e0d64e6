//! Memory for decoding images, shared by all images that are decoded at once.

use std::path::Path;
use std::sync::Arc;

use lookalike_encoder::ImageInfo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Share of a process's memory that images may take, in percent. The rest is for the program with
/// its model (about 100 MB), the index, the request and its answer. With two fifths, the largest
/// image that is decoded (520 MB, and 32 MB of its file) fits into a function of 1,380 MB or more.
/// A function of 1,769 MB that decodes as much as it may stays below 60 % of its memory while it
/// serves an index of a hundred megabytes.
const IMAGE_PERCENT: u64 = 40;

/// Assumed memory of a machine that does not report it: enough for the largest image.
const ASSUMED_MEMORY: u64 = 2 << 30;

const MEGABYTE: u64 = 1 << 20;

/// Files in which Linux reports the memory of the machine, and the limit of this container.
const MACHINE: &str = "/proc/meminfo";
const CONTAINER: &str = "/sys/fs/cgroup/memory.max";

/// A budget of memory for images. An image reserves the memory that decoding takes according to its
/// header, and images wait in the order of arrival: small images do not overtake a large one for
/// long, and wait no longer than it takes to decode what arrived before them. While a reservation
/// is held, the only thing to wait for is a core, which is given back without any wait for memory;
/// so no two images wait for each other.
///
/// Clones share the budget.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    /// One permit is a megabyte.
    free: Arc<Semaphore>,
    megabytes: u32,
}

/// Memory that is reserved for an image until this is dropped.
pub type Reservation = OwnedSemaphorePermit;

/// An image needs more memory than all images together may take. Trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the image has {width}x{height} pixels and takes {needed} MB of memory to decode, but {available} MB are set \
     aside for images here, enough for about {limit} such pixels: send a smaller image, or have the operator give \
     the function more memory"
)]
pub struct ExceedsMemory {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Megabytes that decoding takes.
    pub needed: u64,
    /// Megabytes that all images together may take.
    pub available: u32,
    /// Pixels that an image of this kind may have.
    pub limit: u64,
}

impl ExceedsMemory {
    /// A stable word for programs, the same as for any image with too many pixels.
    pub const CODE: &str = "too-many-pixels";
}

impl MemoryBudget {
    /// Makes the budget of a process that may use `bytes` bytes of memory.
    pub fn of_process(bytes: u64) -> Self {
        let megabytes = bytes / 100 * IMAGE_PERCENT / MEGABYTE;
        let megabytes = megabytes.clamp(1, u64::from(u32::MAX)) as u32;
        Self {
            free: Arc::new(Semaphore::new(megabytes as usize)),
            megabytes,
        }
    }

    /// Makes the budget of a process that may use the memory of this machine, or of its container.
    pub fn of_machine() -> Self {
        let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
        let known = [
            total_memory(&read(MACHINE)),
            read(CONTAINER).trim().parse().ok(),
        ];
        let least = known.into_iter().flatten().min();
        Self::of_process(least.unwrap_or(ASSUMED_MEMORY))
    }

    /// Waits for the memory that decoding an image takes, plus `held` bytes, such as those of its
    /// file.
    pub async fn reserve(
        &self,
        image: &ImageInfo,
        held: usize,
    ) -> Result<Reservation, ExceedsMemory> {
        let needed = (image.memory + held as u64).div_ceil(MEGABYTE);
        let permits = u32::try_from(needed).ok();
        let Some(permits) = permits.filter(|&permits| permits <= self.megabytes) else {
            return Err(self.exceeded_by(image, needed));
        };
        match Arc::clone(&self.free).acquire_many_owned(permits).await {
            Ok(reservation) => Ok(reservation),
            // Nothing closes the semaphore.
            Err(_) => Err(self.exceeded_by(image, needed)),
        }
    }

    fn exceeded_by(&self, image: &ImageInfo, needed: u64) -> ExceedsMemory {
        let limit = image.pixels() * u64::from(self.megabytes) / needed.max(1);
        ExceedsMemory {
            width: image.width,
            height: image.height,
            needed,
            available: self.megabytes,
            limit,
        }
    }
}

impl Default for MemoryBudget {
    /// Returns the budget of [`of_machine`](Self::of_machine).
    fn default() -> Self {
        Self::of_machine()
    }
}

/// Returns the bytes in the first line of `/proc/meminfo`: `MemTotal: 16384256 kB`.
fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt;
    use lookalike_encoder::ImageFormat;

    use super::*;

    /// Makes a budget of `megabytes` megabytes.
    fn budget(megabytes: u64) -> MemoryBudget {
        let budget =
            MemoryBudget::of_process((megabytes * MEGABYTE * 100).div_ceil(IMAGE_PERCENT) + 100);
        assert_eq!(u64::from(budget.megabytes), megabytes);
        budget
    }

    /// Makes an image that takes `megabytes` megabytes.
    fn image(megabytes: u64) -> ImageInfo {
        ImageInfo {
            format: ImageFormat::Png,
            width: 1000,
            height: 1000,
            memory: megabytes * MEGABYTE,
        }
    }

    #[test]
    fn functions_have_two_fifths_of_their_memory_for_images() {
        let of = |megabytes: u64| MemoryBudget::of_process(megabytes * MEGABYTE).megabytes;
        assert_eq!((of(512), of(1769), of(3008)), (204, 707, 1203));
        assert_eq!((of(0), of(1 << 40)), (1, u32::MAX));
    }

    #[test]
    fn the_memory_of_a_machine_is_read() {
        assert_eq!(
            total_memory("MemTotal:       16384256 kB\nMemFree: 1 kB\n"),
            Some(16_384_256 << 10)
        );
        assert_eq!(
            (total_memory(""), total_memory("MemTotal: much")),
            (None, None)
        );
        assert!(MemoryBudget::of_machine().megabytes >= 50);
    }

    #[tokio::test]
    async fn no_more_is_reserved_than_there_is() {
        let budget = budget(100);
        let first = budget.reserve(&image(60), 0).await.unwrap();
        let file = 10 << 20;
        let second = budget.reserve(&image(30), file).await.unwrap();
        let one = image(1);
        let third = budget.reserve(&one, 0);
        tokio::pin!(third);
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        assert!(third.now_or_never().is_some());
        drop(first);
        assert!(budget.reserve(&image(100), 0).now_or_never().is_some());
    }

    #[tokio::test]
    async fn images_wait_in_the_order_of_arrival() {
        let budget = budget(100);
        let running = budget.reserve(&image(60), 0).await.unwrap();
        let [ninety, ten] = [90, 10].map(image);
        let large = budget.reserve(&ninety, 0);
        tokio::pin!(large);
        assert!(large.as_mut().now_or_never().is_none());
        // There is room for it, but a stream of small images would keep the large one waiting.
        let small = budget.reserve(&ten, 0);
        tokio::pin!(small);
        assert!(small.as_mut().now_or_never().is_none());
        drop(running);
        let large = large.now_or_never().unwrap();
        assert!(small.now_or_never().is_some());
        drop(large);
    }

    #[tokio::test]
    async fn an_image_that_never_fits_is_refused_at_once() {
        let budget = budget(100);
        let _running = budget.reserve(&image(100), 0).await.unwrap();
        let refused = budget.reserve(&image(200), 0).now_or_never().unwrap();
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.needed, refused.available, refused.limit),
            (200, 100, 500_000)
        );
        let text = refused.to_string();
        assert!(
            text.contains("1000x1000") && text.contains("send a smaller image"),
            "{text}"
        );
        assert!(
            budget
                .reserve(&image(1 << 40), 0)
                .now_or_never()
                .unwrap()
                .is_err()
        );
    }
}
