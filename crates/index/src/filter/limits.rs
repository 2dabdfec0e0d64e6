//! Limits of a filter's size.

use super::error::FilterError;

/// Maximum number of conditions of a filter.
pub const MAX_CLAUSES: usize = 64;
/// Maximum nesting of `and`, `or` and `not`.
pub const MAX_DEPTH: usize = 8;
/// Maximum number of values that an attribute is compared with.
pub const MAX_VALUES: usize = 256;

/// Counts the conditions of a filter.
#[derive(Debug, Default)]
pub(super) struct Clauses(usize);

impl Clauses {
    /// Counts one more condition.
    ///
    /// # Errors
    /// [`FilterError::TooManyClauses`].
    pub(super) fn add(&mut self) -> Result<(), FilterError> {
        self.0 += 1;
        if self.0 > MAX_CLAUSES {
            return Err(FilterError::TooManyClauses { max: MAX_CLAUSES });
        }
        Ok(())
    }
}

/// Checks the number of values that an attribute is compared with.
///
/// # Errors
/// [`FilterError::TooManyValues`].
pub(super) fn check_values(attribute: &str, found: usize) -> Result<(), FilterError> {
    if found > MAX_VALUES {
        return Err(FilterError::TooManyValues {
            attribute: attribute.to_owned(),
            max: MAX_VALUES,
            found,
        });
    }
    Ok(())
}
