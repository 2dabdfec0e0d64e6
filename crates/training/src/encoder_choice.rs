//! The encoder named on the command line.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lookalike_encoder::{Encoder, LoadError};

const MODEL: &str = "model.onnx";
const PREPROCESSING: &str = "preprocessor_config.json";
/// The word for the built-in encoder.
const EMBEDDED: &str = "embedded";

/// A named encoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EncoderChoice {
    /// The built-in encoder: `embedded`.
    #[default]
    Embedded,
    /// A folder with `model.onnx` and `preprocessor_config.json`.
    Folder(PathBuf),
}

/// The reason why an encoder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EncoderChoiceError {
    /// A file cannot be read.
    #[error(
        "cannot read {path:?}: {source}: expected a folder with {MODEL} and {PREPROCESSING}, or the \
         word {EMBEDDED}"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The files do not make an encoder.
    #[error("the encoder in {folder:?} cannot be used: {source}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The fault of its files.
        source: LoadError,
    },
    /// The built-in encoder is damaged.
    #[error(transparent)]
    Embedded(LoadError),
}

impl EncoderChoice {
    /// Loads the encoder; takes several hundred milliseconds.
    ///
    /// # Errors
    /// If a file is missing or the files do not make an encoder.
    pub fn load(&self) -> Result<Encoder, EncoderChoiceError> {
        match self {
            EncoderChoice::Embedded => Encoder::embedded().map_err(EncoderChoiceError::Embedded),
            EncoderChoice::Folder(folder) => {
                let (onnx, config) = (read(folder, MODEL)?, read(folder, PREPROCESSING)?);
                let name = folder.file_name().unwrap_or(folder.as_os_str());
                Encoder::from_parts(&name.to_string_lossy(), &onnx, &config).map_err(|source| {
                    EncoderChoiceError::Folder {
                        folder: folder.clone(),
                        source,
                    }
                })
            }
        }
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, EncoderChoiceError> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|source| EncoderChoiceError::File { path, source })
}

impl FromStr for EncoderChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            // A variable set to an empty text names nothing.
            EMBEDDED | "" => EncoderChoice::Embedded,
            folder => EncoderChoice::Folder(folder.into()),
        })
    }
}

impl fmt::Display for EncoderChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncoderChoice::Embedded => f.write_str(EMBEDDED),
            EncoderChoice::Folder(folder) => folder.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_word_or_a_folder() {
        let parse = |text: &str| text.parse::<EncoderChoice>().unwrap();
        assert_eq!(parse("embedded"), EncoderChoice::default());
        assert_eq!(parse("./embedded").to_string(), "./embedded");
        let missing = parse("no/such").load().unwrap_err().to_string();
        assert!(missing.contains("no/such/model.onnx"), "{missing}");
        assert!(missing.contains(PREPROCESSING), "{missing}");
        let folder = tempfile::tempdir().unwrap();
        for name in [MODEL, PREPROCESSING] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let error = EncoderChoice::Folder(folder.path().to_owned()).load();
        assert!(matches!(error, Err(EncoderChoiceError::Folder { .. })));
    }
}
