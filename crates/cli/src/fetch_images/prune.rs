//! Removing fetched images whose product or link is gone from the feed.

use std::collections::HashSet;
use std::io::{self, BufRead, IsTerminal};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use lookalike_aws::Cloud;
use lookalike_core::StoreError;
use serde::Serialize;

use super::links::FetchPlan;
use super::report::FetchReport;
use super::source::{self, Source};
use super::stored::StoredImages;
use crate::output;

/// Maximum number of requests to the catalog at the same time.
const PARALLEL_REQUESTS: usize = 16;

/// Who answers for the removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PruneMode {
    /// The command line has said yes.
    Yes,
    /// A person is asked at the terminal.
    Ask,
}

/// What was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pruned {
    /// Number of removed images.
    Removed(usize),
    /// Nothing was removed, for this reason.
    Refused(String),
}

/// Removes the images of earlier fetches whose product and link are not in the plan, after saying how many. A product
/// with a link that failed, or with more links than are planned, keeps all its images.
pub(crate) async fn prune(
    cloud: &Cloud,
    plan: &FetchPlan,
    report: &FetchReport,
    mode: PruneMode,
) -> Result<Pruned> {
    if plan.links.is_empty() {
        let reason = "the feed has no image link, so --prune would remove every fetched image: check the feed";
        return Ok(Pruned::Refused(reason.to_owned()));
    }
    let mut kept = report.failed_products();
    kept.extend(plan.incomplete.iter().map(String::as_str));
    let outdated = outdated(cloud, plan, &kept).await?;
    if outdated.is_empty() {
        return Ok(Pruned::Removed(0));
    }
    eprintln!(
        "{} fetched images belong to no link of the feed any more",
        outdated.len()
    );
    if mode == PruneMode::Ask && !confirmed()? {
        let reason = "answer y at a terminal, or give --yes";
        return Ok(Pruned::Refused(reason.to_owned()));
    }
    let bar = output::progress("removing", outdated.len() as u64);
    stream::iter(&outdated)
        .map(|key| cloud.picture_writer.delete(key))
        .buffer_unordered(PARALLEL_REQUESTS)
        .inspect_ok(|()| bar.inc(1))
        .try_collect::<()>()
        .await?;
    bar.finish_and_clear();
    Ok(Pruned::Removed(outdated.len()))
}

/// Returns the keys of images that a fetch stored and that the plan does not have.
async fn outdated(
    cloud: &Cloud,
    plan: &FetchPlan,
    kept: &HashSet<&str>,
) -> Result<Vec<String>, StoreError> {
    let stored = StoredImages::list(cloud).await?;
    let planned = plan.hashes();
    let candidates: Vec<(&str, &String)> = stored
        .iter()
        .filter(|(hash, _)| !planned.contains(hash))
        .flat_map(|(hash, keys)| keys.iter().map(move |key| (hash, key)))
        .collect();
    let outdated: Vec<Option<String>> = stream::iter(candidates)
        .map(async |(hash, key)| {
            let Some(head) = cloud.pictures.head(key).await? else {
                return Ok(None);
            };
            let product = source::product_in(&head.metadata).unwrap_or_default();
            let was_fetched = Source::read(&head).is_some_and(|found| found.hash == hash);
            Ok((was_fetched && !kept.contains(product)).then(|| key.clone()))
        })
        .buffer_unordered(PARALLEL_REQUESTS)
        .try_collect()
        .await?;
    Ok(outdated.into_iter().flatten().collect())
}

/// Asks at the terminal; false without one.
fn confirmed() -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("remove them from the catalog? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
