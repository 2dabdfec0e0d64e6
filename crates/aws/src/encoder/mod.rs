//! The configured encoder as the service's port.

mod error;
pub(crate) mod file_names;
mod files;
mod port;

use std::sync::Arc;

use futures::FutureExt;
use lookalike_core::ports::ImageEncoder;
use lookalike_core::{EncoderCell, EncoderFiles, Encoders, ReadFiles};
use lookalike_encoder::{Encoder, LoadError};
use lookalike_index::Fingerprint;

use self::files::files_at;
use self::port::port;
use crate::clients::Clients;
use crate::cloud::Cloud;
use crate::settings::{EncoderSource, Settings};

pub use self::error::EncoderError;

/// Returns the configured encoder, and those that are stored beside the index of `cloud`.
pub fn encoders(settings: &Settings, cloud: &Cloud) -> Encoders {
    let configured = encoder_cell(settings.encoder.clone(), cloud.clients());
    let open = |files: EncoderFiles, wanted: Fingerprint| {
        let encoder = from_files(&files).map_err(|error| error.to_string())?;
        Ok(port(encoder.reading_as(wanted.0)))
    };
    Encoders::new(
        configured,
        Arc::clone(&cloud.stored_encoders),
        Arc::new(open),
    )
}

/// Makes a cell that loads the encoder when it is first needed.
pub fn encoder_cell(source: EncoderSource, clients: &Clients) -> EncoderCell {
    let (again, again_clients) = (source.clone(), clients.clone());
    let clients = clients.clone();
    let load = move || {
        let (source, clients) = (source.clone(), clients.clone());
        async move {
            load_encoder(&source, &clients)
                .await
                .map_err(|error| error.to_string())
        }
        .boxed()
    };
    let read = move || {
        let (source, clients) = (again.clone(), again_clients.clone());
        async move {
            read_files(&source, &clients)
                .await
                .map_err(|error| error.to_string())
        }
        .boxed()
    };
    EncoderCell::lazy_with_files(Box::new(load), Box::new(read))
}

/// Loads the encoder at `source`, ready to embed. Takes several hundred milliseconds.
///
/// # Errors
/// If its files cannot be read or used.
pub async fn load_encoder(
    source: &EncoderSource,
    clients: &Clients,
) -> Result<Arc<dyn ImageEncoder>, EncoderError> {
    let files = match source {
        EncoderSource::Embedded => None,
        source => Some(files_at(source, clients).await?),
    };
    tokio::task::spawn_blocking(move || match files {
        None => embedded_encoder(),
        Some(files) => open_encoder(&files),
    })
    .await?
}

/// Loads the built-in encoder, ready to embed.
///
/// # Errors
/// None with an intact build.
pub fn embedded_encoder() -> Result<Arc<dyn ImageEncoder>, EncoderError> {
    Ok(port(Encoder::embedded()?))
}

/// Loads an encoder from these files, ready to embed. Takes several hundred milliseconds, on this
/// thread.
///
/// # Errors
/// If the files cannot be used.
pub fn open_encoder(files: &EncoderFiles) -> Result<Arc<dyn ImageEncoder>, EncoderError> {
    Ok(port(from_files(files)?))
}

fn from_files(files: &EncoderFiles) -> Result<Encoder, LoadError> {
    Encoder::from_parts(&files.name, &files.model, &files.preprocessing)
}

/// Reads the files at `source`, and returns them with their fingerprint.
async fn read_files(source: &EncoderSource, clients: &Clients) -> Result<ReadFiles, EncoderError> {
    let files = files_at(source, clients).await?;
    tokio::task::spawn_blocking(move || {
        let found = Encoder::fingerprint_of(&files.model, &files.preprocessing)?;
        Ok((Fingerprint(found), files))
    })
    .await?
}
