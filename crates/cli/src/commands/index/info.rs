//! `lookalike index info`: generation, counts, encoder and segments.

use anyhow::Result;
use lookalike_http::IndexInfoResponse;
use lookalike_search::{IndexInfo, StandbyInfo};

use crate::args::OutputArguments;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

pub(super) async fn run(output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let info = target.searcher(target.encoders()).index_info().await?;
    if output.json {
        println!("{}", serde_json::to_string(&IndexInfoResponse::from(info))?);
    } else {
        print_info(&info);
    }
    Ok(CommandOutcome::Complete)
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

/// Returns a notice if this process has another encoder than the index.
pub(crate) fn encoder_notice(info: &IndexInfo) -> Option<String> {
    let configured = info.configured.as_ref()?;
    let known = |side: &StandbyInfo| side.encoder.fingerprint == configured.fingerprint;
    if info.sides.iter().any(known) {
        return None;
    }
    Some(format!(
        "this release has encoder {:?}, the index was made by {:?}: `lookalike reindex` changes it",
        configured.name, info.encoder_name
    ))
}

/// Prints a line about a standby index.
pub(crate) fn print_side(side: &StandbyInfo) {
    let lost = if side.available {
        ""
    } else {
        ", not kept up to date: its encoder is not stored beside the index"
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
