//! `lookalike index`: shows, checks and maintains the index.

mod attributes;
mod gc;
mod index_keys;
mod info;
mod rebuild;
mod rollback;
mod verify;

use anyhow::Result;
use lookalike_core::Filterable;

use crate::args::{IndexAction, IndexArguments, OutputArguments};
use crate::output::CommandOutcome;
use crate::target::Target;

pub(crate) use attributes::refresh_rows;
pub(crate) use info::{encoder_notice, print_standby, print_vector_base};

pub(crate) async fn run(arguments: IndexArguments) -> Result<CommandOutcome> {
    let declared = arguments.filterable.as_ref();
    match arguments.action {
        IndexAction::Info(output) => info::run(&output).await,
        IndexAction::Verify { repair, output } => {
            let target = connect(&output, declared).await?;
            verify::run(&target, repair, &output).await
        }
        IndexAction::RefreshAttributes(output) => {
            let target = connect(&output, declared).await?;
            attributes::refresh(&target, &output).await
        }
        IndexAction::Show { product_id, output } => attributes::show(product_id, &output).await,
        IndexAction::Rebuild { start_over, output } => {
            let target = connect(&output, declared).await?;
            rebuild::run(&target, start_over, &output).await
        }
        IndexAction::Rollback { to, output } => rollback::run(to, &output).await,
        IndexAction::Gc(output) => gc::run(&output).await,
    }
}

/// Connects to the system. `declared` replaces its filterable attributes, if given.
async fn connect(output: &OutputArguments, declared: Option<&Filterable>) -> Result<Target> {
    let mut target = Target::connect(&output.target).await?;
    if let Some(declared) = declared {
        target.settings.filterable = declared.clone();
    }
    Ok(target)
}
