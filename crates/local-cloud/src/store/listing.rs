//! Listing the objects of a bucket in the order of keys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{StoreError, Version};

/// Maximum length of a key, in bytes; deeper folders cannot hold objects.
const MAX_KEY_BYTES: usize = 1024;

/// The keys to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    /// Keys that contain this after the prefix are rolled up; not empty.
    pub(crate) delimiter: Option<String>,
    /// Lists only keys and common prefixes after this one.
    pub(crate) after: String,
    /// Maximum number of entries to return.
    pub(crate) limit: usize,
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Object {
        key: String,
        version: Arc<Version>,
    },
    /// All keys that begin with this.
    Prefix(String),
}

/// Entries in the order of their keys' bytes.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    /// Start of the next page, if there are more entries.
    pub(crate) next: Option<String>,
}

/// Lists the files below `bucket`; `describe` returns the version of a key.
pub(crate) fn list(
    bucket: &Path,
    query: &Query,
    describe: impl Fn(&str) -> Result<Arc<Version>, StoreError>,
) -> Result<Listing, StoreError> {
    let mut walk = Walk {
        query,
        describe,
        listing: Listing::default(),
        last: String::new(),
        full: false,
    };
    if query.limit > 0 {
        walk.folder(bucket, "")?;
    }
    if walk.full {
        walk.listing.next = Some(walk.last);
    }
    Ok(walk.listing)
}

struct Walk<'a, D> {
    query: &'a Query,
    describe: D,
    listing: Listing,
    /// The last entry: a key or a common prefix.
    last: String,
    /// True if there is an entry beyond the limit.
    full: bool,
}

impl<D: Fn(&str) -> Result<Arc<Version>, StoreError>> Walk<'_, D> {
    /// Lists a folder; `base` is its key with a slash at the end, or empty.
    fn folder(&mut self, path: &Path, base: &str) -> Result<(), StoreError> {
        for (name, is_folder) in sorted(path)? {
            if self.full {
                return Ok(());
            }
            let key = format!("{base}{name}");
            if key.len() > MAX_KEY_BYTES || !self.may_hold(&key, is_folder) {
                continue;
            }
            let child = path.join(name.trim_end_matches('/'));
            if is_folder {
                self.folder(&child, &key)?;
            } else {
                self.file(key)?;
            }
        }
        Ok(())
    }

    /// True if the key of a file, or a key below a folder, can still become an entry.
    fn may_hold(&self, key: &str, is_folder: bool) -> bool {
        let Query { prefix, after, .. } = self.query;
        if is_folder {
            let wanted = key.starts_with(prefix.as_str()) || prefix.starts_with(key);
            let passed = key < after.as_str() && !after.starts_with(key);
            wanted && !passed && !self.rolled_up(key)
        } else {
            key.starts_with(prefix.as_str()) && key > after.as_str() && !self.rolled_up(key)
        }
    }

    /// True if the key is below a common prefix of this page or of the previous one.
    fn rolled_up(&self, key: &str) -> bool {
        let Some(delimiter) = &self.query.delimiter else {
            return false;
        };
        let below = |seen: &str| {
            seen.len() > self.query.prefix.len()
                && seen.ends_with(delimiter.as_str())
                && key.starts_with(seen)
        };
        below(&self.last) || below(&self.query.after)
    }

    fn file(&mut self, key: String) -> Result<(), StoreError> {
        let rest = &key[self.query.prefix.len()..];
        let delimiter = self.query.delimiter.as_deref();
        let end = delimiter.and_then(|d| rest.find(d).map(|at| at + d.len()));
        if self.listing.entries.len() == self.query.limit {
            self.full = true;
            return Ok(());
        }
        if let Some(end) = end {
            let common = key[..self.query.prefix.len() + end].to_owned();
            self.last.clone_from(&common);
            self.listing.entries.push(Entry::Prefix(common));
            return Ok(());
        }
        match (self.describe)(&key) {
            Ok(version) => {
                self.last.clone_from(&key);
                self.listing.entries.push(Entry::Object { key, version });
                Ok(())
            }
            // The file was removed after the folder was read.
            Err(StoreError::NoSuchKey(_)) => Ok(()),
            Err(StoreError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Returns the names in a folder; those of folders have a slash at the end. In this order, a walk
/// visits the keys in the order of their bytes.
fn sorted(path: &Path) -> io::Result<Vec<(String, bool)>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Keys are UTF-8; a file with another name cannot be an object.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        match kind(&entry, path) {
            Kind::File => names.push((name, false)),
            Kind::Folder => names.push((name + "/", true)),
            Kind::Other => {}
        }
    }
    names.sort_unstable();
    Ok(names)
}

enum Kind {
    File,
    Folder,
    Other,
}

fn kind(entry: &fs::DirEntry, parent: &Path) -> Kind {
    let Ok(mut file_type) = entry.file_type() else {
        return Kind::Other;
    };
    let is_link = file_type.is_symlink();
    if is_link {
        match fs::metadata(entry.path()) {
            Ok(metadata) => file_type = metadata.file_type(),
            Err(_) => return Kind::Other,
        }
    }
    if file_type.is_file() {
        Kind::File
    } else if file_type.is_dir() && !(is_link && leads_up(&entry.path(), parent)) {
        Kind::Folder
    } else {
        Kind::Other
    }
}

/// True if a link leads to a folder above it, which would make an endless walk.
fn leads_up(link: &Path, parent: &Path) -> bool {
    let real = |path: &Path| -> Option<PathBuf> { path.canonicalize().ok() };
    match (real(link), real(parent)) {
        (Some(target), Some(parent)) => parent.starts_with(target),
        _ => true,
    }
}
