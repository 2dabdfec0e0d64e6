//! The `lookalike` command: a complete local system, and tools for a local or a deployed one.

#![forbid(unsafe_code)]

/// Replaces the standard macro, which panics if the reader of the output has closed the pipe, as
/// `head` does.
macro_rules! println {
    ($($line:tt)*) => { $crate::output::print_line(format_args!($($line)*)) };
}

mod args;
mod catalog_folder;
mod catalog_listing;
mod commands;
mod connection;
mod deadline;
mod fetch_images;
mod image_products;
mod import_comparison;
mod import_report;
mod import_watch;
mod local;
mod output;
mod product_file;
mod product_ids;
mod reindex_fill;
mod report_file;
mod sam_variables;
mod search_query;
mod separation;
mod shared_names;
mod shell_word;
mod stop_signal;
mod target;
mod training;
mod vector_base_backfill;
mod vector_base_fill;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::output::CommandOutcome;

#[tokio::main]
async fn main() -> ExitCode {
    lookalike_encoder::keep_freed_memory();
    let arguments = Arguments::parse();
    output::init_logging(arguments.verbose);
    match commands::run(arguments).await {
        Ok(CommandOutcome::Complete) => ExitCode::SUCCESS,
        Ok(CommandOutcome::Partial) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
