//! `lookalike audit`: finds problems of the catalog, and repairs some of them.

mod page;
mod repair;
mod text;
mod would_gain;

use anyhow::Result;
use lookalike_search::{AuditOptions, AuditReport, Searcher};
use serde::Serialize;

use self::would_gain::WouldGain;
use crate::args::AuditArguments;
use crate::deadline;
use crate::output::{self, CommandOutcome};
use crate::report_file::ReportFile;
use crate::separation::Separation;
use crate::target::Target;

/// Entries of each list for people, unless `--limit` says otherwise.
const SHOWN: u32 = 10;
/// Entries of each list in the page, unless `--limit` says otherwise.
const ON_PAGE: u32 = 100;

/// Maximum number of products that are searched for to see how well categories are separated.
const MAX_QUERIES: usize = 1000;

/// The object that `--json` prints.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: AuditReport,
    /// How well the encoder separates the categories.
    separation: &'a Separation,
    /// True if bucket, index and records agree.
    consistent: bool,
    /// With `--repair`: the repaired keys and records, from before the report was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    repaired: Option<&'a repair::Repaired>,
    /// With `--would-gain`: what fine-tuning would gain.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_gain: Option<&'a WouldGain>,
}

pub(crate) async fn run(arguments: AuditArguments) -> Result<CommandOutcome> {
    let html = arguments.html.as_deref();
    let file = html.map(ReportFile::create).transpose()?;
    let target = Target::connect(&arguments.output.target).await?;
    // First, so that a catalog that cannot be trained on is reported at once.
    let would_gain = would_gain::measure(&target, &arguments).await?;
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
    let separation = separation(&searcher).await?;
    if let Some(file) = file {
        let shown = shortened(&report, &arguments, ON_PAGE);
        let page = page::page(&shown, &separation, repaired.as_ref(), &searcher).await?;
        let (path, bytes) = file.write(&page)?;
        eprintln!("report: {} ({})", path.display(), output::bytes(bytes));
    }
    let done = CommandOutcome::partial_if(!report.is_consistent());
    if arguments.output.json {
        let line = Line {
            report: shortened(&report, &arguments, u32::MAX),
            separation: &separation,
            consistent: report.is_consistent(),
            repaired: repaired.as_ref(),
            would_gain: would_gain.as_ref(),
        };
        println!("{}", serde_json::to_string(&line)?);
    } else {
        if let Some(repaired) = &repaired {
            text::print_repaired(repaired);
        }
        let shown = shortened(&report, &arguments, SHOWN);
        text::print(&shown, &separation, arguments.repair);
        if let Some(would_gain) = &would_gain {
            output::print_text(&would_gain.text());
        }
    }
    Ok(done)
}

fn shortened(report: &AuditReport, arguments: &AuditArguments, usual: u32) -> AuditReport {
    let limit = arguments.limit.unwrap_or(usual) as usize;
    report.clone().shortened(limit, limit)
}

async fn audit(searcher: &Searcher) -> Result<AuditReport> {
    let spinner = output::spinner("auditing the catalog");
    let options = AuditOptions {
        until: deadline::of_step(),
        max_images: u64::MAX,
    };
    let report = searcher.audit(options).await;
    spinner.finish_and_clear();
    Ok(report?)
}

async fn separation(searcher: &Searcher) -> Result<Separation> {
    let spinner = output::spinner("measuring how well categories are separated");
    let separation = Separation::measure(searcher, MAX_QUERIES).await;
    spinner.finish_and_clear();
    separation
}
