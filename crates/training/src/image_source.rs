//! The bytes of labeled images, wherever they are stored.

use bytes::Bytes;

use crate::labeled::LabeledImage;

/// Reads images, one at a time; called from several threads.
pub trait ImageSource: Sync {
    /// Returns the bytes of an image; the error is the reason why there are none, for people.
    fn read(&self, image: &LabeledImage) -> Result<Bytes, String>;

    /// Identifies the bytes that [`read`](Self::read) would return, if that is known without
    /// reading them: equal versions have equal bytes.
    fn version(&self, image: &LabeledImage) -> Option<[u8; 32]>;
}

/// Reads image files. Their versions are unknown: a file changes without notice.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImageFiles;

impl ImageSource for ImageFiles {
    fn read(&self, image: &LabeledImage) -> Result<Bytes, String> {
        let bytes = std::fs::read(&image.path);
        bytes
            .map(Bytes::from)
            .map_err(|error| format!("cannot read it: {error}"))
    }

    fn version(&self, _: &LabeledImage) -> Option<[u8; 32]> {
        None
    }
}
