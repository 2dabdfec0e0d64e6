//! How much fine-tuning would gain, measured on a sample of the catalog.

use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use lookalike_training::dataset::{Dataset, Validation};
use lookalike_training::error::TrainingError;
use lookalike_training::fine_tuning;
use lookalike_training::gain::{Gain, Verdict};
use lookalike_training::progress::{Progress, Stop};
use lookalike_training::recipe::Recipe;
use serde::Serialize;

use crate::args::{AuditArguments, TargetArguments};
use crate::shell_word::shell_word;
use crate::target::Target;
use crate::training::{Bars, BaseEncoder, CacheFolder, CatalogImages, ImageBound, gain_table};

/// Share of the products of each label that are held out: of a small sample more than of a whole
/// catalog, for the same interval.
const HELD_OUT_SHARE: f64 = 0.25;
/// The error of a sample that is too small to measure with.
const NOTHING_HELD_OUT: &str = "no product of the sample can be held out and have others of its label left: use \
                                --would-gain=N with a larger N, or add products to the labels";
/// The seed of `finetune` by default, so that it needs the same images.
const SEED: u64 = 1;

/// What fine-tuning gains on a sample of a catalog.
#[derive(Debug, Serialize)]
pub(super) struct WouldGain {
    /// Number of images of the sample.
    sample: usize,
    /// Number of images with a label.
    labeled: usize,
    /// Number of labels in the sample.
    labels: usize,
    /// Images that cannot be used.
    skipped: usize,
    /// Remarks about the images, a sentence each.
    notes: Vec<String>,
    seconds: f64,
    #[serde(flatten)]
    gain: Gain,
    verdict: Verdict,
    /// The command that fine-tunes on the whole catalog; it goes live only for a certain gain.
    command: String,
}

/// Measures what fine-tuning would gain, if the arguments ask for it.
pub(super) async fn measure(
    target: &Target,
    arguments: &AuditArguments,
) -> Result<Option<WouldGain>> {
    let Some(max) = arguments.would_gain else {
        return Ok(None);
    };
    let began = Instant::now();
    let column = &arguments.label_column;
    let bound = ImageBound {
        max: max as usize,
        seed: SEED,
        option: format!("--would-gain={max}"),
    };
    let images = CatalogImages::read(target, column, &bound).await?;
    let base = BaseEncoder::serving(target, None).await?;
    let finetune = finetune(column, &arguments.output.target);
    let measured = tokio::task::spawn_blocking(move || gain(images, &base, began, finetune));
    measured.await?.map(Some)
}

fn gain(
    images: CatalogImages,
    base: &BaseEncoder,
    began: Instant,
    finetune: String,
) -> Result<WouldGain> {
    let (recipe, stop) = (Recipe::default(), Stop::default());
    let cache = CacheFolder::new(None)?;
    let pooling = cache.pooling(&images.source, &base.backbone, base.baseline.as_ref());
    let bars = Bars::default();
    let watched: (&dyn Progress, &Stop) = (&bars, &stop);
    let validation = Validation::Share(HELD_OUT_SHARE);
    let dataset = Dataset::prepare(
        &images.folder,
        &validation,
        &recipe,
        SEED,
        &pooling,
        watched,
    )
    .map_err(advised)?;
    let trained = fine_tuning::train(&dataset, &recipe, SEED, watched)?;
    let name = base.baseline.as_ref().map_or("", |encoder| encoder.name());
    let gain = Gain::measure(&dataset, &trained.head, name).context(NOTHING_HELD_OUT)?;
    bars.finish();
    Ok(WouldGain {
        sample: dataset.training.labels.len() + dataset.validation.labels.len(),
        labeled: images.labeled,
        labels: dataset.categories.len(),
        skipped: dataset.skipped.len(),
        notes: [dataset.notes, images.notes].concat(),
        seconds: began.elapsed().as_secs_f64(),
        command: command(finetune, gain.verdict()),
        verdict: gain.verdict(),
        gain,
    })
}

/// Returns an error with advice that fits this command, which has not the options of `finetune`.
fn advised(error: TrainingError) -> anyhow::Error {
    match error {
        TrainingError::NothingToValidate { .. } => anyhow!(NOTHING_HELD_OUT),
        error => error.into(),
    }
}

/// Returns the command that fine-tunes on the whole catalog.
fn finetune(column: &str, target: &TargetArguments) -> String {
    let column = match column {
        "category" => String::new(),
        column => format!(" --label-column {}", shell_word(column)),
    };
    format!(
        "lookalike finetune{}{column} --out my-encoder",
        target.options()
    )
}

/// Returns a command that also goes live if that is certain to be better: otherwise it measures only.
fn command(finetune: String, verdict: Verdict) -> String {
    match verdict {
        Verdict::Better => finetune + " --reindex",
        Verdict::Worse | Verdict::Unclear => finetune,
    }
}

impl WouldGain {
    /// Returns figures and advice for people.
    pub(super) fn text(&self) -> String {
        let advice = match self.verdict {
            Verdict::Better => format!("Fine-tuning is worth it: {}", self.command),
            Verdict::Worse => {
                "Fine-tuning is not worth it: the encoder that the catalog has is better."
                    .to_owned()
            }
            Verdict::Unclear => format!(
                "Fine-tuning gains nothing that this sample can show; measure with all images: {}",
                self.command
            ),
        };
        let notes: String = self
            .notes
            .iter()
            .map(|note| format!("note: {note}\n"))
            .collect();
        format!(
            "fine-tuning, measured on {} of {} images with {} labels in {:.0} seconds ({} unusable)\n{notes}{}{advice}\n",
            self.sample,
            self.labeled,
            self.labels,
            self.seconds,
            self.skipped,
            gain_table(&self.gain)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_with_nothing_to_hold_out_is_to_be_larger() {
        let error = advised(TrainingError::NothingToValidate { categories: 9 }).to_string();
        assert!(error.contains("--would-gain=N with a larger N"), "{error}");
        assert!(!error.contains("--validation"), "{error}");
    }

    #[test]
    fn only_a_certain_gain_is_worth_a_command_that_goes_live() {
        let target = TargetArguments {
            stack: None,
            data: Some("my shop".into()),
        };
        let column = "kind of thing";
        let measure =
            "lookalike finetune --data 'my shop' --label-column 'kind of thing' --out my-encoder";
        for (verdict, expected) in [
            (Verdict::Better, format!("{measure} --reindex")),
            (Verdict::Worse, measure.to_owned()),
            (Verdict::Unclear, measure.to_owned()),
        ] {
            assert_eq!(command(finetune(column, &target), verdict), expected);
        }
    }
}
