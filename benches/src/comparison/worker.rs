//! A long-lived child process: one request per line, one reply per line, both JSON.
//!
//! A reply is an object with the result, or `{"error": "..."}`. Times are in seconds.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::AnyError;
use crate::encoder_bench::EncoderBench;
use crate::index_build::IndexBuild;
use crate::search_bench::SearchBench;

/// A request of the harness.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    /// Returns name, fingerprint and dimensions of the default encoder.
    Encoder,
    /// Writes the network's input for an image into a file of `f32`.
    Preprocess { picture: PathBuf, out: PathBuf },
    /// Times the network alone on pixels from a file of `f32`.
    Network { pixels: PathBuf, repeats: usize },
    /// Times image bytes to vector, one after the other; files are read before.
    Picture { pictures: Vec<PathBuf> },
    /// Times the vectors of all images on several threads, and writes them if `out` is given.
    EmbedAll {
        pictures: Vec<PathBuf>,
        threads: usize,
        out: Option<PathBuf>,
    },
    /// Times building a base and writes it as an index folder.
    Build(IndexBuild),
    /// Times opening an index folder, and keeps it for searches.
    Open { folder: PathBuf },
    /// Times searches, one after the other, in the index opened last.
    Search {
        queries: PathBuf,
        k: usize,
        #[serde(default)]
        with_keys: bool,
        /// Restricts to the images that match, in the short form.
        filter: Option<String>,
    },
}

#[derive(Default)]
struct Worker {
    encoder: EncoderBench,
    search: SearchBench,
}

impl Worker {
    fn answer(&mut self, request: Request) -> Result<Value, AnyError> {
        match request {
            Request::Encoder => self.encoder.encoder(),
            Request::Preprocess { picture, out } => self.encoder.preprocess(&picture, &out),
            Request::Network { pixels, repeats } => self.encoder.network(&pixels, repeats),
            Request::Picture { pictures } => self.encoder.one_by_one(&pictures),
            Request::EmbedAll {
                pictures,
                threads,
                out,
            } => self.encoder.all(&pictures, threads, out.as_deref()),
            Request::Build(build) => build.run(),
            Request::Open { folder } => self.search.open(&folder),
            Request::Search {
                queries,
                k,
                with_keys,
                filter,
            } => (self.search).search(&queries, k, with_keys, filter.as_deref()),
        }
    }
}

/// Answers until the input ends.
pub(crate) fn run() -> Result<(), AnyError> {
    let mut worker = Worker::default();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let reply = serde_json::from_str(&line?)
            .map_err(AnyError::from)
            .and_then(|request| worker.answer(request))
            .unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    Ok(())
}
