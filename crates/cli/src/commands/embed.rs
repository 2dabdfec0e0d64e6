//! `lookalike embed`: pictures to vectors.

use std::path::Path;

use anyhow::{Context, Result};
use lookalike_encoder::Encoder;
use serde_json::json;

use crate::args::EmbedArguments;
use crate::output::Done;

/// Components shown to people.
const SHOWN: usize = 6;

pub(crate) async fn run(arguments: EmbedArguments) -> Result<Done> {
    tokio::task::spawn_blocking(move || embed_all(&arguments)).await?
}

fn embed_all(arguments: &EmbedArguments) -> Result<Done> {
    let encoder = arguments.encoder.load()?;
    let mut failed = false;
    for path in &arguments.images {
        match embed(&encoder, path) {
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
    Ok(Done::unless(failed))
}

fn embed(encoder: &Encoder, path: &Path) -> Result<Vec<f32>> {
    let picture = std::fs::read(path).context("cannot read")?;
    Ok(encoder.embed(&picture)?)
}

fn shown(embedding: &[f32]) -> String {
    let first: Vec<String> = embedding
        .iter()
        .take(SHOWN)
        .map(|x| format!("{x:.4}"))
        .collect();
    format!("[{}, ...] {} dimensions", first.join(", "), embedding.len())
}
