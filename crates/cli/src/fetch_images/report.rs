//! What a fetch has done.

use std::collections::HashSet;

use anyhow::Result;
use lookalike_product_table::printable;
use serde::Serialize;

use super::bad_link::BadLink;
use super::fetcher::Fetched;
use super::links::{FetchPlan, ImageLink};

/// Number of failures that are printed; the file has all.
const SHOWN: usize = 20;

/// What a fetch has done.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FetchReport {
    /// Images that were stored, new or changed.
    pub(crate) fetched: u64,
    /// Images among them that replaced another version.
    pub(crate) changed: u64,
    /// Images that the catalog had.
    pub(crate) unchanged: u64,
    /// Links that have no image.
    pub(crate) failed: Vec<BadLink>,
    /// Links that belong to an earlier product.
    pub(crate) shared: Vec<BadLink>,
}

impl FetchReport {
    /// Begins the report of a plan.
    pub(crate) fn of(plan: &FetchPlan) -> Self {
        Self {
            failed: plan.unusable.clone(),
            shared: plan.shared.clone(),
            ..Self::default()
        }
    }

    /// Adds the outcome of a link.
    pub(crate) fn add(&mut self, link: &ImageLink, fetched: Fetched) {
        match fetched {
            Fetched::New => self.fetched += 1,
            Fetched::Changed => {
                self.fetched += 1;
                self.changed += 1;
            }
            Fetched::Unchanged => self.unchanged += 1,
            Fetched::Failed(error) => self.failed.push(BadLink {
                product_id: link.product_id.clone(),
                link: link.url.to_string(),
                reason: error.to_string(),
            }),
        }
    }

    /// Sorts the lists, so that two reports can be compared.
    pub(crate) fn sort(&mut self) {
        self.failed.sort();
    }

    /// Returns the products with a link that failed.
    pub(crate) fn failed_products(&self) -> HashSet<&str> {
        let failed = self.failed.iter();
        failed.map(|bad| bad.product_id.as_str()).collect()
    }

    /// Returns both lists as CSV.
    pub(crate) fn csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["product_id", "link", "reason"])?;
        for bad in self.failed.iter().chain(&self.shared) {
            writer.write_record([&bad.product_id, &bad.link, &bad.reason])?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    /// Prints the report for people, failures on standard error.
    pub(crate) fn print(&self) {
        println!(
            "fetched {} images, {} of them changed; {} were up to date",
            self.fetched, self.changed, self.unchanged
        );
        for bad in self.failed.iter().take(SHOWN) {
            eprintln!(
                "failed: product {:?}: {}: {}",
                bad.product_id,
                printable(&bad.link),
                printable(&bad.reason)
            );
        }
        if self.failed.len() > SHOWN {
            eprintln!("and {} more failed links", self.failed.len() - SHOWN);
        }
        if let Some(first) = self.shared.first() {
            eprintln!(
                "{} links belong to several products and were fetched for the first; one of the others: product {:?}: {}",
                self.shared.len(),
                first.product_id,
                printable(&first.link)
            );
        }
    }
}
