//! The lock that excludes other exports into the same place.

use std::fs::{File, TryLockError};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use lookalike_aws::S3Versioned;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::host::{Host, SystemHost};
use lookalike_core::time::rfc3339;
use serde::{Deserialize, Serialize};

use super::destination::Destination;
use super::names::LOCK;

/// Milliseconds for which a lock in a bucket is valid: longer than the files of a chunk take.
const VALID_MS: u64 = 10 * 60 * 1000;
/// Age of a lock from which it is renewed, in milliseconds.
const RENEWAL_MS: u64 = 60 * 1000;

/// The right to export into a place. A command that is killed leaves no lock on a folder, and one in a bucket expires.
#[derive(Debug)]
pub(super) enum Lock {
    /// The folder itself, locked by the operating system.
    Folder { _file: File },
    /// An object.
    Bucket(LockObject),
}

/// A lock that is an object.
#[derive(Debug)]
pub(super) struct LockObject {
    object: S3Versioned,
    place: String,
    etag: String,
    renewed: u64,
}

/// The content of a lock that is an object.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    /// The process that exports, for people.
    process: u32,
    /// Milliseconds since 1970 at which it expires.
    until: u64,
}

impl Lock {
    /// Locks a destination.
    ///
    /// # Errors
    /// If another export into it is running.
    pub(super) async fn acquire(destination: &Destination) -> Result<Self> {
        match destination {
            Destination::Folder(path) => {
                let file = File::open(path)
                    .with_context(|| format!("cannot open the folder {}", path.display()))?;
                match file.try_lock() {
                    Ok(()) => Ok(Self::Folder { _file: file }),
                    Err(TryLockError::WouldBlock) => Err(in_use(destination)),
                    Err(TryLockError::Error(error)) => {
                        Err(error).with_context(|| format!("cannot lock {}", path.display()))
                    }
                }
            }
            Destination::Bucket { folder, url } => {
                let object = folder.versioned(LOCK, "the lock of the export");
                LockObject::create(object, url, destination)
                    .await
                    .map(Self::Bucket)
            }
        }
    }

    /// Keeps the lock valid for some minutes.
    ///
    /// # Errors
    /// If it expired, and another export began.
    pub(super) async fn renew(&mut self) -> Result<()> {
        match self {
            Self::Folder { .. } => Ok(()),
            Self::Bucket(lock) => lock.renew().await,
        }
    }

    /// Removes the lock, unless it expired and another export has it now.
    pub(super) async fn release(self, destination: &Destination) -> Result<()> {
        let Self::Bucket(lock) = self else {
            return Ok(());
        };
        match lock.object.read().await? {
            Some((etag, _)) if etag == lock.etag => destination.delete(LOCK).await,
            _ => Ok(()),
        }
    }
}

impl LockObject {
    async fn create(object: S3Versioned, url: &str, destination: &Destination) -> Result<Self> {
        let known = object.read().await?;
        if let Some((_, content)) = &known
            && let Ok(Content { until, .. }) = serde_json::from_slice(content)
            && let now = SystemHost.now()
            && until > now
        {
            let end = rfc3339(until);
            if until > now + VALID_MS {
                bail!(
                    "the lock of another export into {destination} ends at {end}, and no lock is valid for so long, so \
                     the clock of one of the machines is wrong: delete the object {LOCK} there if no export is running"
                );
            }
            bail!(
                "{}; if it was killed, its lock ends at {end}",
                in_use(destination)
            );
        }
        let etag = known.as_ref().map(|(etag, _)| etag.as_str());
        let now = SystemHost.now();
        let etag = object.swap(content(now)?, etag).await;
        Ok(Self {
            etag: etag.map_err(|error| lost(error, || in_use(destination)))?,
            object,
            place: url.to_owned(),
            renewed: now,
        })
    }

    async fn renew(&mut self) -> Result<()> {
        let now = SystemHost.now();
        if now.saturating_sub(self.renewed) < RENEWAL_MS {
            return Ok(());
        }
        let etag = self.object.swap(content(now)?, Some(&self.etag)).await;
        self.etag = etag.map_err(|error| {
            lost(error, || {
                anyhow!(
                    "this export was too slow, and another one into {} began: run one at a time",
                    self.place
                )
            })
        })?;
        self.renewed = now;
        Ok(())
    }
}

fn content(now: u64) -> Result<Bytes> {
    let content = Content {
        process: std::process::id(),
        until: now + VALID_MS,
    };
    Ok(serde_json::to_vec(&content)?.into())
}

/// Returns another error if the lock was written by someone else.
fn lost(error: StoreError, otherwise: impl FnOnce() -> anyhow::Error) -> anyhow::Error {
    match error.kind {
        StoreErrorKind::Conflict => otherwise(),
        _ => error.into(),
    }
}

fn in_use(destination: &Destination) -> anyhow::Error {
    anyhow!(
        "another export into {destination} is running: wait until it ends, or choose another place with --out"
    )
}
