//! Prints the embedding of every image named on the command line, one JSON object per line:
//! `{"image": path, "embedding": [...]}`, or `{"image": path, "error": code, "reason": sentence}`.
//!
//! `--model DIR` uses `model.onnx` and `preprocessor_config.json` of a folder instead of the
//! built-in model; `--no-trim` keeps uniform margins; `--pixels` prints the network's input as
//! `pixels` instead of the embedding; `--time` adds `milliseconds`.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use lookalike_encoder::{Area, Encoder};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut model = None;
    let mut area = Area::default();
    let (mut pixels, mut time) = (false, false);
    let mut images = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--model" => {
                model = Some(PathBuf::from(
                    arguments.next().ok_or("--model needs a folder")?,
                ))
            }
            "--no-trim" => area = Area::WHOLE,
            "--pixels" => pixels = true,
            "--time" => time = true,
            _ => images.push(argument),
        }
    }
    let encoder = load(model.as_deref())?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    for path in images {
        let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let start = Instant::now();
        let answer = if pixels {
            encoder.preprocess_area(&bytes, &area)
        } else {
            encoder.embed_area(&bytes, &area)
        };
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        let mut line = match answer {
            Ok(values) if pixels => json!({"image": path, "pixels": values}),
            Ok(values) => json!({"image": path, "embedding": values}),
            Err(error) => {
                json!({"image": path, "error": error.code(), "reason": error.to_string()})
            }
        };
        if time {
            line["milliseconds"] = json!(milliseconds);
        }
        writeln!(output, "{line}")?;
    }
    output.flush()?;
    Ok(())
}

fn load(model: Option<&Path>) -> Result<Encoder, Box<dyn Error>> {
    let Some(folder) = model else {
        return Ok(Encoder::embedded()?);
    };
    let onnx = std::fs::read(folder.join("model.onnx"))?;
    let config = std::fs::read(folder.join("preprocessor_config.json"))?;
    Ok(Encoder::from_parts(
        &folder.to_string_lossy(),
        &onnx,
        &config,
    )?)
}
