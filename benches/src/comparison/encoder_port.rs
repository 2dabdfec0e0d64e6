//! The default encoder as the service's port.

use lookalike_aws::embedded_encoder;
use lookalike_core::EncoderCell;

/// Returns the built-in encoder, loaded when it is first needed, as in the search function.
pub(crate) fn embedded() -> EncoderCell {
    EncoderCell::lazy(Box::new(|| {
        Box::pin(async {
            let loaded = tokio::task::spawn_blocking(embedded_encoder).await;
            let encoder = loaded.map_err(|died| died.to_string())?;
            encoder.map_err(|error| error.to_string())
        })
    }))
}
