//! Loading the configured encoder.

use std::path::{Path, PathBuf};

use lookalike_core::EncoderFiles;

use super::server::{Reply, Server};
use super::{cloud_at, cloud_within, short_limits};
use crate::{EncoderError, EncoderSource, load_encoder, open_encoder};

fn model_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/lite0-general")
}

fn in_bucket(prefix: &str) -> EncoderSource {
    EncoderSource::S3 {
        bucket: "models".to_owned(),
        prefix: prefix.to_owned(),
    }
}

#[tokio::test]
async fn the_same_model_is_the_same_encoder_in_any_place() {
    let server = Server::answering(|request, _| {
        let name = request.path.strip_prefix("/models/lite/0/").unwrap();
        Reply::new(200, std::fs::read(model_directory().join(name)).unwrap())
    })
    .await;
    let cloud = cloud_at(server.url());
    let load = async |source| load_encoder(&source, cloud.clients()).await.unwrap();
    let embedded = load(EncoderSource::Embedded).await;
    let on_disk = load(EncoderSource::Directory(model_directory())).await;
    let stored = load(in_bucket("lite/0")).await;
    assert_eq!(embedded.fingerprint(), on_disk.fingerprint());
    assert_eq!(embedded.fingerprint(), stored.fingerprint());
    assert_eq!(
        (embedded.name(), embedded.dimensions()),
        ("lite0-general", 256)
    );
    assert_eq!((on_disk.name(), stored.name()), ("lite0-general", "0"));
}

#[tokio::test]
async fn an_encoder_that_was_stored_is_the_same_encoder() {
    let directory = model_directory();
    let files = EncoderFiles {
        name: "stored".to_owned(),
        model: std::fs::read(directory.join("model.onnx")).unwrap().into(),
        preprocessing: std::fs::read(directory.join("preprocessor_config.json"))
            .unwrap()
            .into(),
    };
    let stored = open_encoder(&files).unwrap();
    let cloud = cloud_within("http://127.0.0.1:1", short_limits());
    let embedded = load_encoder(&EncoderSource::Embedded, cloud.clients())
        .await
        .unwrap();
    assert_eq!(stored.fingerprint(), embedded.fingerprint());
    assert_eq!(stored.dimensions(), embedded.dimensions());
    assert_eq!(stored.name(), "stored");
    let nonsense = EncoderFiles {
        model: "nonsense".into(),
        ..files
    };
    assert!(open_encoder(&nonsense).is_err());
}

#[tokio::test]
async fn a_missing_model_is_named() {
    let server = Server::replying([Reply::s3_error(404, "NoSuchKey")]).await;
    let cloud = cloud_at(server.url());
    let error = load_encoder(&in_bucket(""), cloud.clients())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, EncoderError::Object(_)), "{error}");
    let message = error.to_string();
    assert!(message.contains("s3://models/model.onnx"), "{message}");
    assert!(message.contains("LOOKALIKE_ENCODER"), "{message}");

    let empty = tempfile::tempdir().unwrap();
    let source = EncoderSource::Directory(empty.path().to_owned());
    let error = load_encoder(&source, cloud.clients()).await.err().unwrap();
    assert!(matches!(error, EncoderError::File { .. }), "{error}");
    assert!(error.to_string().contains("LOOKALIKE_ENCODER"), "{error}");
}

#[tokio::test]
async fn an_invalid_model_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["model.onnx", "preprocessor_config.json"] {
        std::fs::write(directory.path().join(name), "nonsense").unwrap();
    }
    let cloud = cloud_within("http://127.0.0.1:1", short_limits());
    let source = EncoderSource::Directory(directory.path().to_owned());
    let error = load_encoder(&source, cloud.clients()).await.err().unwrap();
    assert!(matches!(error, EncoderError::Load(_)), "{error}");
}
