//! The time limit of a command.

use std::time::Duration;

use lookalike_core::Deadline;

/// Maximum time of a step: no function limit ends a command, so it may take a day.
const STEP_TIME: Duration = Duration::from_secs(24 * 3600);

/// Returns the deadline of a step that starts now.
pub(crate) fn of_step() -> Deadline {
    Deadline::after(STEP_TIME)
}
