//! The encoder that the settings name, as the service's port.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use lookalike_encoder::{Area, Encoder, ImageInfo, LoadError, ImageError};
use lookalike_index::Fingerprint;
use lookalike_service::ports::Embedder;
use lookalike_service::{EmbedderCell, EncoderFiles, Encoders, ReadFiles, StoreError};

use crate::bucket::{Bucket, Reading};
use crate::clients::Clients;
use crate::cloud::Cloud;
use crate::settings::{self, EncoderSource, Settings};

pub(crate) const MODEL: &str = "model.onnx";
pub(crate) const PREPROCESSING: &str = "preprocessor_config.json";

/// Why the encoder is not there.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the model cannot be read.
    #[error(
        "cannot read {path:?} of the encoder: {source}: {variable} has to name a directory with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An object of the model cannot be read.
    #[error(
        "cannot read an object of the encoder: {0}: {variable} has to name an S3 prefix with \
         {MODEL} and {PREPROCESSING}", variable = settings::ENCODER
    )]
    Object(#[from] StoreError),
    /// The model or its preprocessing cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Loading it ended in a panic.
    #[error("loading the encoder ended early: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// The encoder that the settings name, and those that are stored beside the index of `cloud`.
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

/// A cell that loads the encoder when it is first needed.
pub fn encoder_cell(source: EncoderSource, clients: &Clients) -> EmbedderCell {
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
    EmbedderCell::lazy_with_files(Box::new(load), Box::new(read))
}

/// The encoder at `source`, ready to embed. Takes a good part of a second.
///
/// # Errors
/// When its files cannot be read or used.
pub async fn load_encoder(
    source: &EncoderSource,
    clients: &Clients,
) -> Result<Arc<dyn Embedder>, EncoderError> {
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

/// The encoder inside of the program, ready to embed.
///
/// # Errors
/// None with an intact build.
pub fn embedded_encoder() -> Result<Arc<dyn Embedder>, EncoderError> {
    Ok(port(Encoder::embedded()?))
}

/// The encoder that these files make, ready to embed. Takes a good part of a second, on this thread.
///
/// # Errors
/// When the files cannot be used.
pub fn open_encoder(files: &EncoderFiles) -> Result<Arc<dyn Embedder>, EncoderError> {
    Ok(port(from_files(files)?))
}

fn from_files(files: &EncoderFiles) -> Result<Encoder, LoadError> {
    Encoder::from_parts(&files.name, &files.model, &files.preprocessing)
}

fn port(encoder: Encoder) -> Arc<dyn Embedder> {
    Arc::new(EncoderPort(encoder))
}

/// The files at `source`, and the fingerprint that follows from them.
async fn read_files(source: &EncoderSource, clients: &Clients) -> Result<ReadFiles, EncoderError> {
    let files = files_at(source, clients).await?;
    tokio::task::spawn_blocking(move || {
        let found = Encoder::fingerprint_of(&files.model, &files.preprocessing)?;
        Ok((Fingerprint(found), files))
    })
    .await?
}

async fn files_at(source: &EncoderSource, clients: &Clients) -> Result<EncoderFiles, EncoderError> {
    match source {
        EncoderSource::Embedded => {
            let (name, model, preprocessing) = Encoder::embedded_files();
            Ok(EncoderFiles {
                name: name.to_owned(),
                model: Bytes::from_static(model),
                preprocessing: Bytes::from_static(preprocessing),
            })
        }
        EncoderSource::Directory(directory) => from_directory(directory).await,
        EncoderSource::S3 { bucket, prefix } => from_s3(clients, bucket, prefix).await,
    }
}

async fn from_directory(directory: &Path) -> Result<EncoderFiles, EncoderError> {
    let read = async |name| {
        let path = directory.join(name);
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(Bytes::from(bytes)),
            Err(source) => Err(EncoderError::File { path, source }),
        }
    };
    let name = directory
        .file_name()
        .map_or("custom".into(), |name| name.to_string_lossy());
    Ok(EncoderFiles {
        name: name.into_owned(),
        model: read(MODEL).await?,
        preprocessing: read(PREPROCESSING).await?,
    })
}

async fn from_s3(
    clients: &Clients,
    bucket: &str,
    prefix: &str,
) -> Result<EncoderFiles, EncoderError> {
    let bucket = Bucket::new(clients, bucket, settings::ENCODER);
    let read = async |name| {
        let key = match prefix {
            "" => String::from(name),
            prefix => format!("{prefix}/{name}"),
        };
        match bucket.read(&key, u64::MAX, |get| get).await? {
            Reading::Found(read) => Ok(read.body.unwrap_or_default()),
            _ => Err(bucket.missing(bucket.operation("get", &key), &key)),
        }
    };
    let (model, preprocessing) = futures::try_join!(read(MODEL), read(PREPROCESSING))?;
    let name = match prefix.rsplit('/').next() {
        None | Some("") => bucket.name(),
        Some(last) => last,
    };
    Ok(EncoderFiles {
        name: name.to_owned(),
        model,
        preprocessing,
    })
}

/// The encoder behind the service's port.
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

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        lookalike_encoder::inspect(image)
    }

    fn embed(&self, picture: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        self.0.embed_area(picture, area)
    }
}
