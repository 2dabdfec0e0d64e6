//! The system that a command works against, and the form of its output.

use std::path::PathBuf;

use clap::Args;

use crate::shell_word::shell_word;

/// The system that a command works against.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// Name of a deployed CloudFormation stack; its outputs name buckets, table and queue. Without
    /// this option and --data, the variable LOOKALIKE_STACK is used.
    #[arg(long, conflicts_with = "data")]
    pub(crate) stack: Option<String>,

    /// Data folder of a running `lookalike serve`.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl TargetArguments {
    /// Returns the options as on the command line of a shell, each with a space before it.
    pub(crate) fn options(&self) -> String {
        match (&self.stack, &self.data) {
            (Some(stack), _) => format!(" --stack {}", shell_word(stack)),
            (None, Some(data)) => format!(" --data {}", shell_word(data.display())),
            (None, None) => String::new(),
        }
    }
}

/// The system that a command works against, and the form of its output.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
}
