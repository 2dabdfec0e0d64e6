//! `lookalike import --fetch-images`: downloads the images of a feed, and removes those that it no longer has.

use std::path::Path;

use anyhow::Result;
use lookalike_aws::Cloud;
use lookalike_product_table::{ProductTable, TableProduct};
use serde::Serialize;
use serde_json::Value;

use crate::args::FetchArguments;
use crate::fetch_images::{self, FetchPlan, FetchReport, ProductLinks, Pruned};
use crate::report_file::ReportFile;

const CATEGORY: &str = "category";

/// A fetch that is about to run.
pub(crate) struct ImageImport<'a> {
    arguments: &'a FetchArguments,
    failures: ReportFile,
}

/// What was fetched and removed.
#[derive(Debug, Serialize)]
pub(crate) struct ImportedImages {
    #[serde(flatten)]
    report: FetchReport,
    /// The outcome of `--prune`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned: Option<Pruned>,
}

impl<'a> ImageImport<'a> {
    /// Checks that the file of failures can be written; `None` if no images are wanted.
    pub(crate) fn prepare(arguments: &'a FetchArguments, feed: &Path) -> Result<Option<Self>> {
        if !arguments.fetch_images {
            return Ok(None);
        }
        let path = match &arguments.failed_images {
            Some(path) => path.clone(),
            None => feed.with_extension("failed-images.csv"),
        };
        let failures = ReportFile::create(&path)?;
        Ok(Some(Self {
            arguments,
            failures,
        }))
    }

    /// Fetches the images of a feed whose products are stored already, so that the index has their metadata at once.
    pub(crate) async fn run(self, cloud: &Cloud, feed: &ProductTable) -> Result<ImportedImages> {
        let plan = FetchPlan::new(feed.products.iter().map(product_links));
        let report = fetch_images::fetch(cloud, &plan, self.arguments.options()).await?;
        let (path, _) = self.failures.write(&report.csv()?)?;
        if !report.failed.is_empty() {
            eprintln!("links that failed: {}", path.display());
        }
        let pruned = match self.arguments.prune {
            true if feed.bad_line_count > 0 => Some(Pruned::Refused(format!(
                "the feed has {} bad lines, and --prune would remove the images of their products: correct them",
                feed.bad_line_count
            ))),
            true => {
                let mode = self.arguments.prune_mode();
                Some(fetch_images::prune(cloud, &plan, &report, mode).await?)
            }
            false => None,
        };
        Ok(ImportedImages { report, pruned })
    }
}

impl ImportedImages {
    /// True if there is something for a person to do.
    pub(crate) fn is_partial(&self) -> bool {
        !self.report.failed.is_empty() || matches!(self.pruned, Some(Pruned::Refused(_)))
    }

    /// Prints the images for people.
    pub(crate) fn print(&self) {
        self.report.print();
        match &self.pruned {
            Some(Pruned::Removed(images)) => println!("removed {images} images"),
            Some(Pruned::Refused(reason)) => eprintln!("nothing was removed: {reason}"),
            None => {}
        }
    }
}

fn product_links(product: &TableProduct) -> ProductLinks {
    let category = match product.metadata.get(CATEGORY) {
        Some(Value::String(category)) if !category.is_empty() => Some(category.clone()),
        _ => None,
    };
    ProductLinks {
        product_id: product.product_id.clone(),
        category,
        image_links: product.image_links.clone(),
        has_more_links: product.has_more_images,
    }
}
