//! The encoder behind the service's port.

use std::sync::Arc;

use lookalike_core::ports::ImageEncoder;
use lookalike_encoder::{Area, Encoder, ImageError, ImageInfo};
use lookalike_index::Fingerprint;

/// Returns an encoder as the service's port.
pub(super) fn port(encoder: Encoder) -> Arc<dyn ImageEncoder> {
    Arc::new(EncoderPort(encoder))
}

struct EncoderPort(Encoder);

impl ImageEncoder for EncoderPort {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.0.fingerprint())
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        lookalike_encoder::inspect(image)
    }

    fn embed(&self, picture: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        self.0.embed_area(picture, area)
    }
}
