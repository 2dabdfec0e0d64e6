//! Memory that segments are read into.

use bytes::Bytes;
use memmap2::MmapMut;

use crate::error::{StoreError, StoreErrorKind};

/// Minimum size for which large pages are requested from the system.
const LARGE: u64 = 8 << 20;

/// Memory for a segment, or a part of one, for a store to fill in place.
///
/// A large segment is in large pages if the system has them: with small ones, the page faults of a
/// large index take as long as reading it.
#[derive(Debug)]
pub struct SegmentMemory(Memory);

#[derive(Debug)]
enum Memory {
    Heap(Vec<u8>),
    Pages(MmapMut),
}

impl SegmentMemory {
    /// Allocates `bytes` bytes, all zero.
    ///
    /// # Errors
    /// [`StoreErrorKind::Invalid`] if there is not as much memory: the length comes from a
    /// manifest, and a wrong one must not abort the process. `operation` is the purpose of the
    /// memory.
    pub fn new(bytes: u64, operation: impl FnOnce() -> String) -> Result<Self, StoreError> {
        if bytes < LARGE {
            return Ok(Self(Memory::Heap(vec![0; bytes as usize])));
        }
        let length = usize::try_from(bytes).map_err(std::io::Error::other);
        let pages = length.and_then(MmapMut::map_anon).map_err(|error| {
            let message = format!("its {bytes} bytes do not fit into memory");
            StoreError::new(StoreErrorKind::Invalid, operation(), message).caused_by(error)
        })?;
        // This is only advice: small pages work too.
        #[cfg(target_os = "linux")]
        let _ = pages.advise(memmap2::Advice::HugePage);
        Ok(Self(Memory::Pages(pages)))
    }

    /// Returns the first `filled` bytes, or all if there are fewer.
    pub fn into_bytes(self, filled: usize) -> Bytes {
        let mut all = match self.0 {
            Memory::Heap(all) => Bytes::from(all),
            Memory::Pages(all) => Bytes::from_owner(all),
        };
        all.truncate(filled);
        all
    }
}

impl AsMut<[u8]> for SegmentMemory {
    fn as_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Heap(all) => all,
            Memory::Pages(all) => all,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_as_long_as_asked_for_and_ends_where_it_was_filled() {
        for bytes in [0, 1, 5000, LARGE - 1, LARGE, LARGE + 1] {
            let mut memory = SegmentMemory::new(bytes, String::new).unwrap();
            let all = memory.as_mut();
            assert_eq!(all.len() as u64, bytes);
            assert!(all.iter().all(|&byte| byte == 0));
            all.fill(7);
            let filled = bytes as usize / 2;
            let found = memory.into_bytes(filled);
            assert!(found.len() == filled && found.iter().all(|&byte| byte == 7));
        }
        let all = SegmentMemory::new(LARGE, String::new).unwrap();
        assert_eq!(all.into_bytes(usize::MAX).len() as u64, LARGE);
    }

    #[test]
    fn more_memory_than_any_machine_has_is_refused() {
        let error = SegmentMemory::new(1 << 60, || "get segment x".to_owned()).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Invalid);
        assert!(
            error.to_string().contains("do not fit into memory"),
            "{error}"
        );
        assert!(error.to_string().contains("get segment x"), "{error}");
    }
}
