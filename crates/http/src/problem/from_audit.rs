//! Problems of the catalog audit.

use lookalike_search::AuditError;

use super::{Problem, ProblemKind};

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Search(error) => error.into(),
            AuditError::TooLarge { .. } | AuditError::Late => Self::new(
                ProblemKind::AuditTooLarge,
                format!(
                    "{error}; `lookalike audit` on the command line does it for a catalog of any size"
                ),
            ),
        }
    }
}
