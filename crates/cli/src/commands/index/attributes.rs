//! Attributes that rows keep of their products: shows them, and updates them from the table.

use std::collections::BTreeSet;
use std::slice;

use anyhow::Result;
use lookalike_indexing::{Indexer, Outdated};
use serde_json::json;

use crate::args::OutputArguments;
use crate::deadline;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

/// Number of products whose images are updated and published together.
const BATCH_PRODUCTS: usize = 1000;

/// Runs `index refresh-attributes`.
pub(super) async fn refresh(target: &Target, output: &OutputArguments) -> Result<CommandOutcome> {
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
            "{} images updated, none embedded; {} products have {}",
            refreshed.updated,
            products.len(),
            target.settings.filterable
        );
    }
    Ok(CommandOutcome::partial_if(refreshed.failed > 0))
}

/// Runs `index show`.
pub(super) async fn show(product_id: String, output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let indexer = target.indexer(target.encoders());
    let pictures = indexer.images_of(slice::from_ref(&product_id)).await?;
    if output.json {
        println!("{}", json!({ "pictures": pictures }));
    } else {
        for picture in &pictures {
            println!("{}  {}", picture.key, json!(picture.attributes));
        }
    }
    if pictures.is_empty() {
        eprintln!(
            "no image of product {product_id:?} is indexed: `lookalike status --failed` lists those that failed"
        );
    }
    Ok(CommandOutcome::partial_if(pictures.is_empty()))
}

/// Updates the rows that a comparison found, and returns the number of products that failed.
pub(super) async fn repair(indexer: &Indexer, outdated: &[Outdated]) -> Result<usize> {
    let products: BTreeSet<&String> = outdated.iter().map(|o| &o.product_id).collect();
    let products: Vec<String> = products.into_iter().cloned().collect();
    Ok(update(indexer, &products).await?.failed)
}

/// Updates the rows of all products from the table, and returns the number of products that failed.
pub(crate) async fn refresh_rows(indexer: &Indexer) -> Result<usize> {
    let products = indexer.indexed_products().await?;
    Ok(update(indexer, &products).await?.failed)
}

/// The numbers of updated rows and failed products.
#[derive(Default)]
struct Refreshed {
    /// Images whose rows changed.
    updated: usize,
    /// Products that could not be updated; they were reported.
    failed: usize,
}

/// Updates the rows of products from the table, in this process.
async fn update(indexer: &Indexer, products: &[String]) -> Result<Refreshed> {
    let bar = output::progress("updating", products.len() as u64);
    let mut refreshed = Refreshed::default();
    for chunk in products.chunks(BATCH_PRODUCTS) {
        let deadline = deadline::of_step();
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
