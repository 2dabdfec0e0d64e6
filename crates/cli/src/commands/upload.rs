//! `lookalike upload`: uploads images to the catalog.

use anyhow::Result;

use crate::args::UploadArguments;
use crate::catalog_folder::{CatalogFolder, UploadReport};
use crate::metadata_csv::ProductTable;
use crate::output::CommandOutcome;
use crate::target::Target;

pub(crate) async fn run(arguments: UploadArguments) -> Result<CommandOutcome> {
    let products = match &arguments.metadata {
        Some(csv) => ProductTable::open(csv)?.images,
        None => Default::default(),
    };
    let folder = CatalogFolder::new(&arguments.folder, products)?;
    let target = Target::connect(&arguments.target).await?;
    let report = folder.upload(&target.cloud, arguments.force).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(CommandOutcome::partial_if(!report.failed.is_empty()))
}

/// Prints a report for people, on standard error.
pub(crate) fn print(report: &UploadReport) {
    eprintln!(
        "uploaded {} pictures, {} were there already",
        report.uploaded, report.unchanged
    );
    if report.skipped > 0 {
        eprintln!(
            "skipped {} files without a picture's extension",
            report.skipped
        );
    }
    for failed in &report.failed {
        eprintln!("failed: {failed}");
    }
}
