//! `lookalike index verify`: checks every segment, and compares the index with bucket and table.

use std::collections::BTreeSet;

use anyhow::Result;
use lookalike_indexing::{Difference, Indexer, Outdated, VerifyReport};
use serde_json::json;

use super::attributes;
use super::index_keys::index_keys;
use crate::args::OutputArguments;
use crate::output::CommandOutcome;
use crate::target::Target;

/// The differences between a sound index, the bucket and the table.
struct Findings {
    differences: Difference,
    outdated: Vec<Outdated>,
    /// Keys of images that were filed under another product or category without a new version.
    relabeled: Vec<String>,
    /// Repairs that failed; `None` if nothing was repaired.
    failed: Option<usize>,
}

pub(super) async fn run(
    target: &Target,
    repair: bool,
    output: &OutputArguments,
) -> Result<CommandOutcome> {
    let indexer = target.indexer(target.encoders());
    let report = indexer.verify().await?;
    if !report.problems.is_empty() {
        // A damaged index cannot be compared with anything.
        if output.json {
            println!("{}", json!({ "verify": report }));
        } else {
            report
                .problems
                .iter()
                .for_each(|problem| println!("{problem}"));
            println!("`lookalike index rebuild --start-over` indexes every image again");
        }
        return Ok(CommandOutcome::Partial);
    }
    let findings = Findings::compare(&indexer, repair).await?;
    if output.json {
        let line = json!({
            "verify": report,
            "differences": findings.differences,
            "outdated": findings.outdated,
            "relabeled": findings.relabeled,
            "repaired": repair,
            "failed": findings.failed.unwrap_or_default(),
        });
        println!("{line}");
    } else {
        findings.print(&report);
    }
    Ok(CommandOutcome::partial_if(!findings.is_clean()))
}

impl Findings {
    /// Compares the index with bucket and table, and repairs what differs if that is wanted.
    async fn compare(indexer: &Indexer, repair: bool) -> Result<Self> {
        let mut findings = Self {
            differences: indexer.differences().await?,
            outdated: Vec::new(),
            relabeled: Vec::new(),
            failed: repair.then_some(0),
        };
        findings.failed = match repair {
            // Known failures are tried too: a larger function or a newer release may decode them.
            true => {
                index_keys(indexer, &findings.differences.known_failures).await?;
                Some(index_keys(indexer, &findings.keys()).await?)
            }
            false => None,
        };
        findings.outdated = indexer.outdated().await?;
        let outdated: BTreeSet<&str> = findings.outdated.iter().map(|o| o.key.as_str()).collect();
        let relabeled = indexer.relabeled().await?.into_iter();
        findings.relabeled = relabeled
            .filter(|key| !outdated.contains(key.as_str()))
            .collect();
        if let Some(failed) = &mut findings.failed {
            *failed += attributes::repair(indexer, &findings.outdated).await?;
            *failed += index_keys(indexer, &findings.relabeled).await?;
        }
        Ok(findings)
    }

    /// Returns the keys to index or to remove, without known failures.
    fn keys(&self) -> Vec<String> {
        let known: BTreeSet<&String> = self.differences.known_failures.iter().collect();
        let to_index = self.differences.to_index.iter();
        let to_index = to_index.filter(|key| !known.contains(key));
        to_index
            .chain(&self.differences.to_remove)
            .cloned()
            .collect()
    }

    /// True if nothing is left to do.
    fn is_clean(&self) -> bool {
        match self.failed {
            Some(failed) => failed == 0,
            None => self.keys().is_empty() && self.outdated.is_empty() && self.relabeled.is_empty(),
        }
    }

    fn print(&self, report: &VerifyReport) {
        println!(
            "generation {}: {} segments are sound, {} images",
            report.generation, report.segments, report.images
        );
        for side in &report.sides {
            println!(
                "{} index of {}: {} segments are sound, {} images",
                side.role, side.encoder, side.segments, side.images
            );
        }
        let to_build = self.differences.to_build.len();
        if to_build > 0 {
            println!("{to_build} images are not indexed yet: `lookalike reindex` continues");
        }
        let known = self.differences.known_failures.len();
        if known > 0 {
            println!("{known} images failed before: `lookalike status --failed` says why");
        }
        for Outdated { key, product_id } in &self.outdated {
            println!("{key} of {product_id}: other attributes than in the table");
        }
        for key in &self.relabeled {
            println!("{key}: another product or category than its object has now");
        }
        let repaired = self.failed.map(|failed| format!(": done, {failed} failed"));
        println!(
            "{} images to index, {} to remove, attributes of {} to update{}",
            self.keys().len() - self.differences.to_remove.len(),
            self.differences.to_remove.len(),
            self.outdated.len() + self.relabeled.len(),
            repaired.unwrap_or_default(),
        );
    }
}
