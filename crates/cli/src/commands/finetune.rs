//! `lookalike finetune`: an encoder for pictures like the shop's own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use lookalike_encoder::Backbone;
use lookalike_training::cache::FeatureCache;
use lookalike_training::card::{self, About, Card};
use lookalike_training::dataset::{Dataset, Validation};
use lookalike_training::features::Pooling;
use lookalike_training::labeled::{LabeledFolder, Skipped};
use lookalike_training::leave_one_out::{self, LeftOut};
use lookalike_training::metrics::Measures;
use lookalike_training::output_folder::OutputFolder;
use lookalike_training::progress::{Progress, Stage, Stop};
use lookalike_training::recipe::Recipe;
use lookalike_training::{error::TrainingError, fine_tuning};

use crate::args::FinetuneArguments;
use crate::output::{self, Done};

/// What a shell expects of a command that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;
/// Categories that are taken for another most often, shown to people.
const SHOWN: usize = 5;

pub(crate) async fn run(arguments: FinetuneArguments) -> Result<Done> {
    let stop = Arc::new(Stop::default());
    let watcher = tokio::spawn(watch(stop.clone()));
    let done = tokio::task::spawn_blocking(move || finetune(&arguments, &stop)).await?;
    watcher.abort();
    done
}

/// The first Ctrl-C asks to stop, the second does not ask.
async fn watch(stop: Arc<Stop>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.requested() {
            std::process::exit(INTERRUPTED);
        }
        stop.request();
        eprintln!("stopping: the best so far is kept; once more ends at once and keeps nothing");
    }
}

fn finetune(arguments: &FinetuneArguments, stop: &Stop) -> Result<Done> {
    let output = OutputFolder::new(&arguments.out)?;
    let (folder, validation, unused) = pictures(arguments)?;
    let backbone = backbone(arguments.backbone.as_deref())?;
    let cache = match &arguments.cache {
        Some(folder) => folder.clone(),
        None => user_cache()?,
    };
    let recipe = recipe(arguments);
    let bars = Bars::default();
    let pooling = Pooling {
        backbone: &backbone,
        cache: FeatureCache::new(&cache, backbone.fingerprint()),
        cache_folder: cache,
    };
    let seed = arguments.seed;
    let watched: (&dyn Progress, &Stop) = (&bars, stop);
    let mut dataset = Dataset::prepare(&folder, &validation, &recipe, seed, &pooling, watched)?;
    dataset.skipped.extend(unused);
    let trained = fine_tuning::train(&dataset, &recipe, seed, watched)?;
    let about = about(arguments, &output);
    let model = card::model(&backbone, &trained, &about).map_err(TrainingError::from)?;
    let mut card = Card::new(
        &about,
        &backbone,
        &dataset,
        (&recipe, seed),
        &trained,
        &model,
    );
    if arguments.leave_one_out && !stop.requested() {
        card.left_out = leave_one_out::measure(&dataset, &recipe, seed, watched)?;
    }
    bars.finish();
    output.write(&[
        ("model.onnx", &model),
        ("preprocessor_config.json", backbone.preprocessor_config()),
        ("card.json", &card.to_json()),
    ])?;
    tell(&card, &output, arguments.json)?;
    Ok(Done::unless(!card.skipped.is_empty()))
}

/// The pictures to train with, those to validate with, and what of the table cannot be used.
fn pictures(arguments: &FinetuneArguments) -> Result<(LabeledFolder, Validation, Vec<Skipped>)> {
    let table = arguments.labels.table()?;
    let folder = LabeledFolder::read(&arguments.images, table.as_ref())?;
    let validation = match &arguments.validation {
        Some(path) => Validation::Folder(LabeledFolder::read(path, table.as_ref())?),
        None => Validation::Share(arguments.validation_share),
    };
    let mut unused = Vec::new();
    if let Some(table) = &table {
        unused.extend_from_slice(table.bad_lines());
        unused.extend(match &validation {
            Validation::Folder(other) => table.missing(&[&folder, other]),
            Validation::Share(_) => table.missing(&[&folder]),
        });
    }
    Ok((folder, validation, unused))
}

fn backbone(path: Option<&Path>) -> Result<Backbone> {
    let Some(path) = path else {
        return Ok(Backbone::embedded()?);
    };
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
        Some(stem) if stem != "model" => stem.to_owned(),
        _ => {
            let whole = std::path::absolute(folder)?;
            whole.file_name().unwrap_or_default().to_owned()
        }
    };
    Backbone::from_parts(&name.to_string_lossy(), &read(&model)?, &read(&config)?)
        .with_context(|| format!("{} cannot be used as a backbone", model.display()))
}

/// Where programs keep what they can make again.
fn user_cache() -> Result<PathBuf> {
    let folder = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()
            .context("there is no home folder to keep features in: name a folder with --cache")?
            .join(".cache"),
    };
    Ok(folder.join("lookalike").join("features"))
}

fn recipe(arguments: &FinetuneArguments) -> Recipe {
    let mut recipe = Recipe::with_dimensions(arguments.dimensions as usize);
    if let Some(epochs) = arguments.epochs {
        recipe.epochs = epochs as usize;
    }
    if let Some(patience) = arguments.patience {
        recipe.patience = patience as usize;
    }
    recipe
}

fn about(arguments: &FinetuneArguments, output: &OutputFolder) -> About {
    let of_folder = output.path().file_name().unwrap_or_default();
    let name = arguments.name.clone();
    About {
        name: name.unwrap_or_else(|| of_folder.to_string_lossy().into_owned()),
        licence: arguments.licence.clone(),
    }
}

fn tell(card: &Card, output: &OutputFolder, json: bool) -> Result<()> {
    for skipped in card.skipped.iter().chain(&card.duplicates) {
        eprintln!("{}: {}", skipped.what, skipped.reason);
    }
    card.notes.iter().for_each(|note| eprintln!("{note}"));
    if json {
        println!("{}", serde_json::to_string(card)?);
        return Ok(());
    }
    let sum = |pick: fn(&lookalike_training::dataset::Counts) -> usize| -> usize {
        card.data.values().map(pick).sum()
    };
    println!(
        "{} categories: {} pictures trained, {} validated, {} skipped",
        card.data.len(),
        sum(|counts| counts.training),
        sum(|counts| counts.validation),
        sum(|counts| counts.skipped),
    );
    println!("backbone    {}", line(&card.validation.before));
    println!("fine-tuned  {}", line(&card.validation.after));
    if let Some(left_out) = &card.left_out {
        tell_left_out(left_out);
    }
    for (category, taken_for, times) in confusions(card) {
        println!("{category} found {taken_for} first, {times} times");
    }
    println!(
        "wrote {}: {} dimensions, {}, epoch {} of {}{}",
        output.path().display(),
        card.dimensions,
        output::bytes(card.model_bytes as u64),
        card.training_log.best_epoch,
        card.training_log.epochs,
        if card.training_log.interrupted {
            ", stopped early"
        } else {
            ""
        },
    );
    Ok(())
}

fn tell_left_out(left_out: &LeftOut) {
    println!("each category left out of training in turn:");
    println!("backbone    {}", line(&left_out.backbone));
    println!("fine-tuned  {}", line(&left_out.fine_tuned));
    for (name, gain) in [
        ("P@1", left_out.first_gain),
        ("P@10", left_out.precision_gain),
        ("mAP", left_out.average_precision_gain),
    ] {
        println!(
            "gain in {name:<4} {:+.3}, 95% between {:+.3} and {:+.3}",
            gain.mean, gain.low, gain.high
        );
    }
}

fn line(measures: &Measures) -> String {
    format!(
        "P@1 {:.3}  P@10 {:.3}  mAP {:.3}  ({} queries)",
        measures.first, measures.precision, measures.average_precision, measures.queries
    )
}

/// Categories that are taken for others, most often first.
fn confusions(card: &Card) -> Vec<(&str, &str, usize)> {
    let mut wrong: Vec<(&str, &str, usize)> = Vec::new();
    for (category, found) in &card.confusion {
        for (taken_for, &times) in found.iter().filter(|(found, _)| *found != category) {
            wrong.push((category, taken_for, times));
        }
    }
    wrong.sort_by_key(|(.., times)| std::cmp::Reverse(*times));
    wrong.truncate(SHOWN);
    wrong
}

/// Progress on standard error.
#[derive(Default)]
struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.0.lock() {
            act(&mut bar);
        }
    }

    fn finish(&self) {
        self.with(|bar| {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, steps: u64) {
        self.finish();
        let message = match stage {
            Stage::Reading => "reading",
            Stage::Features => "features",
            Stage::Training => "training",
        };
        self.with(|bar| *bar = Some(output::progress(message, steps)));
    }

    fn advance(&self, steps: u64) {
        self.with(|bar| {
            if let Some(bar) = bar {
                bar.inc(steps);
            }
        });
    }

    fn epoch(&self, number: usize, loss: f32, map: f64) {
        tracing::info!(target: "lookalike", "epoch {number}: loss {loss:.4}, mAP {map:.4}");
    }
}
