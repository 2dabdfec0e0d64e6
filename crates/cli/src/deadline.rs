//! The time that a command may take.

use std::time::Duration;

use lookalike_core::Deadline;

/// No function limit ends a command, so one step may take a day.
const STEP_TIME: Duration = Duration::from_secs(24 * 3600);

/// The deadline of a step that starts now.
pub(crate) fn of_step() -> Deadline {
    Deadline::after(STEP_TIME)
}
