//! The arguments of `dead-letters`.

use clap::{Args, Subcommand};

use super::target::OutputArguments;

/// Arguments of `dead-letters`.
#[derive(Debug, Args)]
pub(crate) struct DeadLettersArguments {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: DeadLetterAction,
}

/// The actions of `dead-letters`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterAction {
    /// Show what was given up, when and why. Everything stays where it is.
    List(OutputArguments),
    /// Queue changes of images again, update the rows of products, run missed maintenance, and delete what succeeded.
    ///
    /// Correct the cause first: what fails again returns.
    Replay(OutputArguments),
}
