//! `lookalike embed`: turns images into vectors.

use std::path::Path;

use anyhow::{Context, Result};
use lookalike_aws::{Clients, EncoderSource};
use lookalike_encoder::{Area, Encoder, ImageError};
use serde_json::json;

use crate::args::EmbedArguments;
use crate::output::CommandOutcome;
use crate::search_query::area;

/// Number of components that are printed for people.
const PRINTED_COMPONENTS: usize = 6;

/// Embeds the area of an image, given its bytes.
type Encode = Box<dyn Fn(&[u8], &Area) -> Result<Vec<f32>, ImageError> + Send>;

pub(crate) async fn run(arguments: EmbedArguments) -> Result<CommandOutcome> {
    let source: EncoderSource = arguments.encoder.as_deref().unwrap_or_default().parse()?;
    let encode: Encode = match source {
        EncoderSource::Embedded => of(Encoder::embedded()?),
        EncoderSource::Directory(folder) => of(from_folder(&folder)?),
        // Only this source needs credentials and a region.
        EncoderSource::S3 { .. } => {
            let clients = Clients::without_settings().await?;
            let encoder = lookalike_aws::load_encoder(&source, &clients).await?;
            Box::new(move |image, area| encoder.embed(image, area))
        }
    };
    tokio::task::spawn_blocking(move || embed_all(&encode, &arguments)).await?
}

fn of(encoder: Encoder) -> Encode {
    Box::new(move |image, area| encoder.embed_area(image, area))
}

fn embed_all(encode: &Encode, arguments: &EmbedArguments) -> Result<CommandOutcome> {
    let area = area(None, arguments.no_trim);
    let mut failed = false;
    for path in &arguments.images {
        match embed(encode, path, &area) {
            Ok(embedding) if arguments.json => {
                let image = path.to_string_lossy();
                println!("{}", json!({ "image": image, "embedding": embedding }));
            }
            Ok(embedding) => println!("{}  {}", path.display(), shown(&embedding)),
            Err(error) => {
                failed = true;
                eprintln!("{}: {error:#}", path.display());
            }
        }
    }
    Ok(CommandOutcome::partial_if(failed))
}

fn from_folder(folder: &Path) -> Result<Encoder> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    Ok(Encoder::from_parts(
        &name.to_string_lossy(),
        &read("model.onnx")?,
        &read("preprocessor_config.json")?,
    )?)
}

fn embed(encode: &Encode, path: &Path, area: &Area) -> Result<Vec<f32>> {
    let image = std::fs::read(path).context("cannot read")?;
    Ok(encode(&image, area)?)
}

fn shown(embedding: &[f32]) -> String {
    let first: Vec<String> = embedding
        .iter()
        .take(PRINTED_COMPONENTS)
        .map(|x| format!("{x:.4}"))
        .collect();
    format!("[{}, ...] {} dimensions", first.join(", "), embedding.len())
}
