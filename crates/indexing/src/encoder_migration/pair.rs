//! The indexes of an encoder migration: the serving one and a standby one.

use std::sync::Arc;

use lookalike_index::{Role, StandbyIndex};

use crate::current::{Current, Published};
use crate::migration_error::MigrationError;

/// Returns the standby index of that role.
pub(super) fn standby(published: &Published, role: Role) -> Result<&StandbyIndex, MigrationError> {
    let manifest = published.manifest.as_ref();
    manifest
        .and_then(|manifest| manifest.standby_index(role))
        .ok_or(MigrationError::NoStandby(role))
}

/// Returns the serving index and the standby index of that role.
pub(super) fn pair<'a>(
    published: &Published,
    indexes: &'a [Arc<Current>],
    role: Role,
) -> Result<(&'a Current, &'a Current), MigrationError> {
    let wanted = standby(published, role)?.fingerprint;
    let mut others = indexes.iter();
    let other = others.find(|index| index.manifest.fingerprint == wanted);
    match (indexes.first(), other) {
        (Some(serving), Some(other)) => Ok((serving, other)),
        _ => Err(MigrationError::NoStandby(role)),
    }
}
