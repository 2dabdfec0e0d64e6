//! `lookalike index verify`: checks every segment, and compares the index with bucket and table.

use anyhow::Result;
use lookalike_indexing::Outdated;
use serde_json::json;

use super::attributes;
use super::index_keys::index_keys;
use crate::args::OutputArguments;
use crate::output::CommandOutcome;
use crate::target::Target;

pub(super) async fn run(
    target: &Target,
    repair: bool,
    output: &OutputArguments,
) -> Result<CommandOutcome> {
    let indexer = target.indexer(target.encoders());
    let report = indexer.verify().await?;
    if !report.problems.is_empty() {
        // A damaged index cannot be compared with anything.
        if output.json {
            println!("{}", json!({ "verify": report }));
        } else {
            report
                .problems
                .iter()
                .for_each(|problem| println!("{problem}"));
            println!("`lookalike index rebuild --start-over` indexes every picture again");
        }
        return Ok(CommandOutcome::Partial);
    }
    let differences = indexer.differences().await?;
    let keys = [differences.to_index.clone(), differences.to_remove.clone()].concat();
    let mut failed = if repair {
        index_keys(&indexer, &keys).await?
    } else {
        0
    };
    let outdated = indexer.outdated().await?;
    if repair {
        failed += attributes::repair(&indexer, &outdated).await?;
    }
    let repaired = if repair {
        format!(": done, {failed} failed")
    } else {
        String::new()
    };
    if output.json {
        let line = json!({
            "verify": report,
            "differences": differences,
            "outdated": outdated,
            "repaired": repair,
            "failed": failed,
        });
        println!("{line}");
    } else {
        println!(
            "generation {}: {} segments are sound, {} images",
            report.generation, report.segments, report.images
        );
        for side in &report.sides {
            println!(
                "{} index of {}: {} segments are sound, {} images",
                side.role, side.encoder, side.segments, side.images
            );
        }
        if !differences.to_build.is_empty() {
            println!(
                "{} pictures are not indexed yet: `lookalike reindex` continues",
                differences.to_build.len()
            );
        }
        for Outdated { key, product_id } in &outdated {
            println!("{key} of {product_id}: other attributes than in the table");
        }
        println!(
            "{} pictures to index, {} to remove, attributes of {} to update{repaired}",
            differences.to_index.len(),
            differences.to_remove.len(),
            outdated.len(),
        );
    }
    let is_partial = if repair {
        failed > 0
    } else {
        !keys.is_empty() || !outdated.is_empty()
    };
    Ok(CommandOutcome::partial_if(is_partial))
}
