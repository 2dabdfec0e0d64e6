//! The file of a report: checked at the start, and in place only when it is complete.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempPath;

/// A temporary file that becomes the report at the end.
pub(crate) struct ReportFile {
    path: PathBuf,
    temporary: TempPath,
}

impl ReportFile {
    /// Checks that the report can be written.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if path.exists() && !path.is_file() {
            bail!(
                "cannot write the report to {}: it is not a file",
                path.display()
            );
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let unwritable = || format!("cannot write the report to {}", path.display());
        // Not made by tempfile, because a report has the permissions of any new file.
        let name = path.file_name().with_context(unwritable)?;
        let name = format!(".{}.{}", name.to_string_lossy(), std::process::id());
        let temporary = folder.join(name);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .with_context(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            temporary: TempPath::try_from_path(temporary).with_context(unwritable)?,
        })
    }

    /// Writes the report, and returns its path and size in bytes.
    pub(crate) fn write(self, page: &str) -> Result<(PathBuf, u64)> {
        let unwritable = || format!("cannot write the report to {}", self.path.display());
        let mut file = OpenOptions::new()
            .write(true)
            .open(&self.temporary)
            .with_context(unwritable)?;
        file.write_all(page.as_bytes()).with_context(unwritable)?;
        self.temporary
            .persist(&self.path)
            .with_context(unwritable)?;
        Ok((self.path, page.len() as u64))
    }
}
