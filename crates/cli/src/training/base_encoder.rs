//! The encoder that a fine-tuned one is made from, and the one that it is compared with.

use std::path::Path;

use anyhow::{Context, Result, bail};
use lookalike_core::{EncoderFiles, Fingerprint};
use lookalike_encoder::{Backbone, Encoder};

use crate::target::Target;

/// An encoder to build on, and the encoder that is used now.
pub(crate) struct BaseEncoder {
    /// The network up to its pooled features.
    pub(crate) backbone: Backbone,
    /// The encoder to compare with; `None` if it cannot be run.
    pub(crate) baseline: Option<Encoder>,
}

impl BaseEncoder {
    /// Returns the built-in encoder.
    pub(crate) fn embedded() -> Result<Self> {
        Ok(Self {
            backbone: Backbone::embedded()?,
            baseline: Some(Encoder::embedded()?),
        })
    }

    /// Reads an encoder from a folder, or from an ONNX file with its preprocessing beside it.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let (model, folder) = if path.is_dir() {
            (path.join("model.onnx"), path)
        } else {
            (path.to_owned(), path.parent().unwrap_or(Path::new("")))
        };
        let config = folder.join("preprocessor_config.json");
        let read = |path: &Path| {
            let what = format!(
                "cannot read {}: an encoder is an ONNX file with preprocessor_config.json beside it",
                path.display()
            );
            std::fs::read(path).context(what)
        };
        let name = match model.file_stem() {
            Some(stem) if stem != "model" => stem.to_string_lossy().into_owned(),
            _ => folder_name(folder)?,
        };
        let (onnx, config) = (read(&model)?, read(&config)?);
        let backbone = Backbone::from_parts(&name, &onnx, &config)
            .with_context(|| format!("{} cannot be used as a backbone", model.display()))?;
        // A head that cannot be run is no obstacle: only the part before it is used.
        let baseline = Encoder::from_parts(&name, &onnx, &config).ok();
        Ok(Self { backbone, baseline })
    }

    /// Reads the encoder that a catalog is searched with, to compare with, and to build on unless
    /// there is a path of another backbone.
    pub(crate) async fn serving(target: &Target, backbone: Option<&Path>) -> Result<Self> {
        let (files, fingerprint) = serving_files(target).await?;
        let EncoderFiles {
            name,
            model,
            preprocessing,
        } = &files;
        let baseline = Some(serving_encoder(&files, fingerprint)?);
        let backbone = match backbone {
            Some(path) => Self::read(path)?.backbone,
            None => Backbone::from_parts(name, model, preprocessing).with_context(|| {
                format!(
                    "the encoder {name:?} of the index cannot be used as a backbone: name another one \
                     with --backbone"
                )
            })?,
        };
        Ok(Self { backbone, baseline })
    }

    /// Returns the same backbone, to compare with the encoder that a catalog is searched with.
    pub(crate) async fn compared_with_serving(self, target: &Target) -> Result<Self> {
        let (files, fingerprint) = serving_files(target).await?;
        Ok(Self {
            baseline: Some(serving_encoder(&files, fingerprint)?),
            ..self
        })
    }
}

fn serving_encoder(files: &EncoderFiles, fingerprint: Fingerprint) -> Result<Encoder> {
    let encoder = Encoder::from_parts(&files.name, &files.model, &files.preprocessing)?;
    Ok(encoder.reading_as(fingerprint.0))
}

/// Returns the files of the encoder that a catalog is searched with, and its fingerprint.
async fn serving_files(target: &Target) -> Result<(EncoderFiles, Fingerprint)> {
    let searcher = target.searcher(target.encoders());
    let encoder = searcher.index_info().await?.encoder;
    match target
        .cloud
        .stored_encoders
        .load(encoder.fingerprint)
        .await?
    {
        Some(files) => Ok((files, encoder.fingerprint)),
        None => bail!(
            "the encoder {:?} of the index is not stored beside it: run `lookalike reindex` first",
            encoder.name
        ),
    }
}

/// Returns the name of a folder, also of `.` and `..`.
pub(crate) fn folder_name(folder: &Path) -> Result<String> {
    let whole = std::path::absolute(folder)?;
    let name = whole.file_name().unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}
