//! The default encoder as the service's port.

use std::sync::Arc;

use lookalike_encoder::{Encoder, PictureError};
use lookalike_index::Fingerprint;
use lookalike_service::EmbedderCell;
use lookalike_service::ports::Embedder;

struct EncoderPort(Encoder);

impl Embedder for EncoderPort {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.0.fingerprint())
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn embed(&self, picture: &[u8]) -> Result<Vec<f32>, PictureError> {
        self.0.embed(picture)
    }
}

/// The encoder inside the program, loaded when it is first needed, as the search function loads it.
pub(crate) fn embedded() -> EmbedderCell {
    EmbedderCell::lazy(Box::new(|| {
        Box::pin(async {
            let loaded = tokio::task::spawn_blocking(Encoder::embedded).await;
            let encoder = loaded.map_err(|died| died.to_string())?;
            let encoder = encoder.map_err(|error| error.to_string())?;
            Ok(Arc::new(EncoderPort(encoder)) as Arc<dyn Embedder>)
        })
    }))
}
