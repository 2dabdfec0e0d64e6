//! The objects of all buckets.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::files::{digest, is_missing, open_file};
use super::locks::NameLocks;
use super::metadata_log::MetadataLog;
use super::version::Stamp;
use super::{
    Address, Attributes, Checksums, Content, Listing, Query, StoreError, Version, WriteCondition,
    listing, tree,
};
use crate::clock::{self, Clock};

/// Age below which a file may still be written within the same tick of the file system's clock, so
/// that results computed from it are not kept.
const SETTLED: Duration = Duration::from_secs(2);

/// A change of an object. The listener runs while the name is locked, so changes of one name arrive
/// in the order in which they happened.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// A new version exists.
    Created {
        address: &'a Address,
        version: &'a Version,
        event: &'static str,
    },
    /// The object was removed, at the time `at` of the store's clock.
    Removed { address: &'a Address, at: i64 },
}

/// An object at the time of opening: later writes do not change it.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) file: File,
    pub(crate) version: Arc<Version>,
}

impl Object {
    /// True if the file has not changed since it was opened: the store itself never changes a file
    /// in place, but other programs may.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        Ok(Stamp::of(&self.file.metadata()?)? == self.version.stamp)
    }
}

/// The objects of all buckets.
pub(crate) struct ObjectStore {
    root: PathBuf,
    metadata_log: MetadataLog,
    locks: NameLocks,
    clock: Clock,
    listener: Box<dyn Fn(&Change<'_>) + Send + Sync>,
}

impl ObjectStore {
    /// Opens the objects in `root`, which has a folder per bucket; `metadata_log` is the file that describes them.
    pub(crate) fn open(
        root: &Path,
        metadata_log: &Path,
        listener: impl Fn(&Change<'_>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let current = |name: &str| Stamp::of(&fs::metadata(root.join(name)).ok()?).ok();
        let metadata_log = MetadataLog::open(metadata_log, current)?;
        Ok(Self {
            root: root.to_owned(),
            clock: Clock::after(metadata_log.latest()),
            metadata_log,
            locks: NameLocks::new(),
            listener: Box::new(listener),
        })
    }

    pub(crate) fn address(&self, bucket: &str, key: &str) -> Result<Address, StoreError> {
        Address::new(&self.root, bucket, key)
    }

    /// Returns the address of an object to read; a key that cannot be stored is simply missing.
    pub(crate) fn readable(&self, bucket: &str, key: &str) -> Result<Address, StoreError> {
        self.check_bucket(bucket)?;
        self.address(bucket, key)
            .map_err(|_| StoreError::NoSuchKey(key.to_owned()))
    }

    pub(crate) fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        if self.root.join(bucket).is_dir() {
            return Ok(());
        }
        Err(StoreError::NoSuchBucket(bucket.to_owned()))
    }

    pub(crate) fn delete_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.check_bucket(bucket)?;
        tree::remove_empty(&self.root.join(bucket)).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => StoreError::BucketNotEmpty(bucket.to_owned()),
            _ => error.into(),
        })
    }

    pub(crate) fn open_object(&self, address: &Address) -> Result<Object, StoreError> {
        let (mut file, stamp, known) = {
            // Under the lock, no writer changes the log between the two steps.
            let _reading = self.locks.read(&address.name());
            let file = open_file(address)?;
            let stamp = Stamp::of(&file.metadata()?)?;
            let known = self.metadata_log.find(&address.name(), stamp);
            (file, stamp, known)
        };
        let version = match known {
            Some(version) => version,
            None => self.describe(address, &mut file, stamp)?,
        };
        Ok(Object { file, version })
    }

    pub(crate) fn list(&self, bucket: &str, query: &Query) -> Result<Listing, StoreError> {
        self.check_bucket(bucket)?;
        listing::list(&self.root.join(bucket), query, |key| {
            let address = self.address(bucket, key)?;
            let stamp = Stamp::of(&fs::metadata(address.path())?)?;
            match self.metadata_log.find(&address.name(), stamp) {
                Some(version) => Ok(version),
                None => Ok(self.open_object(&address)?.version),
            }
        })
    }

    /// Makes `content` the object at `address` if `condition` holds.
    pub(crate) fn put(
        &self,
        address: &Address,
        content: &Content,
        etag: String,
        attributes: Attributes,
        condition: &WriteCondition,
        event: &'static str,
    ) -> Result<Arc<Version>, StoreError> {
        self.check_bucket(&address.bucket)?;
        let name = address.name();
        let _writing = self.locks.write(&name);
        condition.check(&address.key, || self.etag_of(address))?;
        content
            .file
            .set_modified(clock::system_time(self.clock.tick()))?;
        let version = Arc::new(Version {
            // Read back, because not every file system keeps nanoseconds.
            stamp: Stamp::of(&content.file.metadata()?)?,
            etag,
            attributes,
            checksums: content.checksums.clone(),
        });
        self.metadata_log.add(&name, version.clone())?;
        if let Err(error) = tree::place(content.path(), address) {
            self.metadata_log.discard(&name, version.stamp);
            return Err(error);
        }
        self.metadata_log.settle(&name, version.stamp);
        (self.listener)(&Change::Created {
            address,
            version: &version,
            event,
        });
        Ok(version)
    }

    /// Removes the object if there is one and `condition` holds.
    pub(crate) fn delete(
        &self,
        address: &Address,
        condition: &WriteCondition,
    ) -> Result<(), StoreError> {
        let name = address.name();
        let _writing = self.locks.write(&name);
        condition.check(&address.key, || self.etag_of(address))?;
        match fs::metadata(address.path()) {
            Ok(metadata) if metadata.is_file() => fs::remove_file(address.path())?,
            Ok(_) => return Ok(()),
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.metadata_log.forget(&name);
        tree::prune(address);
        let at = self.clock.tick();
        (self.listener)(&Change::Removed { address, at });
        Ok(())
    }

    /// Returns the next time of the store's clock.
    pub(crate) fn tick(&self) -> i64 {
        self.clock.tick()
    }

    /// Returns the ETag of the object at `address`, whose lock must be held.
    fn etag_of(&self, address: &Address) -> Result<Option<String>, StoreError> {
        let mut file = match open_file(address) {
            Ok(file) => file,
            Err(StoreError::NoSuchKey(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stamp = Stamp::of(&file.metadata()?)?;
        if let Some(version) = self.metadata_log.find(&address.name(), stamp) {
            return Ok(Some(version.etag.clone()));
        }
        Ok(Some(self.describe(address, &mut file, stamp)?.etag.clone()))
    }

    /// Describes a file that another program wrote.
    fn describe(
        &self,
        address: &Address,
        file: &mut File,
        stamp: Stamp,
    ) -> Result<Arc<Version>, StoreError> {
        let (etag, stamp) = digest(file, stamp)?;
        let version = Arc::new(Version {
            stamp,
            etag,
            attributes: Attributes::guessed(&address.key),
            checksums: Checksums::default(),
        });
        let age = std::time::SystemTime::now().duration_since(clock::system_time(stamp.modified));
        if age.is_ok_and(|age| age > SETTLED) {
            self.metadata_log.add(&address.name(), version.clone())?;
        }
        Ok(version)
    }
}
