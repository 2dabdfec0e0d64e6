//! `lookalike index rollback`: goes back to an earlier generation.

use anyhow::Result;
use serde_json::json;

use crate::args::OutputArguments;
use crate::output::CommandOutcome;
use crate::target::Target;

pub(super) async fn run(to: u64, output: &OutputArguments) -> Result<CommandOutcome> {
    let target = Target::connect(&output.target).await?;
    let generation = target.indexer(target.encoders()).roll_back(to).await?;
    if output.json {
        println!("{}", json!({ "generation": generation, "of": to }));
    } else {
        println!("generation {generation} is generation {to} again");
        println!(
            "what changed since is missing from it until `lookalike index verify --repair`; on a stack the daily comparison \
             brings it back too"
        );
    }
    Ok(CommandOutcome::Complete)
}
