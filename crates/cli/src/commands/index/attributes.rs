//! What rows keep of their products: shown, and brought in line with the table.

use std::collections::BTreeSet;

use anyhow::Result;
use lookalike_core::Deadline;
use lookalike_indexing::{Indexer, Outdated};
use serde_json::json;

use super::PATIENCE;
use crate::args::OutputArguments;
use crate::output::{self, Done};
use crate::target::Target;

/// Products whose pictures are updated and published together.
const PRODUCTS: usize = 1000;

/// `index refresh-attributes`.
pub(super) async fn refresh(target: &Target, output: &OutputArguments) -> Result<Done> {
    let indexer = target.indexer(target.encoders());
    let products = indexer.indexed_products().await?;
    let refreshed = update(&indexer, &products).await?;
    if output.json {
        let line = json!({
            "products": products.len(),
            "updated": refreshed.updated,
            "failed": refreshed.failed,
            "filterable": target.settings.filterable.names().collect::<Vec<_>>(),
        });
        println!("{line}");
    } else {
        println!(
            "{} pictures updated, none embedded; {} products have {}",
            refreshed.updated,
            products.len(),
            target.settings.filterable
        );
    }
    Ok(Done::unless(refreshed.failed > 0))
}

/// `index show`.
pub(super) async fn show(product_id: String, output: &OutputArguments) -> Result<Done> {
    let target = Target::connect(&output.target).await?;
    let indexer = target.indexer(target.encoders());
    let pictures = indexer.images_of(&[product_id]).await?;
    if output.json {
        println!("{}", json!({ "pictures": pictures }));
    } else {
        for picture in &pictures {
            println!("{}  {}", picture.key, json!(picture.attributes));
        }
    }
    Ok(Done::unless(pictures.is_empty()))
}

/// Updates the rows that a comparison found, and returns how many products could not be done.
pub(super) async fn repair(indexer: &Indexer, outdated: &[Outdated]) -> Result<usize> {
    let products: BTreeSet<&String> = outdated.iter().map(|o| &o.product_id).collect();
    let products: Vec<String> = products.into_iter().cloned().collect();
    Ok(update(indexer, &products).await?.failed)
}

/// What updating rows came to.
#[derive(Default)]
struct Refreshed {
    /// Pictures whose rows say something else now.
    updated: usize,
    /// Products that could not be updated; they were reported.
    failed: usize,
}

/// Has the rows of products say what the table says, in this process.
async fn update(indexer: &Indexer, products: &[String]) -> Result<Refreshed> {
    let bar = output::progress("updating", products.len() as u64);
    let mut refreshed = Refreshed::default();
    for chunk in products.chunks(PRODUCTS) {
        let deadline = Deadline::after(PATIENCE);
        let report = indexer.index_products(chunk, deadline).await?;
        refreshed.updated += report.updated;
        refreshed.failed += report.retry.len();
        for (product, reason) in &report.retry {
            bar.suspend(|| eprintln!("product {product}: {reason}"));
        }
        indexer.maintain(deadline).await?;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(refreshed)
}
