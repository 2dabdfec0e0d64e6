//! `lookalike finetune`: trains an encoder on the images of a catalog, or on others like them.

mod go_live;
mod material;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::CommandFactory;
use clap::error::ErrorKind;
use lookalike_training::card::{self, About, Card};
use lookalike_training::dataset::Dataset;
use lookalike_training::gain::Gain;
use lookalike_training::leave_one_out::{self, LeftOut};
use lookalike_training::output_folder::OutputFolder;
use lookalike_training::progress::{Progress, Stop};
use lookalike_training::recipe::Recipe;
use lookalike_training::{error::TrainingError, fine_tuning};

use self::material::Material;
use self::report::print_card;
use crate::args::{Arguments, FinetuneArguments};
use crate::output::CommandOutcome;
use crate::training::{Bars, CacheFolder, folder_name};

/// The exit code that shells expect of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A fine-tuned encoder in its folder.
struct Finetuned {
    folder: PathBuf,
    card: Card,
}

pub(crate) async fn run(arguments: FinetuneArguments) -> Result<CommandOutcome> {
    if let Some(wrong) = arguments.contradiction() {
        let mut command = Arguments::command();
        command.error(ErrorKind::ArgumentConflict, wrong).exit();
    }
    let arguments = Arc::new(arguments);
    let output = OutputFolder::new(&arguments.out)?;
    let material = Material::read(&arguments).await?;
    let stop = Arc::new(Stop::default());
    tokio::spawn(watch(stop.clone()));
    let (given, stopping) = (arguments.clone(), stop.clone());
    let train = move || finetune(&given, &output, material, &stopping);
    let trained = tokio::task::spawn_blocking(train).await??;
    // Nothing is left to keep: Ctrl-C ends the command from now on.
    let stopped = stop.request();
    let partial = CommandOutcome::partial_if(!trained.card.skipped.is_empty());
    if arguments.reindex {
        let reindexed = go_live::reindex(&arguments, &trained, stopped).await?;
        return Ok(CommandOutcome::partial_if(
            [partial, reindexed].contains(&CommandOutcome::Partial),
        ));
    }
    if arguments.images.is_none() && !arguments.json {
        go_live::print_command(&arguments, &trained);
    }
    Ok(partial)
}

/// The first Ctrl-C requests a stop, the second ends the process.
async fn watch(stop: Arc<Stop>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.request() {
            std::process::exit(INTERRUPTED);
        }
        eprintln!("stopping: the best so far is kept; once more ends at once and keeps nothing");
    }
}

fn finetune(
    arguments: &FinetuneArguments,
    output: &OutputFolder,
    material: Material,
    stop: &Stop,
) -> Result<Finetuned> {
    let Material {
        folder,
        validation,
        source,
        base,
        unused,
        notes,
    } = material;
    let cache = CacheFolder::new(arguments.cache.as_deref())?;
    let (backbone, baseline) = (&base.backbone, base.baseline.as_ref());
    let pooling = cache.pooling(&*source, backbone, baseline);
    let (recipe, seed) = (recipe(arguments), arguments.seed);
    let bars = Bars::default();
    let watched: (&dyn Progress, &Stop) = (&bars, stop);
    let mut dataset = Dataset::prepare(&folder, &validation, &recipe, seed, &pooling, watched)?;
    dataset.skipped.extend(unused);
    dataset.notes.extend(notes);
    for path in &arguments.others {
        let folder = material::read_bounded(path, None, arguments, &mut dataset.notes)?;
        let others = material::of_files(&pooling);
        dataset.add_others(folder_name(path)?, &folder, &others, watched)?;
    }
    let trained = fine_tuning::train(&dataset, &recipe, seed, watched)?;
    let about = about(arguments, output);
    let model = card::model(backbone, &trained, &about).map_err(TrainingError::from)?;
    let (chosen, head) = ((&recipe, seed), &trained.head);
    let mut card = Card::new(&about, backbone, &dataset, chosen, &trained, &model);
    card.held_out = baseline.and_then(|encoder| Gain::measure(&dataset, head, encoder.name()));
    if arguments.leave_one_out && !stop.requested() {
        let measured = leave_one_out::measure(&dataset, &recipe, seed, watched);
        card.left_out = left_out(measured, &mut card.notes);
    }
    bars.finish();
    output.write(&[
        ("model.onnx", &model),
        ("preprocessor_config.json", backbone.preprocessor_config()),
        ("card.json", &card.to_json()),
    ])?;
    print_card(&card, output, arguments.json)?;
    Ok(Finetuned {
        folder: output.path().to_owned(),
        card,
    })
}

/// Returns the measures of categories that were left out of training. The encoder is finished all
/// the same if they fail, so that is a note.
fn left_out(measured: Result<LeftOut, TrainingError>, notes: &mut Vec<String>) -> Option<LeftOut> {
    let reason = match measured {
        Ok(left_out) => return Some(left_out),
        Err(TrainingError::Stopped) => "it was stopped before".to_owned(),
        Err(error) => error.to_string(),
    };
    notes.push(format!(
        "how well the encoder finds categories that it never saw is not measured: {reason}"
    ));
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_after_training_is_a_note() {
        let mut notes = Vec::new();
        let not_finite = TrainingError::NotFinite {
            epochs: 3,
            largest: 1e30,
        };
        assert_eq!(left_out(Err(TrainingError::Stopped), &mut notes), None);
        assert_eq!(left_out(Err(not_finite), &mut notes), None);
        let too_few = Err(TrainingError::NothingToLeaveOut);
        assert_eq!(left_out(too_few, &mut notes), None);
        assert!(
            notes[0].ends_with("not measured: it was stopped before"),
            "{notes:?}"
        );
        assert!(
            notes[1].contains("no finite numbers after 3 epochs"),
            "{notes:?}"
        );
        assert!(
            notes[2].contains("no category can be left out"),
            "{notes:?}"
        );
    }
}
