//! Problems of the environment.

use std::fmt;

/// One problem, with a valid value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// A required variable is not set, or empty.
    #[error("{variable} is not set: set it to {expected}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// A description of a valid value.
        expected: &'static str,
    },
    /// The value of a variable is invalid.
    #[error("{variable} is {found:?}: set it to {expected}")]
    Invalid {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
        /// A description of a valid value.
        expected: &'static str,
    },
    /// Two variables contradict each other.
    #[error("{first} and {second} contradict each other: {reason}")]
    Contradiction {
        /// The variable to change.
        first: &'static str,
        /// The variable that it contradicts.
        second: &'static str,
        /// The reason, and how to solve it.
        reason: &'static str,
    },
}

/// The environment cannot be used; lists every problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// All problems, at least one.
    pub problems: Vec<SettingsProblem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
