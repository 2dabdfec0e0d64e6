//! Reading variables one by one, and collecting all their problems.

use super::checks::Check;
use super::problem::SettingsProblem;

/// Reads variables and keeps their problems, so that one run names all of them.
pub(super) struct VariableReader<V> {
    variable: V,
    pub(super) problems: Vec<SettingsProblem>,
}

impl<V: Fn(&str) -> Option<String>> VariableReader<V> {
    /// Reads from `variable`, by name.
    pub(super) fn new(variable: V) -> Self {
        Self {
            variable,
            problems: Vec::new(),
        }
    }

    /// Returns the trimmed text of a variable, unless it is unset or empty.
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        let text = (self.variable)(variable)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Returns the value of a variable that must be set, or a placeholder after a problem.
    pub(super) fn required<T: Default>(
        &mut self,
        variable: &'static str,
        check: fn(&str) -> Check<T>,
    ) -> T {
        if self.text(variable).is_none() {
            let expected = check("").expected;
            self.problems
                .push(SettingsProblem::Missing { variable, expected });
        }
        self.optional(variable, check).unwrap_or_default()
    }

    /// Returns the value of a variable that may be unset; `None` after a problem too.
    pub(super) fn optional<T>(
        &mut self,
        variable: &'static str,
        check: fn(&str) -> Check<T>,
    ) -> Option<T> {
        let found = self.text(variable)?;
        self.checked(variable, check(&found), found)
    }

    /// As [`optional`](Self::optional), for a value that must not appear in an error message.
    pub(super) fn secret<T>(
        &mut self,
        variable: &'static str,
        check: fn(&str) -> Check<T>,
    ) -> Option<T> {
        let found = self.text(variable)?;
        let length = format!("{} characters", found.chars().count());
        self.checked(variable, check(&found), length)
    }

    fn checked<T>(
        &mut self,
        variable: &'static str,
        Check { expected, value }: Check<T>,
        found: String,
    ) -> Option<T> {
        if value.is_none() {
            self.problems.push(SettingsProblem::Invalid {
                variable,
                found,
                expected,
            });
        }
        value
    }
}
