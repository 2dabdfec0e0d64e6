use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lookalike_encoder::Augmentation;
use sha2::{Digest, Sha256};

use crate::hex;

/// The first bytes of every file: a name and the version of the format.
const MAGIC: &[u8; 8] = b"lkpool\0\x01";

/// Pooled features on disk, by the image's content, the augmentation and the backbone's
/// fingerprint: a second run, or one after an interruption, finds the results of the first,
/// wherever the images are by then. Any number of processes may share a folder.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    fingerprint: [u8; 32],
}

impl FeatureCache {
    /// Refers to a cache in a folder, which need not exist, for a backbone.
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
        let bytes = fs::read(self.path(content, augmentation)).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (values, checksum) = rest.split_last_chunk::<32>()?;
        if values.len() != 4 * count || *checksum != self.checksum(content, augmentation, values) {
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
        let path = self.path(content, augmentation);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let values: Vec<u8> = features.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&values)?;
        file.write_all(&self.checksum(content, augmentation, &values))?;
        file.persist(&path)?;
        Ok(())
    }

    /// Returns a path with one folder for each augmentation: few enough files in each, and easy to
    /// remove.
    fn path(&self, content: [u8; 32], augmentation: &Augmentation) -> PathBuf {
        let augmentation = augmentation.to_string().replace(':', "_");
        self.folder.join(augmentation).join(hex(&content))
    }

    /// Computes a checksum that includes the names by which a file is found, so that a renamed file
    /// does not count for another image.
    fn checksum(&self, content: [u8; 32], augmentation: &Augmentation, values: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.fingerprint);
        hash.update(content);
        hash.update(augmentation.to_string());
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

        let path = cache.path([2; 32], &Augmentation::NONE);
        fs::create_dir_all(cache.path([2; 32], &mirrored).parent().unwrap()).unwrap();
        fs::copy(&path, cache.path([2; 32], &mirrored)).unwrap();
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
}
