//! Changes of which indexes there are, and which of them is searched.

use lookalike_index::{Changed, Fingerprint, Manifest, Role, Step};

use super::applied::{Applied, Refusal, Successor};
use crate::current::Published;
use crate::encoder_identity::EncoderIdentity;
use crate::migration_error::MigrationError;

/// A step of an encoder migration.
#[derive(Debug, Clone)]
pub(crate) enum StandbyEdit {
    /// Adds an empty index of another encoder, to be built.
    Add(EncoderIdentity),
    /// Makes the standby index of that role the serving one, if it still is the one with this fingerprint.
    SwitchTo {
        role: Role,
        fingerprint: Fingerprint,
        /// The generation in which the two indexes were compared; the edit applies to no other. Comparing them asks
        /// the bucket, so it comes before the commit, and again if another writer published in between.
        compared: u64,
    },
    /// Drops the standby index of that role, if it still is the one with this fingerprint.
    Drop {
        role: Role,
        fingerprint: Fingerprint,
    },
}

impl StandbyEdit {
    pub(super) fn apply(&self, published: &Published) -> Applied {
        let applied = match self {
            Self::Add(encoder) => add(encoder, published),
            Self::SwitchTo {
                role,
                fingerprint,
                compared,
            } => switch_to(*role, *fingerprint, *compared, published),
            Self::Drop { role, fingerprint } => Ok(without(*role, *fingerprint, published)),
        };
        applied.map_or_else(Applied::Refused, Applied::from)
    }
}

fn add(encoder: &EncoderIdentity, published: &Published) -> Result<Option<Successor>, Refusal> {
    let manifest = published.manifest.as_ref();
    let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
    if is_building(manifest, encoder)? {
        return Ok(None);
    }
    if manifest.vector_bases().next().is_some() {
        return Err(MigrationError::VectorBase.into());
    }
    let EncoderIdentity {
        name,
        fingerprint,
        dimensions,
    } = encoder;
    let next = manifest.with_building(name, *fingerprint, *dimensions);
    let changed = Changed::step(Step::EncoderBegun);
    Ok(next.map(|next| Successor::without_segments(next, changed)))
}

/// True if the index of `encoder` is being built already.
///
/// # Errors
/// [`MigrationError`] if there is no use for such an index, or another one is being built.
pub(crate) fn is_building(
    manifest: &Manifest,
    encoder: &EncoderIdentity,
) -> Result<bool, MigrationError> {
    let wanted = encoder.fingerprint;
    if manifest.fingerprint == wanted {
        return Err(MigrationError::Served(encoder.name.clone()));
    }
    let previous = manifest.standby_index(Role::Previous);
    if previous.is_some_and(|index| index.fingerprint == wanted) {
        return Err(MigrationError::Previous(encoder.name.clone()));
    }
    match manifest.standby_index(Role::Building) {
        None => Ok(false),
        Some(index) if index.fingerprint == wanted => Ok(true),
        Some(index) => Err(MigrationError::OtherBuilding {
            name: index.encoder.clone(),
            fingerprint: index.fingerprint,
        }),
    }
}

fn switch_to(
    role: Role,
    fingerprint: Fingerprint,
    compared: u64,
    published: &Published,
) -> Result<Option<Successor>, Refusal> {
    let manifest = published.manifest.as_ref();
    let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
    if manifest.fingerprint == fingerprint {
        return Ok(None);
    }
    let standby = manifest.standby_index(role);
    if standby.is_none_or(|index| index.fingerprint != fingerprint) {
        return Err(MigrationError::NoStandby(role).into());
    }
    if manifest.generation != compared {
        return Err(Refusal::ComparisonOutdated);
    }
    let next = manifest.with_switched(role);
    let changed = Changed::step(Step::EncoderSwitched);
    Ok(next.map(|next| Successor::without_segments(next, changed)))
}

/// `None` if another process dropped the index or switched to it in between.
fn without(role: Role, fingerprint: Fingerprint, published: &Published) -> Option<Successor> {
    let manifest = published.manifest.as_ref()?;
    let is_there = manifest.standby_index(role)?.fingerprint == fingerprint;
    let next = manifest.without_standby(role).filter(|_| is_there)?;
    let changed = Changed {
        standby: Some(role),
        ..Changed::step(Step::EncoderGivenUp)
    };
    Some(Successor::without_segments(next, changed))
}

impl From<MigrationError> for Refusal {
    fn from(error: MigrationError) -> Self {
        Self::Migration(error)
    }
}
