//! Conditions of writes.

use super::StoreError;

/// A condition on the object that a write replaces or removes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum WriteCondition {
    /// No condition.
    #[default]
    Always,
    /// No object may exist (`If-None-Match: *`).
    Absent,
    /// An object must exist (`If-Match: *`).
    Present,
    /// An object with one of these ETags, unquoted, must exist (`If-Match: "..."`).
    Tagged(Vec<String>),
}

impl WriteCondition {
    /// Checks the condition. `current` returns the ETag of the existing object, if any; it is only
    /// called if it matters.
    pub(crate) fn check(
        &self,
        key: &str,
        current: impl FnOnce() -> Result<Option<String>, StoreError>,
    ) -> Result<(), StoreError> {
        let missing = || Err(StoreError::NoSuchKey(key.to_owned()));
        match self {
            Self::Always => Ok(()),
            Self::Absent => match current()? {
                None => Ok(()),
                Some(_) => Err(StoreError::PreconditionFailed),
            },
            Self::Present => match current()? {
                None => missing(),
                Some(_) => Ok(()),
            },
            Self::Tagged(tags) => match current()? {
                None => missing(),
                Some(current) if tags.contains(&current) => Ok(()),
                Some(_) => Err(StoreError::PreconditionFailed),
            },
        }
    }
}
