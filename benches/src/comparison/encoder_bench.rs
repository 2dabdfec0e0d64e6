//! Timing the encoder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use lookalike_encoder::{Area, Encoder, ImageError};
use lookalike_index::Fingerprint;
use serde_json::{Value, json};

use crate::AnyError;
use crate::vectors::{self, at};

/// The default encoder and the files that were read, each once.
#[derive(Default)]
pub(crate) struct EncoderBench {
    encoder: Option<Encoder>,
    files: HashMap<PathBuf, Vec<u8>>,
    pixels: HashMap<PathBuf, Vec<f32>>,
}

impl EncoderBench {
    /// Returns name, fingerprint and dimensions.
    pub(crate) fn encoder(&mut self) -> Result<Value, AnyError> {
        let encoder = load(&mut self.encoder)?;
        Ok(json!({
            "name": encoder.name(),
            "fingerprint": Fingerprint(encoder.fingerprint()).to_string(),
            "dimensions": encoder.dimensions(),
        }))
    }

    /// Writes the network's input for an image.
    pub(crate) fn preprocess(&mut self, picture: &Path, out: &Path) -> Result<Value, AnyError> {
        let encoder = load(&mut self.encoder)?;
        let bytes = std::fs::read(picture).map_err(|error| at(picture, error))?;
        let pixels = encoder.preprocess(&bytes).map_err(|e| at(picture, e))?;
        vectors::write(out, &pixels)?;
        Ok(json!({"pixels": pixels.len()}))
    }

    /// Runs the network alone; returns seconds of each run, and its output.
    pub(crate) fn network(&mut self, path: &Path, repeats: usize) -> Result<Value, AnyError> {
        let encoder = load(&mut self.encoder)?;
        if !self.pixels.contains_key(path) {
            self.pixels.insert(path.to_owned(), vectors::read(path)?);
        }
        let pixels = &self.pixels[path];
        let mut seconds = Vec::with_capacity(repeats);
        let mut features = Vec::new();
        for _ in 0..repeats {
            let begun = Instant::now();
            features = encoder.run(pixels)?;
            seconds.push(begun.elapsed().as_secs_f64());
        }
        Ok(json!({"seconds": seconds, "features": features}))
    }

    /// Embeds image bytes on this thread; returns seconds of each.
    pub(crate) fn one_by_one(&mut self, pictures: &[PathBuf]) -> Result<Value, AnyError> {
        let encoder = load(&mut self.encoder)?;
        read_all(&mut self.files, pictures)?;
        let mut seconds = Vec::with_capacity(pictures.len());
        for path in pictures {
            let begun = Instant::now();
            let vector = encoder.embed_area(&self.files[path], &Area::WHOLE);
            seconds.push(begun.elapsed().as_secs_f64());
            vector.map_err(|error| at(path, error))?;
        }
        Ok(json!({"seconds": seconds}))
    }

    /// Embeds all images on several threads, each taking the next one; returns seconds until the
    /// last is done.
    pub(crate) fn all(
        &mut self,
        pictures: &[PathBuf],
        threads: usize,
        out: Option<&Path>,
    ) -> Result<Value, AnyError> {
        let encoder = load(&mut self.encoder)?;
        read_all(&mut self.files, pictures)?;
        let bytes: Vec<&[u8]> = pictures.iter().map(|p| self.files[p].as_slice()).collect();
        let begun = Instant::now();
        let embedded = embed(encoder, &bytes, threads);
        let seconds = begun.elapsed().as_secs_f64();
        let mut numbers = Vec::with_capacity(pictures.len() * encoder.dimensions());
        for (path, vector) in pictures.iter().zip(embedded) {
            numbers.extend(vector.map_err(|error| at(path, error))?);
        }
        if let Some(out) = out {
            vectors::write(out, &numbers)?;
        }
        Ok(json!({"seconds": seconds}))
    }
}

type Embedded = Result<Vec<f32>, ImageError>;

fn embed(encoder: &Encoder, pictures: &[&[u8]], threads: usize) -> Vec<Embedded> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let position = next.fetch_add(1, Ordering::Relaxed)
            && let Some(picture) = pictures.get(position)
        {
            done.push((position, encoder.embed_area(picture, &Area::WHOLE)));
        }
        done
    };
    let mut all: Vec<(usize, Embedded)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().expect("embedding does not panic"));
        }
        all
    });
    all.sort_by_key(|(position, _)| *position);
    all.into_iter().map(|(_, embedded)| embedded).collect()
}

fn load(encoder: &mut Option<Encoder>) -> Result<&Encoder, AnyError> {
    if encoder.is_none() {
        *encoder = Some(Encoder::embedded()?);
    }
    Ok(encoder.as_ref().expect("it was loaded"))
}

fn read_all(files: &mut HashMap<PathBuf, Vec<u8>>, paths: &[PathBuf]) -> Result<(), AnyError> {
    for path in paths {
        if !files.contains_key(path) {
            let bytes = std::fs::read(path).map_err(|error| at(path, error))?;
            files.insert(path.clone(), bytes);
        }
    }
    Ok(())
}
