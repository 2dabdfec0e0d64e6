//! `lookalike import`: stores product metadata in the table, and waits for the index.

use std::collections::BTreeMap;

use anyhow::Result;
use lookalike_aws::Cloud;
use lookalike_core::{Filterable, Product, same_metadata};
use serde::Serialize;
use serde_json::json;

use crate::args::ImportArguments;
use crate::commands::import_images::ImageImport;
use crate::import_watch::{ImportWatch, Seen};
use crate::metadata_csv::ProductTable;
use crate::output::{self, CommandOutcome};
use crate::target::Target;

/// Number of products that are read or stored by one call of the port.
const CHUNK_PRODUCTS: usize = 500;

pub(crate) async fn run(arguments: ImportArguments) -> Result<CommandOutcome> {
    let table = ProductTable::open(&arguments.csv)?;
    let images = ImageImport::prepare(&arguments.images, &arguments.csv)?;
    let target = Target::connect(&arguments.target).await?;
    let filterable = &target.settings.filterable;
    if !arguments.json {
        warn(&table, filterable);
    }
    let changed = changed(&target.cloud, &table).await?;
    let watch = if arguments.no_wait {
        None
    } else {
        watch(&target, &changed).await
    };
    put(&target.cloud, &changed).await?;
    let seen = match watch {
        Some(watch) => Some(watch.after().await?),
        None => None,
    };
    let images = match images {
        Some(images) => Some(images.run(&target.cloud, &table).await?),
        None => None,
    };
    if arguments.json {
        let mut line = json!({
            "imported": table.products.len(),
            "changed": changed.len(),
            "bad_lines": table.bad_lines,
            "not_filterable": not_filterable(&table, filterable),
        });
        if let Some(seen) = seen {
            line["index"] = json!(seen);
        }
        if let Some(images) = &images {
            line["images"] = json!(images);
        }
        println!("{line}");
    } else {
        println!("{}", summary(&table, changed.len()));
        if let Some(seen) = seen {
            print_seen(seen);
        }
        if let Some(images) = &images {
            images.print();
        }
    }
    let missing = images.is_some_and(|images| images.is_partial());
    let waiting = seen.is_some_and(|seen| seen.waiting > 0);
    Ok(CommandOutcome::partial_if(
        waiting || missing || !table.bad_lines.is_empty(),
    ))
}

/// Stores the products of a table whose metadata is not in the table yet, and returns them.
pub(crate) async fn store<'t>(cloud: &Cloud, table: &'t ProductTable) -> Result<Vec<&'t Product>> {
    let changed = changed(cloud, table).await?;
    put(cloud, &changed).await?;
    Ok(changed)
}

/// Returns the products whose metadata in the table differs or is missing.
async fn changed<'t>(cloud: &Cloud, table: &'t ProductTable) -> Result<Vec<&'t Product>> {
    let bar = output::progress("comparing", table.products.len() as u64);
    let mut changed = Vec::new();
    for chunk in table.products.chunks(CHUNK_PRODUCTS) {
        let ids: Vec<String> = chunk.iter().map(|p| p.product_id.clone()).collect();
        let stored = cloud.products.latest(&ids).await?;
        changed.extend(chunk.iter().filter(|product| {
            let stored = stored.get(&product.product_id);
            !stored.is_some_and(|stored| same_metadata(stored, &product.metadata))
        }));
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(changed)
}

async fn put(cloud: &Cloud, products: &[&Product]) -> Result<()> {
    let bar = output::progress("importing", products.len() as u64);
    for chunk in products.chunks(CHUNK_PRODUCTS) {
        let chunk: Vec<Product> = chunk.iter().copied().cloned().collect();
        cloud.products.put_many(&chunk).await?;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Reads the index before anything is stored; without permission to read it, the command does not wait for it.
async fn watch<'t>(target: &'t Target, changed: &[&'t Product]) -> Option<ImportWatch<'t>> {
    let indexer = target.indexer(target.encoders());
    let watch = ImportWatch::before(indexer, &target.settings.filterable, changed).await;
    watch
        .inspect_err(|error| eprintln!("the index cannot be read: {error}"))
        .ok()
}

/// A summary of the import for people.
pub(crate) fn summary(table: &ProductTable, changed: usize) -> String {
    format!(
        "imported {} products, {changed} of them changed",
        table.products.len()
    )
}

fn print_seen(seen: Seen) {
    println!(
        "{} pictures updated in the index, {} embedded",
        seen.updated, seen.embedded
    );
    if seen.waiting > 0 {
        eprintln!(
            "{} pictures are not updated yet: is the indexer running? `lookalike index \
             refresh-attributes` updates them from here",
            seen.waiting
        );
    }
}

/// A filterable column with values that cannot be filtered by.
#[derive(Debug, Serialize)]
struct NotFilterable<'t> {
    name: &'t str,
    products: usize,
    first: &'t str,
    reason: String,
}

fn not_filterable<'t>(
    table: &'t ProductTable,
    filterable: &'t Filterable,
) -> Vec<NotFilterable<'t>> {
    let mut found: BTreeMap<&str, NotFilterable<'_>> = BTreeMap::new();
    for product in &table.products {
        for (name, reason) in filterable.unfilterable(&product.metadata) {
            let of_name = found.entry(name).or_insert_with(|| NotFilterable {
                name,
                products: 0,
                first: &product.product_id,
                reason: reason.to_string(),
            });
            of_name.products += 1;
        }
    }
    found.into_values().collect()
}

/// Reports, on standard error, the lines that could not be used and the values that cannot be filtered by.
pub(crate) fn warn(table: &ProductTable, filterable: &Filterable) {
    for bad in &table.bad_lines {
        eprintln!("line {}: {}", bad.line, bad.reason);
    }
    for column in not_filterable(table, filterable) {
        eprintln!(
            "warning: {:?} of {} products cannot be filtered by, the first of them {:?}: {}",
            column.name, column.products, column.first, column.reason
        );
    }
}
