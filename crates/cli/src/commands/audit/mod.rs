//! `lookalike audit`: what is wrong with the catalog, and what of it can be put right.

mod page;
mod repair;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, value_parser};
use lookalike_core::Deadline;
use lookalike_search::{AuditOptions, AuditReport, Searcher};
use serde::Serialize;

use crate::args::OutputArguments;
use crate::output::{self, Done};
use crate::report_file::ReportFile;
use crate::target::Target;

/// Nobody kills a command line after fifteen minutes.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Entries of each list that people see where they do not say how many.
const SHOWN: u32 = 10;
/// Entries of each list in the page, likewise.
const ON_PAGE: u32 = 100;

/// Arguments of `audit`.
///
/// Nothing is changed without --repair. What others change while the audit runs may be among what it finds.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Have the indexer's code look at every key at which bucket, index and records disagree, here and now, and
    /// look over the catalog again. Nothing else is touched.
    #[arg(long)]
    repair: bool,

    /// Write a page with pictures: one file, readable in any browser while its links are good, about an hour.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Entries of each list; without, 10 for people, 100 in the page and all in JSON.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    limit: Option<u32>,

    #[command(flatten)]
    output: OutputArguments,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: AuditReport,
    /// Whether bucket, index and records agree.
    consistent: bool,
    /// With `--repair`: what that did, before the report was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a repair::Repaired>,
}

pub(crate) async fn run(arguments: AuditArguments) -> Result<Done> {
    let html = arguments.html.as_deref();
    let file = html.map(ReportFile::create).transpose()?;
    let target = Target::connect(&arguments.output.target).await?;
    let searcher = target.searcher(target.encoders());
    let mut report = audit(&searcher).await?;
    let mut repaired = None;
    if arguments.repair {
        let done = repair::repair(&target, &report).await?;
        if !report.is_consistent() {
            report = audit(&searcher).await?;
        }
        repaired = Some(done);
    }
    if let Some(file) = file {
        let shown = shortened(&report, &arguments, ON_PAGE);
        let page = page::page(&shown, repaired.as_ref(), &searcher).await?;
        let (path, bytes) = file.write(&page)?;
        eprintln!("report: {} ({})", path.display(), output::bytes(bytes));
    }
    let done = Done::unless(!report.is_consistent());
    if arguments.output.json {
        let line = Line {
            report: shortened(&report, &arguments, u32::MAX),
            consistent: report.is_consistent(),
            repaired: repaired.as_ref(),
        };
        println!("{}", serde_json::to_string(&line)?);
    } else {
        if let Some(repaired) = &repaired {
            text::print_repaired(repaired);
        }
        text::print(&shortened(&report, &arguments, SHOWN), arguments.repair);
    }
    Ok(done)
}

fn shortened(report: &AuditReport, arguments: &AuditArguments, usual: u32) -> AuditReport {
    let limit = arguments.limit.unwrap_or(usual) as usize;
    report.clone().shortened(limit, limit)
}

async fn audit(searcher: &Searcher) -> Result<AuditReport> {
    let spinner = output::spinner("looking over the catalog");
    let options = AuditOptions {
        until: Deadline::after(PATIENCE),
        most_images: u64::MAX,
    };
    let report = searcher.audit(options).await;
    spinner.finish_and_clear();
    Ok(report?)
}
