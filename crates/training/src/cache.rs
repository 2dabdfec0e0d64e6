use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lookalike_encoder::Augmentation;
use sha2::{Digest, Sha256};

use crate::hex;

/// The first bytes of every file: a name and the version of the format.
const MAGIC: &[u8; 8] = b"lkpool\0\x01";

/// The kind of the entries that map versions to contents; no augmentation has this name.
const CONTENTS: &str = "contents";

/// Features on disk, by the image's content, the augmentation and the fingerprint of the network: a
/// second run, or one after an interruption, finds the results of the first, wherever the images
/// are by then. Any number of processes may share a folder.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    fingerprint: [u8; 32],
}

impl FeatureCache {
    /// Refers to a cache in a folder, which need not exist, for a network.
    pub fn new(folder: &Path, fingerprint: [u8; 32]) -> Self {
        let folder = folder.join(&hex(&fingerprint)[..16]);
        Self {
            folder,
            fingerprint,
        }
    }

    /// Returns the `count` features of an augmentation of the image whose bytes have this SHA-256;
    /// `None` if they are missing or damaged and have to be computed again.
    pub fn get(
        &self,
        content: [u8; 32],
        augmentation: &Augmentation,
        count: usize,
    ) -> Option<Vec<f32>> {
        let augmentation = augmentation.to_string();
        let values = self.read(content, &augmentation)?;
        if values.len() != 4 * count {
            return None;
        }
        let (values, _) = values.as_chunks::<4>();
        Some(
            values
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        )
    }

    /// Stores features; readers see all of them or nothing.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn put(
        &self,
        content: [u8; 32],
        augmentation: &Augmentation,
        features: &[f32],
    ) -> io::Result<()> {
        let values: Vec<u8> = features.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.write(content, &augmentation.to_string(), &values)
    }

    /// Returns the SHA-256 of the bytes that a version of an image has, if it was stored.
    pub fn content(&self, version: [u8; 32]) -> Option<[u8; 32]> {
        self.read(version, CONTENTS)?.try_into().ok()
    }

    /// Stores the SHA-256 of the bytes that a version of an image has, so that they need not be
    /// read again to find their features.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn put_content(&self, version: [u8; 32], content: [u8; 32]) -> io::Result<()> {
        self.write(version, CONTENTS, &content)
    }

    /// Returns the bytes that were stored under a key; `None` if they are missing or damaged.
    fn read(&self, key: [u8; 32], kind: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(key, kind)).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (values, checksum) = rest.split_last_chunk::<32>()?;
        (*checksum == self.checksum(key, kind, values)).then(|| values.to_vec())
    }

    fn write(&self, key: [u8; 32], kind: &str, values: &[u8]) -> io::Result<()> {
        let path = self.path(key, kind);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(values)?;
        file.write_all(&self.checksum(key, kind, values))?;
        file.persist(&path)?;
        Ok(())
    }

    /// Returns a path with one folder for each kind, such as an augmentation: few enough files in
    /// each, and easy to remove.
    fn path(&self, key: [u8; 32], kind: &str) -> PathBuf {
        self.folder.join(kind.replace(':', "_")).join(hex(&key))
    }

    /// Computes a checksum that includes the names by which a file is found, so that a renamed file
    /// does not count for another image.
    fn checksum(&self, key: [u8; 32], kind: &str, values: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.fingerprint);
        hash.update(key);
        hash.update(kind);
        hash.update(values);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kept_features_are_found_until_they_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache::new(folder.path(), [1; 32]);
        let mirrored = Augmentation::NONE.flip();
        assert_eq!(cache.get([2; 32], &Augmentation::NONE, 3), None);
        cache
            .put([2; 32], &Augmentation::NONE, &[1.0, -2.0, 0.5])
            .unwrap();
        assert_eq!(
            cache.get([2; 32], &Augmentation::NONE, 3),
            Some(vec![1.0, -2.0, 0.5])
        );
        assert_eq!(cache.get([2; 32], &Augmentation::NONE, 2), None);
        assert_eq!(cache.get([2; 32], &mirrored, 3), None);
        let other = FeatureCache::new(folder.path(), [3; 32]);
        assert_eq!(other.get([2; 32], &Augmentation::NONE, 3), None);

        let path = cache.path([2; 32], &Augmentation::NONE.to_string());
        let mirrored_path = cache.path([2; 32], &mirrored.to_string());
        fs::create_dir_all(mirrored_path.parent().unwrap()).unwrap();
        fs::copy(&path, &mirrored_path).unwrap();
        assert_eq!(cache.get([2; 32], &mirrored, 3), None);
        let mut bytes = fs::read(&path).unwrap();
        for damage in [0, 9, bytes.len() - 1] {
            bytes[damage] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(cache.get([2; 32], &Augmentation::NONE, 3), None);
            bytes[damage] ^= 1;
        }
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(cache.get([2; 32], &Augmentation::NONE, 3), None);
        }
    }

    #[test]
    fn the_content_of_a_version_is_found_until_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache::new(folder.path(), [1; 32]);
        assert_eq!(cache.content([2; 32]), None);
        cache.put_content([2; 32], [7; 32]).unwrap();
        assert_eq!(cache.content([2; 32]), Some([7; 32]));
        assert_eq!(cache.content([3; 32]), None);
        let path = cache.path([2; 32], CONTENTS);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(cache.content([2; 32]), None);
    }
}
