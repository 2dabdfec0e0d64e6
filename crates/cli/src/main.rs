//! The `lookalike` command: a complete local system, and tools for a local or a deployed one.

#![forbid(unsafe_code)]

mod args;
mod building;
mod catalog_folder;
mod commands;
mod connection;
mod demo_catalog;
mod local;
mod metadata_csv;
mod output;
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
