//! The two files of an encoder, from the binary, a directory or S3.

use std::path::Path;

use bytes::Bytes;
use lookalike_core::EncoderFiles;
use lookalike_encoder::Encoder;

use crate::clients::Clients;
use crate::encoder::error::EncoderError;
use crate::encoder::file_names::{MODEL, PREPROCESSING};
use crate::s3::bucket::Bucket;
use crate::s3::reading::Reading;
use crate::settings::{self, EncoderSource};

/// Reads the files at `source`.
pub(super) async fn files_at(
    source: &EncoderSource,
    clients: &Clients,
) -> Result<EncoderFiles, EncoderError> {
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
