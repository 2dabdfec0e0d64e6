//! The data folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::StartError;

/// The data folder: its layout, and the lock that excludes other processes.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    // The system drops the lock with the file, so a killed process leaves none behind.
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing, and locks it.
    pub(crate) fn open(root: &Path) -> Result<Self, StartError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| StartError::Folder { path, source }
        };
        fs::create_dir_all(root).map_err(fail(root))?;
        let root = root.canonicalize().map_err(fail(root))?;
        let lock_path = root.join("lock");
        let lock = File::create(&lock_path).map_err(fail(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StartError::FolderInUse(root)),
            Err(TryLockError::Error(source)) => return Err(fail(&lock_path)(source)),
        }
        let folder = Self { root, _lock: lock };
        let objects = folder.objects();
        fs::create_dir_all(&objects).map_err(fail(&objects))?;
        Ok(folder)
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.root.join("s3")
    }

    pub(crate) fn versions(&self) -> PathBuf {
        self.root.join("s3-versions.jsonl")
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("s3-incoming")
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("s3-uploads")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("dynamodb.sqlite")
    }
}
