//! The folders above objects.

use std::fs;
use std::io;
use std::path::Path;

use super::{Address, StoreError};

/// Renames `from` to the address and creates the folders above it. A delete may remove these at the
/// same time if they are empty, so there are several tries.
pub(crate) fn place(from: &Path, address: &Address) -> Result<(), StoreError> {
    let conflict = || StoreError::KeyConflict {
        key: address.key.clone(),
    };
    let to = address.path();
    if to.is_dir() && fs::remove_dir(to).is_err() {
        return Err(conflict());
    }
    let mut tries = 0;
    loop {
        let placed = create_parents(address).and_then(|()| fs::rename(from, to));
        let Err(error) = placed else { return Ok(()) };
        if !address.bucket_path().is_dir() {
            return Err(StoreError::NoSuchBucket(address.bucket.clone()));
        }
        tries += 1;
        match error.kind() {
            io::ErrorKind::NotFound if tries < 20 => {}
            io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty => return Err(conflict()),
            _ => return Err(error.into()),
        }
    }
}

/// Creates the folders above, but never the bucket's own: a deleted bucket stays deleted.
fn create_parents(address: &Address) -> io::Result<()> {
    let parents: Vec<&Path> = address
        .path()
        .ancestors()
        .skip(1)
        .take_while(|parent| *parent != address.bucket_path())
        .collect();
    for parent in parents.into_iter().rev() {
        match fs::create_dir(parent) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && parent.is_dir() => {}
            other => other?,
        }
    }
    Ok(())
}

/// Removes empty folders above the address, up to the bucket's.
pub(crate) fn prune(address: &Address) {
    for parent in address.path().ancestors().skip(1) {
        if parent == address.bucket_path() || fs::remove_dir(parent).is_err() {
            return;
        }
    }
}

/// Removes a folder and the empty folders in it; fails at the first file.
pub(crate) fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        } else {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
    }
    fs::remove_dir(folder)
}
