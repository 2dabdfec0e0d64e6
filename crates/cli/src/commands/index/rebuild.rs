//! `lookalike index rebuild` and `lookalike index gc`.

use anyhow::Result;
use serde_json::json;

use super::index_keys::index_keys;
use crate::args::OutputArguments;
use crate::deadline;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

pub(super) async fn run(
    target: &Target,
    start_over: bool,
    output: &OutputArguments,
) -> Result<CommandOutcome> {
    let indexer = target.indexer(target.encoders());
    let mut failed = 0;
    if start_over {
        indexer.start_over().await?;
        let keys = indexer.differences().await?.to_index;
        failed = index_keys(&indexer, &keys).await?;
    }
    let spinner = output::spinner("rebuilding");
    let report = indexer.rebuild(deadline::of_step()).await?;
    let outdated = indexer.outdated().await?.len();
    spinner.finish_and_clear();
    let rows = report.rebuilt_rows;
    if output.json {
        let line = json!({ "rebuilt_rows": rows, "seconds": report.rebuild_time.as_secs_f64(), "postponed": report.postponed, "failed": failed, "outdated": outdated });
        println!("{line}");
    } else if let Some(rows) = rows {
        println!(
            "rebuilt {rows} rows in {:.1} s",
            report.rebuild_time.as_secs_f64()
        );
    } else if let Some(reason) = &report.postponed {
        println!("not rebuilt: {reason}");
    }
    if outdated > 0 && !output.json {
        println!(
            "{outdated} images have other attributes than in the table: `lookalike index \
             refresh-attributes` updates them"
        );
    }
    Ok(CommandOutcome::partial_if(rows.is_none() || failed > 0))
}

pub(super) async fn collect_garbage(output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let collected = target.indexer(target.encoders()).collect_garbage().await?;
    if output.json {
        println!("{}", serde_json::to_string(&collected)?);
        return Ok(CommandOutcome::Complete);
    }
    println!("removed {} segments", collected.removed);
    if collected.doomed > 0 {
        println!(
            "{} more are not needed: a run in an hour or later removes them",
            collected.doomed
        );
    }
    Ok(CommandOutcome::Complete)
}
