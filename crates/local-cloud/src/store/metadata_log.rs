//! The log of descriptions that files do not contain.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::version::{Stamp, Version};

/// Number of outdated lines, in addition to the current ones, after which the file is rewritten.
const MAX_OUTDATED_LINES: usize = 10_000;

/// The described versions by object name; one line of JSON each in an append-only file.
///
/// An object has several versions here only while one replaces another.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    path: PathBuf,
    versions: RwLock<HashMap<String, Vec<Arc<Version>>>>,
    file: Mutex<LineFile>,
}

#[derive(Debug)]
struct LineFile {
    file: File,
    lines: usize,
    /// True if the last line may be cut off, because writing it failed.
    torn: bool,
}

#[derive(Serialize, Deserialize)]
struct Line<'a, V> {
    name: std::borrow::Cow<'a, str>,
    #[serde(flatten)]
    version: V,
}

impl MetadataLog {
    /// Reads the file, drops the versions that `current` no longer reports, and rewrites it.
    pub(crate) fn open(path: &Path, current: impl Fn(&str) -> Option<Stamp>) -> io::Result<Self> {
        let mut versions = read(path)?;
        versions.retain(|name, list: &mut Vec<Arc<Version>>| {
            let stamp = current(name);
            // The latest line of a stamp counts.
            let kept = list
                .iter()
                .rev()
                .find(|version| Some(version.stamp) == stamp)
                .cloned();
            *list = kept.into_iter().collect();
            !list.is_empty()
        });
        let file = rewrite(path, &versions)?;
        Ok(Self {
            path: path.to_owned(),
            versions: RwLock::new(versions),
            file: Mutex::new(file),
        })
    }

    /// Returns the largest modification time of all versions.
    pub(crate) fn latest(&self) -> i64 {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        let times = versions
            .values()
            .flatten()
            .map(|version| version.stamp.modified);
        times.max().unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str, stamp: Stamp) -> Option<Arc<Version>> {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        let list = versions.get(name)?;
        list.iter()
            .rev()
            .find(|version| version.stamp == stamp)
            .cloned()
    }

    /// Adds a version to those of a name.
    pub(crate) fn add(&self, name: &str, version: Arc<Version>) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.append(&mut file, name, &version)?;
        let mut versions = self
            .versions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        versions.entry(name.to_owned()).or_default().push(version);
        Ok(())
    }

    /// Keeps only this version of a name.
    pub(crate) fn settle(&self, name: &str, stamp: Stamp) {
        self.retain(name, |version| version.stamp == stamp);
    }

    /// Drops one version of a name, which was not stored.
    pub(crate) fn discard(&self, name: &str, stamp: Stamp) {
        self.retain(name, |version| version.stamp != stamp);
    }

    /// Drops all versions of a name.
    pub(crate) fn forget(&self, name: &str) {
        self.retain(name, |_| false);
    }

    // In memory only: other lines of the file are dropped when it is next read or rewritten,
    // because no file has their stamp.
    fn retain(&self, name: &str, keep: impl Fn(&Version) -> bool) {
        let mut versions = self
            .versions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = versions.get_mut(name) {
            list.retain(|version| keep(version));
            if list.is_empty() {
                versions.remove(name);
            }
        }
    }

    fn append(
        &self,
        file: &mut MutexGuard<'_, LineFile>,
        name: &str,
        version: &Version,
    ) -> io::Result<()> {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        if file.lines > MAX_OUTDATED_LINES + 2 * versions.len() {
            **file = rewrite(&self.path, &versions)?;
        }
        drop(versions);
        let mut text = Vec::new();
        if file.torn {
            text.push(b'\n');
        }
        write_line(&mut text, name, version)?;
        file.torn = true;
        file.file.write_all(&text)?;
        file.torn = false;
        file.lines += 1;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<HashMap<String, Vec<Arc<Version>>>> {
    let mut versions: HashMap<String, Vec<Arc<Version>>> = HashMap::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(versions),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line<'_, Version>>(&line) {
            Ok(Line { name, version }) => {
                let list = versions.entry(name.into_owned()).or_default();
                list.push(Arc::new(version));
            }
            // Its object is then treated like a file that another program wrote.
            Err(error) => {
                tracing::warn!(%error, "ignored an unreadable line of {}", path.display())
            }
        }
    }
    Ok(versions)
}

fn rewrite(path: &Path, versions: &HashMap<String, Vec<Arc<Version>>>) -> io::Result<LineFile> {
    let fresh = path.with_extension("jsonl.new");
    let mut writer = BufWriter::new(File::create(&fresh)?);
    let mut lines = 0;
    for (name, list) in versions {
        for version in list {
            write_line(&mut writer, name, version)?;
            lines += 1;
        }
    }
    writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_data()?;
    std::fs::rename(&fresh, path)?;
    let file = OpenOptions::new().append(true).open(path)?;
    Ok(LineFile {
        file,
        lines,
        torn: false,
    })
}

fn write_line(writer: &mut impl Write, name: &str, version: &Version) -> io::Result<()> {
    let line = Line {
        name: name.into(),
        version,
    };
    serde_json::to_writer(&mut *writer, &line)?;
    writer.write_all(b"\n")
}
