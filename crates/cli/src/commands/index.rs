//! `lookalike index`: look at the index, check it, put it in order.

mod attributes;

use std::time::Duration;

use anyhow::Result;
use lookalike_http::IndexInfoResponse;
use lookalike_service::{Deadline, Filterable, IndexInfo, Indexer, Outcome, Outdated, SideInfo};
use serde_json::json;

use crate::args::{IndexAction, IndexArguments, OutputArguments};
use crate::output::{self, Done};
use crate::target::Target;

/// Nobody kills a command line after fifteen minutes.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Pictures indexed and published together.
const BATCH: usize = 100;

pub(crate) async fn run(arguments: IndexArguments) -> Result<Done> {
    let declared = arguments.filterable.as_ref();
    match arguments.action {
        IndexAction::Info(output) => info(&output).await,
        IndexAction::Verify { repair, output } => {
            let target = connect(&output, declared).await?;
            verify(&target, repair, &output).await
        }
        IndexAction::RefreshAttributes(output) => {
            let target = connect(&output, declared).await?;
            attributes::refresh(&target, &output).await
        }
        IndexAction::Show { product_id, output } => attributes::show(product_id, &output).await,
        IndexAction::Rebuild { start_over, output } => {
            let target = connect(&output, declared).await?;
            rebuild(&target, start_over, &output).await
        }
        IndexAction::Gc(output) => gc(&output).await,
    }
}

/// The system, with other filterable attributes than it declares where some are given.
async fn connect(output: &OutputArguments, declared: Option<&Filterable>) -> Result<Target> {
    let mut target = Target::connect(&output.target).await?;
    if let Some(declared) = declared {
        target.settings.filterable = declared.clone();
    }
    Ok(target)
}

async fn info(output: &OutputArguments) -> Result<Done> {
    let target = Target::connect(&output.target).await?;
    let info = target.searcher(target.encoders()).index_info().await?;
    if output.json {
        println!("{}", serde_json::to_string(&IndexInfoResponse::from(info))?);
    } else {
        print_info(&info);
    }
    Ok(Done::All)
}

fn print_info(info: &IndexInfo) {
    println!("generation  {}", info.state.generation);
    println!("images      {}", info.state.images);
    println!("products    {}", info.state.products);
    println!("failed      {}", info.failed);
    println!(
        "encoder     {}, {} dimensions, {}",
        info.encoder_name, info.dimensions, info.fingerprint
    );
    if let Some(notice) = encoder_notice(info) {
        println!("{notice}");
    }
    for segment in &info.segments {
        let recall = match segment.recall {
            Some(recall) => format!(", its graph finds {:.1} % of the ten best", 100.0 * recall),
            None => String::new(),
        };
        println!(
            "segment     {:<5} {:>9} rows  {}{recall}",
            segment.kind,
            segment.rows,
            output::bytes(segment.bytes)
        );
    }
    info.sides.iter().for_each(print_side);
}

/// What to say when this process was given another encoder than the index has.
pub(crate) fn encoder_notice(info: &IndexInfo) -> Option<String> {
    let configured = info.configured.as_ref()?;
    let known = |side: &SideInfo| side.encoder.fingerprint == configured.fingerprint;
    if info.sides.iter().any(known) {
        return None;
    }
    Some(format!(
        "this release brings encoder {:?}, the index is of {:?}: `lookalike reindex` changes over",
        configured.name, info.encoder_name
    ))
}

/// Prints what is known of an index beside the searched one.
pub(crate) fn print_side(side: &SideInfo) {
    let lost = match side.available {
        true => "",
        false => ", not kept up to date: its encoder is not stored beside the index",
    };
    println!(
        "{:<11} {}, {} dimensions, {} rows, {}{lost}",
        side.role,
        side.encoder.name,
        side.encoder.dimensions,
        side.rows,
        output::bytes(side.bytes)
    );
}

async fn verify(target: &Target, repair: bool, output: &OutputArguments) -> Result<Done> {
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
        return Ok(Done::Partly);
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
    let done = match repair {
        true => format!(": done, {failed} failed"),
        false => String::new(),
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
                "{} pictures are still to be built: `lookalike reindex` goes on",
                differences.to_build.len()
            );
        }
        for Outdated { key, product_id } in &outdated {
            println!("{key} of {product_id}: other attributes than in the table");
        }
        println!(
            "{} pictures to index, {} to remove, attributes of {} to update{done}",
            differences.to_index.len(),
            differences.to_remove.len(),
            outdated.len(),
        );
    }
    Ok(Done::unless(match repair {
        true => failed > 0,
        false => !keys.is_empty() || !outdated.is_empty(),
    }))
}

async fn rebuild(target: &Target, start_over: bool, output: &OutputArguments) -> Result<Done> {
    let indexer = target.indexer(target.encoders());
    let mut failed = 0;
    if start_over {
        indexer.start_over().await?;
        let keys = indexer.differences().await?.to_index;
        failed = index_keys(&indexer, &keys).await?;
    }
    let spinner = output::spinner("rebuilding");
    let report = indexer.rebuild(Deadline::after(PATIENCE)).await?;
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
            "{outdated} pictures have other attributes than in the table: `lookalike index \
             refresh-attributes` updates them"
        );
    }
    Ok(Done::unless(rows.is_none() || failed > 0))
}

async fn gc(output: &OutputArguments) -> Result<Done> {
    let target = Target::connect(&output.target).await?;
    let removed = target.indexer(target.encoders()).collect_garbage().await?;
    if output.json {
        println!("{}", json!({ "removed": removed }));
    } else {
        println!("removed {removed} segments");
    }
    Ok(Done::All)
}

/// Indexes keys in this process; reports and counts those that failed.
async fn index_keys(indexer: &Indexer, keys: &[String]) -> Result<usize> {
    let bar = output::progress("indexing", keys.len() as u64);
    let mut failed = 0;
    for batch in keys.chunks(BATCH) {
        let report = indexer.index_keys(batch, Deadline::after(PATIENCE)).await?;
        for (key, outcome) in &report.outcomes {
            let reason = match outcome {
                Outcome::Failed(failure) => &failure.reason,
                Outcome::Retry(reason) => reason,
                Outcome::Indexed | Outcome::Updated | Outcome::Removed | Outcome::Unchanged => {
                    continue;
                }
            };
            failed += 1;
            bar.suspend(|| eprintln!("{key}: {reason}"));
        }
        indexer.maintain(Deadline::after(PATIENCE)).await?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(failed)
}
