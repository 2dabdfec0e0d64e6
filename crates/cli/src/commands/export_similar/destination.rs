//! The destination of an export: a folder, or a prefix of a bucket.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use lookalike_aws::S3Folder;

use super::names::{INDEX, UNFINISHED};
use crate::target::Target;

/// The destination of an export.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A prefix of a bucket.
    Bucket {
        folder: S3Folder,
        /// The URL as it was given.
        url: String,
    },
}

impl Destination {
    /// Opens the destination in `--out`; a missing folder is created.
    pub(super) fn open(out: &str, target: &Target) -> Result<Self> {
        if let Some(rest) = out.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            if bucket.is_empty() {
                bail!("--out {out:?} names no bucket: it is s3://bucket/prefix");
            }
            refuse_own(bucket, prefix, target)?;
            return Ok(Self::Bucket {
                folder: S3Folder::new(target.cloud.clients(), bucket, prefix),
                url: out.to_owned(),
            });
        }
        let path = PathBuf::from(out);
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the folder {out}: choose another with --out"))?;
        Ok(Self::Folder(path))
    }

    /// Returns the names of all files.
    pub(super) async fn list(&self) -> Result<BTreeSet<String>> {
        match self {
            Self::Bucket { folder, .. } => Ok(folder.list().await?),
            Self::Folder(path) => {
                let unreadable = || format!("cannot list {}", path.display());
                let mut names = BTreeSet::new();
                let mut entries = tokio::fs::read_dir(path).await.with_context(unreadable)?;
                while let Some(entry) = entries.next_entry().await.with_context(unreadable)? {
                    // A name that is not UTF-8 was not written by this command.
                    names.extend(entry.file_name().into_string());
                }
                Ok(names)
            }
        }
    }

    /// Returns the content of a file, or `None` if it does not exist.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>> {
        match self {
            Self::Bucket { folder, .. } => Ok(folder.read(name).await?),
            Self::Folder(path) => match tokio::fs::read(path.join(name)).await {
                Ok(content) => Ok(Some(content.into())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    Err(error).with_context(|| format!("cannot read {name} in {}", path.display()))
                }
            },
        }
    }

    /// Writes a file: readers see the old one or the new one.
    pub(super) async fn write(&self, name: &str, content: Bytes) -> Result<()> {
        match self {
            Self::Bucket { folder, .. } => Ok(folder.write(name, content).await?),
            Self::Folder(path) => {
                let (folder, file) = (path.clone(), name.to_owned());
                let written =
                    tokio::task::spawn_blocking(move || replace(&folder, &file, &content));
                written.await?.with_context(|| {
                    format!(
                        "cannot write {name} to {}: is there room, and may this user write there?",
                        path.display()
                    )
                })
            }
        }
    }

    /// Removes a file; removing a missing one succeeds.
    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        match self {
            Self::Bucket { folder, .. } => Ok(folder.delete(name).await?),
            Self::Folder(path) => match tokio::fs::remove_file(path.join(name)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error)
                    .with_context(|| format!("cannot remove {name} in {}", path.display())),
                _ => Ok(()),
            },
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket { url, .. } => f.write_str(url),
        }
    }
}

/// Writes a temporary file and renames it: no reader sees half of it.
fn replace(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let temporary = folder.join(format!("{name}{UNFINISHED}"));
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(content)?;
    // The index and the list of pending files must be whole even after a power failure.
    if !name.ends_with(".json") || name == INDEX {
        file.sync_all()?;
    }
    drop(file);
    std::fs::rename(&temporary, folder.join(name))
}

/// Rejects destinations that the system itself uses.
fn refuse_own(bucket: &str, prefix: &str, target: &Target) -> Result<()> {
    let settings = &target.settings;
    let first = prefix.split('/').next().unwrap_or_default();
    if bucket == settings.catalog_bucket && matches!(first, "catalog" | "uploads") {
        bail!(
            "--out s3://{bucket}/{prefix} is reserved for images of the system: \
             choose another prefix or bucket"
        );
    }
    let index = settings.index_prefix.as_str();
    let is_in_index = prefix == index || prefix.starts_with(&format!("{index}/"));
    if bucket == settings.index_bucket && is_in_index {
        bail!("--out s3://{bucket}/{prefix} contains the index: choose another prefix or bucket");
    }
    Ok(())
}
