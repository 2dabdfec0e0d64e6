//! `lookalike status`: shows what is indexed, what changed last, and what failed.

use anyhow::Result;
use lookalike_core::ImageRecord;
use lookalike_search::{GenerationInfo, VectorBaseStage};
use serde_json::json;

use super::index::{encoder_notice, print_standby, print_vector_base};
use crate::args::StatusArguments;
use crate::output::CommandOutcome;
use crate::separation::Separation;
use crate::target::Target;

/// Maximum number of products that are searched for to see how well categories are separated.
const MAX_QUERIES: usize = 200;

pub(crate) async fn run(arguments: StatusArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&arguments.output.target).await?;
    let searcher = target.searcher(target.encoders());
    let info = searcher.index_info().await?;
    let separation = match &info.vector_base {
        Some(base) if base.state == VectorBaseStage::Serving => {
            let reason = "measuring how well they are separated reads every row of the vector base: `lookalike audit` does";
            Separation::not_measured(reason)
        }
        _ => {
            // The state is shown even if this cannot be measured.
            let separation = Separation::measure(&searcher, MAX_QUERIES).await;
            separation.unwrap_or_else(|error| Separation::not_measured(format!("{error:#}")))
        }
    };
    let failed = if arguments.failed {
        failures(&target).await?
    } else {
        Vec::new()
    };
    if arguments.output.json {
        let mut line = json!({
            "generation": info.state.generation,
            "images": info.state.images,
            "products": info.state.products,
            "failed": info.failed,
            "history": info.history,
            "separation": separation,
        });
        if arguments.failed {
            line["failures"] = json!(failed);
        }
        if !info.standby_indexes.is_empty() {
            line["side_indexes"] = json!(info.standby_indexes);
        }
        if let Some(base) = &info.vector_base {
            line["vector_base"] = json!(base);
        }
        if let Some(configured) = &info.configured_encoder {
            line["configured_encoder"] = json!(configured);
        }
        println!("{line}");
        return Ok(CommandOutcome::Complete);
    }
    let of_products = info.state.products;
    let of_products = of_products.map_or(String::new(), |count| format!(" of {count} products"));
    println!(
        "{} images{of_products} are indexed (generation {}), {} failed",
        info.state.images, info.state.generation, info.failed
    );
    if let Some(notice) = encoder_notice(&info) {
        println!("{notice}");
    }
    info.vector_base.iter().for_each(print_vector_base);
    info.standby_indexes.iter().for_each(print_standby);
    if info.state.images > 0 {
        println!("{}", separation.line());
    }
    for generation in &info.history {
        let GenerationInfo {
            generation,
            published,
            summary,
            ..
        } = generation;
        println!("{published}  generation {generation}: {summary}");
    }
    for record in &failed {
        if let Some(failure) = &record.failure {
            println!("{}  {}: {}", record.key, failure.code, failure.reason);
        }
    }
    Ok(CommandOutcome::Complete)
}

async fn failures(target: &Target) -> Result<Vec<ImageRecord>> {
    let mut failures = Vec::new();
    let mut after = None;
    loop {
        let page = target.cloud.failures.list(after.as_deref()).await?;
        failures.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(failures);
        }
    }
}
