//! The report's file: claimed at the start, in place only when it is whole.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempPath;

/// A file beside the one that is wanted; it takes that one's place at the end.
pub(crate) struct ReportFile {
    path: PathBuf,
    beside: TempPath,
}

impl ReportFile {
    /// Makes sure that the report can be written.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if path.exists() && !path.is_file() {
            bail!(
                "cannot write the report to {}: it is no file",
                path.display()
            );
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let unwritable = || format!("cannot write the report to {}", path.display());
        // Made by hand and not by tempfile: a report is to have the permissions of any new file.
        let name = path.file_name().with_context(unwritable)?;
        let name = format!(".{}.{}", name.to_string_lossy(), std::process::id());
        let beside = folder.join(name);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&beside)
            .with_context(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            beside: TempPath::try_from_path(beside).with_context(unwritable)?,
        })
    }

    /// Writes the report, and returns its path and size in bytes.
    pub(crate) fn write(self, page: &str) -> Result<(PathBuf, u64)> {
        let unwritable = || format!("cannot write the report to {}", self.path.display());
        let mut file = OpenOptions::new()
            .write(true)
            .open(&self.beside)
            .with_context(unwritable)?;
        file.write_all(page.as_bytes()).with_context(unwritable)?;
        self.beside.persist(&self.path).with_context(unwritable)?;
        Ok((self.path, page.len() as u64))
    }
}
