//! `lookalike index rebuild`.

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
    let (rows, drained) = (report.rebuilt_rows, report.drained_rows);
    if output.json {
        let line = json!({ "rebuilt_rows": rows, "drained_rows": drained, "seconds": report.rebuild_time.as_secs_f64(), "postponed": report.postponed, "failed": failed, "outdated": outdated });
        println!("{line}");
    } else if let Some(rows) = rows {
        println!(
            "rebuilt {rows} rows in {:.1} s",
            report.rebuild_time.as_secs_f64()
        );
    } else if let Some(reason) = &report.postponed {
        println!("not rebuilt: {reason}");
    } else if let Some(rows) = drained {
        println!("{rows} rows of deltas were written to the vector base");
    } else {
        println!("nothing to do: no delta is to be written to the vector base yet");
    }
    if outdated > 0 && !output.json {
        println!(
            "{outdated} images have other attributes than in the table: `lookalike index \
             refresh-attributes` updates them"
        );
    }
    Ok(CommandOutcome::partial_if(
        report.postponed.is_some() || failed > 0,
    ))
}
