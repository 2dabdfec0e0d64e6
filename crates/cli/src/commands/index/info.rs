//! `lookalike index info`: generation, counts, encoder and segments.

use anyhow::Result;
use lookalike_search::{IndexInfo, StandbyInfo, VectorBaseInfo, VectorBaseStage};

use crate::args::OutputArguments;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

pub(super) async fn run(output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let info = target.searcher(target.encoders()).index_info().await?;
    if output.json {
        println!("{}", serde_json::to_string(&info)?);
    } else {
        print_info(&info);
    }
    Ok(CommandOutcome::Complete)
}

fn print_info(info: &IndexInfo) {
    println!("generation  {}", info.state.generation);
    println!("images      {}", info.state.images);
    if let Some(products) = info.state.products {
        println!("products    {products}");
    }
    println!("failed      {}", info.failed);
    println!(
        "encoder     {}, {} dimensions, {}",
        info.encoder.name, info.encoder.dimensions, info.encoder.fingerprint
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
    info.vector_base.iter().for_each(print_vector_base);
    info.standby_indexes.iter().for_each(print_standby);
}

/// Returns a notice if this process has another encoder than the index.
pub(crate) fn encoder_notice(info: &IndexInfo) -> Option<String> {
    let configured = info.configured_encoder.as_ref()?;
    let known = |index: &StandbyInfo| index.encoder.fingerprint == configured.fingerprint;
    if info.standby_indexes.iter().any(known) {
        return None;
    }
    Some(format!(
        "this release has encoder {:?}, the index was made by {:?}: `lookalike reindex` changes it",
        configured.name, info.encoder.name
    ))
}

/// Prints a line about a standby index.
pub(crate) fn print_standby(index: &StandbyInfo) {
    let lost = if index.available {
        ""
    } else {
        ", not kept up to date: its encoder is not stored beside the index"
    };
    println!(
        "{:<11} {}, {} dimensions, {} rows, {}{lost}",
        index.role,
        index.encoder.name,
        index.encoder.dimensions,
        index.rows,
        output::bytes(index.bytes)
    );
}

/// Prints a line about a vector base.
pub(crate) fn print_vector_base(base: &VectorBaseInfo) {
    let VectorBaseInfo {
        name,
        slots,
        images,
        waiting_deltas,
        waiting_rows,
        ..
    } = base;
    let state = match (base.state, base.can_roll_back) {
        (VectorBaseStage::Filling, _) => format!(
            "being filled with {images} rows of the base segment: `lookalike reindex --engine dynamodb` continues"
        ),
        (VectorBaseStage::Serving, true) => format!(
            "{images} images, {waiting_rows} rows of {waiting_deltas} deltas stay beside it until \
             `lookalike reindex --engine dynamodb --finish`"
        ),
        (VectorBaseStage::Serving, false) => {
            format!("{images} images, {waiting_rows} rows of {waiting_deltas} deltas wait for it")
        }
    };
    println!("vector base {name}, {slots} slots, {state}");
}
