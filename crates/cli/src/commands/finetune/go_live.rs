//! Searching a catalog with the new encoder.

use anyhow::Result;
use lookalike_training::gain::Verdict;

use super::Finetuned;
use crate::args::{FinetuneArguments, OutputArguments, ReindexArguments};
use crate::commands::reindex;
use crate::output::CommandOutcome;

const WORSE: &str = "the new encoder measures worse than the one before";

/// Indexes the catalog with the new encoder and switches, unless there is a reason not to.
pub(super) async fn reindex(
    arguments: &FinetuneArguments,
    trained: &Finetuned,
) -> Result<CommandOutcome> {
    if let Some(reason) = objection(trained) {
        eprintln!("{reason}, so the catalog is not indexed with it; to do so nevertheless:");
        eprintln!("{}", command(arguments, trained));
        return Ok(CommandOutcome::Partial);
    }
    let done = reindex::run(ReindexArguments {
        encoder: Some(trained.folder.to_string_lossy().into_owned()),
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
    if is_worse(trained) {
        println!("{WORSE}: keep the encoder that the catalog has");
    } else {
        println!("to search with it: {}", command(arguments, trained));
    }
}

fn objection(trained: &Finetuned) -> Option<&'static str> {
    if trained.card.training_log.interrupted {
        return Some("training was stopped early");
    }
    is_worse(trained).then_some(WORSE)
}

fn is_worse(trained: &Finetuned) -> bool {
    let gain = trained.card.held_out.as_ref();
    gain.is_some_and(|gain| gain.verdict() == Verdict::Worse)
}

fn command(arguments: &FinetuneArguments, trained: &Finetuned) -> String {
    format!(
        "lookalike reindex{} --encoder {}",
        arguments.target.options(),
        trained.folder.display()
    )
}

/// Returns what is left to do, so that the encoder is also the configured one.
fn configuration(arguments: &FinetuneArguments, trained: &Finetuned) -> String {
    let folder = trained.folder.display();
    match &arguments.target.data {
        Some(_) => format!("set LOOKALIKE_ENCODER={folder} before `lookalike serve` starts again"),
        None => format!(
            "the index has its own copy of the encoder; to configure it as well, upload {folder} to S3 and \
             deploy the stack with EncoderUri=s3://<bucket>/<prefix>"
        ),
    }
}
