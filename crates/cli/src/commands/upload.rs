//! `lookalike upload`: uploads images to the catalog.

use anyhow::Result;

use crate::args::UploadArguments;
use crate::catalog_folder::{CatalogFolder, UploadOptions, UploadReport};
use crate::output::CommandOutcome;
use crate::product_file;
use crate::target::Target;

/// Number of products or entries that are shown of each kind.
const SHOWN: usize = 5;

pub(crate) async fn run(arguments: UploadArguments) -> Result<CommandOutcome> {
    let entries = match &arguments.metadata {
        Some(path) => {
            let table = product_file::read(path, &arguments.columns.options())?;
            Some(product_file::matcher(&table))
        }
        None => None,
    };
    let folder = CatalogFolder::new(&arguments.folder)?;
    let target = Target::connect(&arguments.target).await?;
    let options = UploadOptions {
        entries,
        product_id: arguments.product_id,
        force: arguments.force,
    };
    let report = folder.upload(&target.cloud, options).await?;
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
        "uploaded {} images, {} were there already",
        report.uploaded, report.unchanged
    );
    if report.skipped > 0 {
        eprintln!(
            "skipped {} files without an image's extension",
            report.skipped
        );
    }
    print_shared_names(report);
    print_entries(report);
    for failed in &report.failed {
        eprintln!("failed: {failed}");
    }
}

fn print_shared_names(report: &UploadReport) {
    let shared = &report.shared_names;
    if shared.is_empty() {
        return;
    }
    eprintln!(
        "warning: {} file names occur in several folders, and the images of each become one product. If they show \
         different products, upload again with --product-id path:",
        shared.len()
    );
    for name in shared.iter().take(SHOWN) {
        eprintln!(
            "  {:?}: {} images, such as {}",
            name.product_id,
            name.images,
            name.first.join(", ")
        );
    }
    print_more(shared.len());
}

fn print_entries(report: &UploadReport) {
    for entry in report.in_other_case.iter().take(SHOWN) {
        eprintln!("warning: image {entry:?} of the table has another case than the file");
    }
    print_more(report.in_other_case.len());
    for entry in report.unmatched.iter().take(SHOWN) {
        eprintln!(
            "warning: there is no file for image {:?} of product {:?}",
            entry.entry, entry.product_id
        );
    }
    print_more(report.unmatched.len());
    for entry in report.ambiguous.iter().take(SHOWN) {
        eprintln!(
            "warning: other products name the image {:?} of product {:?} too: give each image one product, and name it \
             by its whole path below the folder",
            entry.entry, entry.product_id
        );
    }
    print_more(report.ambiguous.len());
}

fn print_more(total: usize) {
    if total > SHOWN {
        eprintln!("  and {} more; --json lists them", total - SHOWN);
    }
}
