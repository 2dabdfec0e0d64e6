//! The `lookalike` command: a complete local system, and tools for a local or a deployed one.

#![forbid(unsafe_code)]

/// In place of the standard one, which panics when whoever read the output has gone, as `head` does.
macro_rules! println {
    ($($line:tt)*) => { $crate::output::print_line(format_args!($($line)*)) };
}

mod args;
mod building;
mod catalog_folder;
mod commands;
mod connection;
mod import_watch;
mod labels;
mod local;
mod metadata_csv;
mod output;
mod query_arguments;
mod report_file;
mod stop_signal;
mod target;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::output::Done;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::init_logging(arguments.verbose);
    match commands::run(arguments).await {
        Ok(Done::All) => ExitCode::SUCCESS,
        Ok(Done::Partly) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
