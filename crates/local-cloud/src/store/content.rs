//! Objects that are being received.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};

use super::{Checksums, StoreError};

/// The folder in which objects are received before they are renamed into place.
#[derive(Debug)]
pub(crate) struct Incoming {
    folder: PathBuf,
    counter: AtomicU64,
}

impl Incoming {
    /// Empties the folder: its files were being received when the process ended.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(folder)?,
        }
        Ok(Self {
            folder: folder.to_owned(),
            counter: AtomicU64::new(0),
        })
    }

    /// Begins to receive bytes, computing the checksums in `checks`.
    pub(crate) fn begin(&self, checks: &Checks) -> io::Result<Draft> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let path = TemporaryPath(self.folder.join(number.to_string()));
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path.0)?;
        Ok(Draft {
            file,
            path,
            md5: Md5::new(),
            hasher: checks.hasher(),
        })
    }
}

/// The checksums to compute while bytes are received.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checks {
    pub(crate) crc32: bool,
    pub(crate) crc32c: bool,
    pub(crate) crc64nvme: bool,
    pub(crate) sha1: bool,
    pub(crate) sha256: bool,
}

impl Checks {
    /// Selects the checksums that `sums` has.
    pub(crate) fn of(sums: &Checksums) -> Self {
        Self {
            crc32: sums.crc32.is_some(),
            crc32c: sums.crc32c.is_some(),
            crc64nvme: sums.crc64nvme.is_some(),
            sha1: sums.sha1.is_some(),
            sha256: sums.sha256.is_some(),
        }
    }

    fn hasher(&self) -> ChecksumHasher {
        ChecksumHasher {
            crc32: self.crc32.then(Default::default),
            crc32c: self.crc32c.then(Default::default),
            sha1: self.sha1.then(Default::default),
            sha256: self.sha256.then(Default::default),
            crc64nvme: self.crc64nvme.then(Default::default),
        }
    }
}

/// Bytes that are being received.
pub(crate) struct Draft {
    file: File,
    path: TemporaryPath,
    md5: Md5,
    hasher: ChecksumHasher,
}

impl Draft {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.md5.update(bytes);
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    /// Ends receiving. The bytes are then on the disk, so that a power failure cannot empty an
    /// object that was already renamed into place.
    pub(crate) fn finish(self) -> io::Result<Content> {
        self.file.sync_data()?;
        let sums = self.hasher.finalize();
        Ok(Content {
            file: self.file,
            path: self.path,
            md5: self.md5.finalize(),
            checksums: Checksums {
                crc32: sums.checksum_crc32,
                crc32c: sums.checksum_crc32c,
                crc64nvme: sums.checksum_crc64nvme,
                sha1: sums.checksum_sha1,
                sha256: sums.checksum_sha256,
            },
        })
    }
}

/// Received bytes, in a file that is removed unless it is renamed into place.
pub(crate) struct Content {
    pub(crate) file: File,
    path: TemporaryPath,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Content {
    pub(crate) fn path(&self) -> &Path {
        &self.path.0
    }

    /// Returns the ETag of an object that was put in one piece.
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }

    /// Compares the bytes with the sender's checksums, in base64.
    pub(crate) fn verify(&self, md5: Option<&str>, sums: &Checksums) -> Result<(), StoreError> {
        let digest = STANDARD.encode(self.md5);
        let own = &self.checksums;
        let pairs = [
            ("MD5", md5, Some(&digest)),
            ("CRC32", sums.crc32.as_deref(), own.crc32.as_ref()),
            ("CRC32C", sums.crc32c.as_deref(), own.crc32c.as_ref()),
            (
                "CRC64NVME",
                sums.crc64nvme.as_deref(),
                own.crc64nvme.as_ref(),
            ),
            ("SHA1", sums.sha1.as_deref(), own.sha1.as_ref()),
            ("SHA256", sums.sha256.as_deref(), own.sha256.as_ref()),
        ];
        for (what, expected, received) in pairs {
            let received = received.map_or("", String::as_str);
            if let Some(expected) = expected.filter(|expected| *expected != received) {
                let (expected, received) = (expected.to_owned(), received.to_owned());
                return Err(StoreError::BadDigest {
                    what,
                    expected,
                    received,
                });
            }
        }
        Ok(())
    }
}

/// Removes the file when dropped; after a rename there is nothing to remove.
struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        // A leftover is removed at the next start.
        let _ = fs::remove_file(&self.0);
    }
}
