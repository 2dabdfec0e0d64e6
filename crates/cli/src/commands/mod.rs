//! Commands, one file for each.

mod audit;
mod dead_letters;
mod demo;
mod draw;
mod embed;
mod evaluate;
mod export_similar;
mod finetune;
mod import;
mod import_images;
mod index;
mod reindex;
mod reindex_engine;
mod search;
mod serve;
mod status;
mod upload;

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{Arguments, Command};
use crate::output::{self, CommandOutcome};

/// Runs the command in the arguments.
pub(crate) async fn run(arguments: Arguments) -> Result<CommandOutcome> {
    match arguments.command {
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Upload(arguments) => upload::run(arguments).await,
        Command::Import(arguments) => import::run(arguments).await,
        Command::Search(arguments) => search::run(arguments).await,
        Command::Embed(arguments) => embed::run(arguments).await,
        Command::Finetune(arguments) => finetune::run(arguments).await,
        Command::Evaluate(arguments) => evaluate::run(arguments).await,
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::ExportSimilar(arguments) => export_similar::run(arguments).await,
        Command::Index(arguments) => index::run(arguments).await,
        Command::Reindex(arguments) => reindex::run(arguments).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::DeadLetters(arguments) => dead_letters::run(arguments).await,
        Command::Draw(arguments) => draw::run(arguments).await,
        Command::Completions { shell } => {
            let (mut command, mut script) = (Arguments::command(), Vec::new());
            clap_complete::generate(shell, &mut command, "lookalike", &mut script);
            output::print_text(&String::from_utf8_lossy(&script));
            Ok(CommandOutcome::Complete)
        }
    }
}
