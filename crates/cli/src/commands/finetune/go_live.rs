//! Searching a catalog with the new encoder.

use anyhow::Result;
use lookalike_training::gain::{Gain, Verdict};

use super::Finetuned;
use crate::args::{FinetuneArguments, OutputArguments, ReindexArguments};
use crate::commands::reindex;
use crate::output::CommandOutcome;
use crate::shell_word::shell_word;

const WORSE: &str = "the new encoder measures worse than the one before";
const UNCLEAR: &str = "it is not certain that the new encoder is better than the one before";
const UNMEASURED: &str = "the new encoder could not be compared with the one before";

/// Indexes the catalog with the new encoder and switches, unless there is a reason not to, such as
/// that the command was `stopped`, at whatever step.
pub(super) async fn reindex(
    arguments: &FinetuneArguments,
    trained: &Finetuned,
    stopped: bool,
) -> Result<CommandOutcome> {
    if let Some(reason) = objection(stopped, trained.card.held_out.as_ref()) {
        eprintln!("{reason}, so the catalog is not indexed with it; to do so nevertheless:");
        eprintln!("{}", command(arguments, trained));
        return Ok(CommandOutcome::Partial);
    }
    let done = reindex::run(ReindexArguments {
        encoder: Some(trained.folder.to_string_lossy().into_owned()),
        engine: None,
        slots: None,
        backfill: false,
        no_switch: false,
        here: false,
        accept_missing: false,
        rollback: false,
        finish: false,
        cancel: false,
        output: OutputArguments {
            json: arguments.json,
            target: arguments.target.clone(),
        },
    })
    .await?;
    if !arguments.json {
        println!("{}", configuration(arguments, trained));
    }
    Ok(done)
}

/// Prints how to search the catalog with the new encoder.
pub(super) fn print_command(arguments: &FinetuneArguments, trained: &Finetuned) {
    let command = command(arguments, trained);
    match trained.card.held_out.as_ref().map(Gain::verdict) {
        Some(Verdict::Worse) => println!("{WORSE}: keep the encoder that the catalog has"),
        Some(Verdict::Unclear) => println!("{UNCLEAR}; to search with it nevertheless: {command}"),
        Some(Verdict::Better) | None => println!("to search with it: {command}"),
    }
}

/// Returns the reason not to search with an encoder.
fn objection(stopped: bool, gain: Option<&Gain>) -> Option<&'static str> {
    if stopped {
        return Some("fine-tuning was stopped early");
    }
    match gain.map(Gain::verdict) {
        None => Some(UNMEASURED),
        Some(Verdict::Worse) => Some(WORSE),
        Some(Verdict::Unclear) => Some(UNCLEAR),
        Some(Verdict::Better) => None,
    }
}

fn command(arguments: &FinetuneArguments, trained: &Finetuned) -> String {
    format!(
        "lookalike reindex{} --encoder {}",
        arguments.target.options(),
        shell_word(trained.folder.display())
    )
}

/// Returns what is left to do, so that the encoder is also the configured one.
fn configuration(arguments: &FinetuneArguments, trained: &Finetuned) -> String {
    let folder = shell_word(trained.folder.display());
    match &arguments.target.data {
        Some(_) => format!("set LOOKALIKE_ENCODER={folder} before `lookalike serve` starts again"),
        None => format!(
            "the index has its own copy of the encoder; to configure it as well, upload {folder} to S3 and \
             deploy the stack with EncoderUri=s3://<bucket>/<prefix>"
        ),
    }
}

#[cfg(test)]
mod tests {
    use lookalike_training::bootstrap::Estimate;
    use lookalike_training::gain::Estimates;

    use super::*;

    /// A gain of `mean` in every measure, give or take 0.1.
    fn gain(mean: f64) -> Gain {
        let estimate = Estimate {
            mean,
            low: mean - 0.1,
            high: mean + 0.1,
        };
        let estimates = Estimates {
            first: estimate,
            precision: estimate,
            average_precision: estimate,
        };
        Gain {
            encoder: "before".to_owned(),
            products: 50,
            images: 100,
            before: estimates,
            after: estimates,
            gain: estimates,
        }
    }

    #[test]
    fn only_a_certain_gain_goes_live() {
        assert_eq!(objection(false, Some(&gain(0.2))), None);
        assert_eq!(objection(false, Some(&gain(0.0))), Some(UNCLEAR));
        assert_eq!(objection(false, Some(&gain(-0.2))), Some(WORSE));
        assert_eq!(objection(false, None), Some(UNMEASURED));
    }

    #[test]
    fn a_stop_at_any_step_keeps_the_encoder_that_the_catalog_has() {
        let better = gain(0.2);
        let reason = objection(true, Some(&better));
        assert_eq!(reason, Some("fine-tuning was stopped early"));
    }
}
