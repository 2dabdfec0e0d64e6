//! `lookalike finetune`: trains an encoder on images like the shop's own.

mod bars;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use lookalike_encoder::Backbone;
use lookalike_training::cache::FeatureCache;
use lookalike_training::card::{self, About, Card};
use lookalike_training::dataset::{Dataset, Validation};
use lookalike_training::features::Pooling;
use lookalike_training::labeled::{LabeledFolder, Skipped};
use lookalike_training::leave_one_out;
use lookalike_training::output_folder::OutputFolder;
use lookalike_training::progress::{Progress, Stop};
use lookalike_training::recipe::Recipe;
use lookalike_training::{error::TrainingError, fine_tuning};

use self::bars::Bars;
use self::report::print_card;
use crate::args::FinetuneArguments;
use crate::output::CommandOutcome;

/// The exit code that shells expect of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

pub(crate) async fn run(arguments: FinetuneArguments) -> Result<CommandOutcome> {
    let stop = Arc::new(Stop::default());
    let watcher = tokio::spawn(watch(stop.clone()));
    let done = tokio::task::spawn_blocking(move || finetune(&arguments, &stop)).await?;
    watcher.abort();
    done
}

/// The first Ctrl-C requests a stop, the second ends the process.
async fn watch(stop: Arc<Stop>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.requested() {
            std::process::exit(INTERRUPTED);
        }
        stop.request();
        eprintln!("stopping: the best so far is kept; once more ends at once and keeps nothing");
    }
}

fn finetune(arguments: &FinetuneArguments, stop: &Stop) -> Result<CommandOutcome> {
    let output = OutputFolder::new(&arguments.out)?;
    let (folder, validation, unused) = images(arguments)?;
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
    for path in &arguments.others {
        let folder = LabeledFolder::read(path, None)?;
        dataset.add_others(folder_name(path)?, &folder, &pooling, watched)?;
    }
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
    print_card(&card, &output, arguments.json)?;
    Ok(CommandOutcome::partial_if(!card.skipped.is_empty()))
}

/// Returns the images to train with, those to validate with, and the lines of the table that cannot be used.
fn images(arguments: &FinetuneArguments) -> Result<(LabeledFolder, Validation, Vec<Skipped>)> {
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
        Some(stem) if stem != "model" => stem.to_string_lossy().into_owned(),
        _ => folder_name(folder)?,
    };
    Backbone::from_parts(&name, &read(&model)?, &read(&config)?)
        .with_context(|| format!("{} cannot be used as a backbone", model.display()))
}

fn folder_name(folder: &Path) -> Result<String> {
    let whole = std::path::absolute(folder)?;
    let name = whole.file_name().unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}

/// Returns the user's cache folder.
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
    if !arguments.others.is_empty() {
        recipe = recipe.among_others();
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
