//! Locks of object names.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const STRIPES: usize = 256;

/// One lock per object name, from a fixed set: two names may share one and then wait for each
/// other, which is harmless because no thread holds two at once.
#[derive(Debug)]
pub(crate) struct NameLocks(Vec<RwLock<()>>);

impl NameLocks {
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| RwLock::new(())).collect())
    }

    // The locks guard no data of their own, so a poisoned one can still be used.
    pub(crate) fn read(&self, name: &str) -> RwLockReadGuard<'_, ()> {
        self.stripe(name)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self, name: &str) -> RwLockWriteGuard<'_, ()> {
        self.stripe(name)
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn stripe(&self, name: &str) -> &RwLock<()> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let index = hasher.finish() % STRIPES as u64;
        &self.0[usize::try_from(index).unwrap_or_default()]
    }
}
