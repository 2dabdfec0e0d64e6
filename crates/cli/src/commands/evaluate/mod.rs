//! `lookalike evaluate`: measures how well an encoder finds neighbors of the right category.

mod encoders;
mod inputs;
mod tables;

use std::time::Instant;

use anyhow::Result;
use lookalike_training::evaluation::{Evaluation, html};
use lookalike_training::labeled::Skipped;
use serde_json::json;

use self::encoders::Encoders;
use self::inputs::Inputs;
use crate::args::EvaluateArguments;
use crate::output::{self, CommandOutcome};
use crate::report_file::ReportFile;

/// Maximum number of problems that are listed for people; programs get all of them.
const MAX_LISTED_PROBLEMS: usize = 20;

pub(crate) async fn run(arguments: EvaluateArguments) -> Result<CommandOutcome> {
    tokio::task::spawn_blocking(move || evaluate(&arguments)).await?
}

fn evaluate(arguments: &EvaluateArguments) -> Result<CommandOutcome> {
    // Everything that can be checked is checked before embedding takes minutes.
    let report = arguments
        .html
        .as_deref()
        .map(ReportFile::create)
        .transpose()?;
    let inputs = Inputs::read(arguments)?;
    let encoders = Encoders::load(arguments)?;
    let begun = Instant::now();
    let (setting, mut skipped) = inputs.embed(arguments, &encoders)?;
    let embedding = begun.elapsed();
    let begun = Instant::now();
    let evaluation = Evaluation::run(setting, &encoders.subjects())?;
    let measuring = begun.elapsed();
    skipped.extend(inputs.skipped);

    if let Some(report) = report {
        let page = html::page(&evaluation, arguments.queries_shown, &skipped);
        let (path, bytes) = report.write(&page)?;
        let size = output::bytes(bytes);
        eprintln!("wrote {} ({size})", path.display());
    }
    if arguments.json {
        let mut document = evaluation.to_json();
        document["skipped"] = json!(skipped);
        document["seconds"] = json!({
            "embedding": embedding.as_secs_f64(),
            "measuring": measuring.as_secs_f64(),
        });
        println!("{document}");
    } else {
        output::print_text(&tables::all(&evaluation));
        println!("\nembedding took {embedding:.1?}, measuring {measuring:.1?}");
    }
    Ok(CommandOutcome::partial_if(report_problems(
        &evaluation,
        &skipped,
    )))
}

/// Prints what does not count on standard error, and returns true if there is anything.
fn report_problems(evaluation: &Evaluation, skipped: &[Skipped]) -> bool {
    let copies = evaluation.setting.queries_in_catalog();
    if copies > 0 {
        eprintln!(
            "note: {copies} queries are also in the catalog, byte for byte; they find themselves"
        );
    }
    for note in evaluation.notes() {
        eprintln!("note: {note}");
    }
    let unanswerable = evaluation.unanswerable();
    for (category, queries) in &unanswerable {
        eprintln!(
            "{queries} queries of {category:?} do not count: there is nothing of their category \
             to find"
        );
    }
    for Skipped { what, reason } in skipped.iter().take(MAX_LISTED_PROBLEMS) {
        eprintln!("left out: {what}: {reason}");
    }
    if skipped.len() > MAX_LISTED_PROBLEMS {
        let rest = skipped.len() - MAX_LISTED_PROBLEMS;
        eprintln!("left out: {rest} more, which --json lists");
    }
    !unanswerable.is_empty() || !skipped.is_empty()
}
