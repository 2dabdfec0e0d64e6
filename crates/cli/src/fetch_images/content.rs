//! Telling whole images from everything else that servers send.

use bytes::Bytes;
use lookalike_core::{ImageError, ImageFormat, MemoryBudget};
use lookalike_encoder::{inspect, verify};

use super::error::FetchError;

/// Returns the format of an image that can be decoded to its end. File names and media types of servers do not count.
pub(crate) async fn check(body: &Bytes, memory: &MemoryBudget) -> Result<ImageFormat, FetchError> {
    let info = inspect(body)?;
    let reservation = memory.reserve(&info, body.len()).await?;
    let body = body.clone();
    let verified = tokio::task::spawn_blocking(move || {
        let verified = verify(&body);
        drop(reservation);
        verified
    });
    match verified.await {
        Ok(verified) => verified?,
        Err(panic) => return Err(ImageError::Inference(panic.to_string()).into()),
    }
    Ok(info.format)
}
