//! `lookalike import`: product metadata into the table.

use anyhow::Result;
use lookalike_aws::Cloud;
use serde_json::json;

use crate::args::ImportArguments;
use crate::metadata_csv::ProductTable;
use crate::output::{self, Done};
use crate::target::Target;

/// Products stored with one call of the port.
const CHUNK: usize = 500;

pub(crate) async fn run(arguments: ImportArguments) -> Result<Done> {
    let table = ProductTable::open(&arguments.csv)?;
    let target = Target::connect(&arguments.target).await?;
    let imported = store(&target.cloud, &table).await?;
    if arguments.json {
        println!(
            "{}",
            json!({ "imported": imported, "bad_lines": table.bad_lines })
        );
    } else {
        report_bad_lines(&table);
        println!("imported {imported} products");
    }
    Ok(Done::unless(!table.bad_lines.is_empty()))
}

/// Stores every product of a table and returns how many.
pub(crate) async fn store(cloud: &Cloud, table: &ProductTable) -> Result<usize> {
    let bar = output::progress("importing", table.products.len() as u64);
    for chunk in table.products.chunks(CHUNK) {
        cloud.products.put_many(chunk).await?;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(table.products.len())
}

/// Prints the lines that could not be used, on standard error.
pub(crate) fn report_bad_lines(table: &ProductTable) {
    for bad in &table.bad_lines {
        eprintln!("line {}: {}", bad.line, bad.reason);
    }
}
