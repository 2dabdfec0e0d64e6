//! This project's side of the comparison with baselines. The harness in `benches/comparison` starts
//! this program and the baselines' programs, gives both the same inputs, and compares their
//! reports.
//!
//! | command | what it does |
//! |---|---|
//! | `worker` | runs measurements, one JSON object per line in and out |
//! | `first-answer` | starts, answers one image query from an index on disk |
//! | `http` | serves the search function's router on loopback |
//! | `load` | sends requests to an HTTP service, this one or a baseline's, and times the replies |

#![forbid(unsafe_code)]

mod encoder_bench;
mod encoder_port;
mod first_answer;
mod folder;
mod index_build;
mod load;
mod search_bench;
mod server;
mod shop;
mod vectors;
mod worker;

use clap::{Parser, Subcommand};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// This project's side of the comparison with baselines.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs measurements, one JSON object per line in and out.
    Worker,
    /// Answers one image query from an index folder, then waits until its input ends.
    FirstAnswer(first_answer::FirstAnswer),
    /// Serves the search function's router over an index folder on a free port of loopback.
    Http(server::Http),
    /// Sends requests to an HTTP service and times the replies.
    Load(load::Load),
}

fn main() -> Result<(), AnyError> {
    // As the functions do.
    lookalike_encoder::keep_freed_memory();
    match Arguments::parse().command {
        Command::Worker => worker::run(),
        Command::FirstAnswer(arguments) => arguments.run(),
        Command::Http(arguments) => arguments.run(),
        Command::Load(arguments) => arguments.run(),
    }
}
