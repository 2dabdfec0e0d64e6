//! `lookalike export-similar`: the similar products of each product, as files.
//!
//! Files are written before the index names them, and removed after it no longer does. A list of
//! the files that are about to change is written first, so that the next run completes an
//! interrupted one.

mod destination;
mod files;
mod lock;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use lookalike_search::Exported;
use serde_json::json;

use self::destination::Destination;
use self::files::{Entry, IndexFile, Stored, hash_of};
use self::lock::Lock;
use self::names::{INDEX, PENDING, file_name};
use crate::args::ExportArguments;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

/// Number of products that are searched for and written together.
const CHUNK_PRODUCTS: usize = 2000;
/// Maximum number of files that are written or removed at the same time.
const MAX_CONCURRENT_FILES: usize = 16;

/// The files that a run wrote or left unchanged.
#[derive(Debug, Default)]
struct Written {
    files: BTreeSet<String>,
    unchanged: usize,
}

pub(crate) async fn run(arguments: ExportArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&arguments.output.target).await?;
    let destination = Destination::open(&arguments.out, &target)?;
    let mut lock = Lock::acquire(&destination).await?;
    let exported = export(&arguments, &target, &destination, &mut lock).await;
    let released = lock.release(&destination).await;
    exported.and_then(|outcome| released.map(|()| outcome))
}

async fn export(
    arguments: &ExportArguments,
    target: &Target,
    destination: &Destination,
    lock: &mut Lock,
) -> Result<CommandOutcome> {
    let stored = Stored::read(destination).await?;
    let searcher = target.searcher(target.encoders());
    let fields: BTreeSet<String> = arguments.fields.iter().cloned().collect();
    let fields: Vec<String> = fields.into_iter().filter(|name| !name.is_empty()).collect();
    let mut exporter = searcher
        .exporter(arguments.k as usize, fields.clone())
        .await?;
    let mut index = IndexFile::new(exporter.generation(), arguments.k, fields);
    let products = exporter.products();
    let mut run = Run {
        destination,
        stored,
        bar: output::progress("exporting", products.len() as u64),
        written: Written::default(),
    };
    for chunk in products.chunks(CHUNK_PRODUCTS) {
        lock.renew().await?;
        let answers = exporter.answers(chunk).await?;
        run.write(answers, &mut index).await?;
    }
    lock.renew().await?;
    let removed = run.finish(&index).await?;
    run.bar.finish_and_clear();
    let (written, unchanged) = (run.written.files.len(), run.written.unchanged);
    if arguments.output.json {
        let line = json!({
            "generation": index.generation,
            "products": products.len(),
            "written": written,
            "unchanged": unchanged,
            "removed": removed,
        });
        println!("{line}");
    } else {
        println!(
            "generation {}: {} products, {written} files written, {unchanged} unchanged, {removed} removed",
            index.generation,
            products.len()
        );
    }
    Ok(CommandOutcome::Complete)
}

/// A run in progress.
struct Run<'a> {
    destination: &'a Destination,
    /// The files that existed when it began.
    stored: Stored,
    bar: ProgressBar,
    written: Written,
}

impl Run<'_> {
    /// Writes the answers whose stored files differ.
    async fn write(&mut self, answers: Vec<Exported>, index: &mut IndexFile) -> Result<()> {
        let count = answers.len() as u64;
        let mut changed: BTreeMap<String, Bytes> = BTreeMap::new();
        for answer in answers {
            let (file, hash) = (file_name(&answer.product_id), hash_of(&answer)?);
            if self.stored.has(&answer.product_id, &file, &hash) {
                self.written.unchanged += 1;
            } else {
                changed.insert(file.clone(), content(index.generation, &answer)?);
            }
            index
                .products
                .insert(answer.product_id, Entry { file, hash });
        }
        if !changed.is_empty() {
            let names = changed.keys().cloned().collect();
            self.record_pending(names).await?;
            self.written.files.extend(changed.keys().cloned());
            let destination = self.destination;
            let writing = changed
                .into_iter()
                .map(|(name, content)| async move { destination.write(&name, content).await });
            let mut writing = stream::iter(writing).buffer_unordered(MAX_CONCURRENT_FILES);
            while writing.try_next().await?.is_some() {}
        }
        self.bar.inc(count);
        Ok(())
    }

    /// Writes the index if it changed, and removes the files that it no longer names. Returns the number of removed
    /// files.
    async fn finish(&mut self, index: &IndexFile) -> Result<usize> {
        let named: BTreeSet<&str> = index.products.values().map(|e| e.file.as_str()).collect();
        let gone = self.stored.files().filter(|file| !named.contains(*file));
        let gone: BTreeSet<String> = gone.map(str::to_owned).collect();
        if !gone.is_empty() {
            self.record_pending(gone.clone()).await?;
        }
        let content = index.to_bytes()?;
        if self.stored.index_bytes.as_ref() != Some(&content) {
            self.destination.write(INDEX, content).await?;
        }
        let destination = self.destination;
        let removing = gone
            .iter()
            .map(|name| async move { destination.delete(name).await });
        let mut removing = stream::iter(removing).buffer_unordered(MAX_CONCURRENT_FILES);
        while removing.try_next().await?.is_some() {}
        for name in self.stored.unfinished(&named) {
            self.destination.delete(&name).await?;
        }
        if !self.stored.pending.is_empty() {
            self.destination.delete(PENDING).await?;
        }
        let removed = gone.iter().filter(|name| self.stored.is_present(name));
        Ok(removed.count())
    }

    /// Records the files that are about to change: until the index is written, their content is uncertain.
    async fn record_pending(&mut self, files: BTreeSet<String>) -> Result<()> {
        self.stored.pending.extend(files);
        let content = serde_json::to_vec(&self.stored.pending)?;
        self.destination.write(PENDING, content.into()).await
    }
}

/// Returns the content of a product's file. Its generation is the first that found it; later ones
/// found the same.
fn content(generation: u64, answer: &Exported) -> Result<Bytes> {
    let mut file = json!(answer);
    file["generation"] = json!(generation);
    Ok(serde_json::to_vec(&file)?.into())
}
