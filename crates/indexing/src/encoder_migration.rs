//! Changing the encoder of a live catalog: an index beside the searched one, built from nothing, kept up
//! to date, and then switched to.
//!
//! Each step is one conditional write of the manifest, so each can be repeated, and a crash between two
//! of them leaves a state that the next one goes on from.
//!
//! Why no image can be missed: [`begin_building`](Indexer::begin_building) publishes the new index
//! before anybody lists the bucket. A batch that reads the manifest after that writes to the new index
//! too. A batch that read it before had its events by then, so what they tell of happened before the
//! listing, which shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use lookalike_core::encoders::NoEncoder;
use lookalike_core::error::StoreError;
use lookalike_core::time::Deadline;
use lookalike_index::{Changed, Fingerprint, Manifest, Role, StandbyIndex, Step};
use serde::Serialize;
use tracing::info;

use crate::current::{Current, Published};
use crate::encoder_identity::EncoderIdentity;
use crate::indexer::Indexer;
use crate::proposal::{Proposal, Proposer, Reuse, Rewriting};
use crate::publish::Publication;
use crate::report::IndexingError;

/// Why an index beside the searched one cannot be begun, switched to or given up.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// There is nothing to change.
    #[error(
        "nothing is indexed yet: the first image that is indexed chooses the encoder of the indexer"
    )]
    NothingPublished,
    /// The encoder is that of the searched index.
    #[error("encoder {0:?} is already the one that is searched with: there is nothing to do")]
    Served(String),
    /// The encoder is that of the index that was searched before.
    #[error(
        "encoder {0:?} was searched with before, and its index is kept up to date: \
         `lookalike reindex --rollback` goes back to it at once"
    )]
    Previous(String),
    /// Another index is being built.
    #[error(
        "an index of encoder {name:?} ({fingerprint}) is being built: go on with that one, or give it \
         up with `lookalike reindex --cancel`"
    )]
    OtherBuilding {
        /// Its encoder's name.
        name: String,
        /// Its encoder.
        fingerprint: Fingerprint,
    },
    /// The encoder of the searched index is not stored beside it.
    #[error(
        "the encoder of the searched index, {0:?}, is not stored beside it yet, and would be lost: the \
         indexer stores it with the next image that it indexes; upload one, or run \
         `lookalike index verify --repair` with LOOKALIKE_ENCODER naming that encoder, then try again"
    )]
    ServedNotStored(String),
    /// There is no index of that role.
    #[error("there is no {} index", .0.name())]
    NoSide(Role),
    /// The index lacks images of the searched one, or has images that are gone.
    #[error(
        "the {} index differs from the searched one in {} images, the first of them {:?}",
        .role.name(), .keys.len(), .keys.first().map_or("", String::as_str)
    )]
    Incomplete {
        /// Which index.
        role: Role,
        /// Keys that it lacks in the version that the searched index has, or has although they are gone.
        keys: Vec<String>,
    },
    /// A step of indexing failed.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
}

impl From<NoEncoder> for MigrationError {
    fn from(error: NoEncoder) -> Self {
        Self::Indexing(error.into())
    }
}

impl From<StoreError> for MigrationError {
    fn from(error: StoreError) -> Self {
        Self::Indexing(error.into())
    }
}

/// The index that is being built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Building {
    /// Its encoder's name.
    pub encoder: String,
    /// Its encoder.
    pub fingerprint: Fingerprint,
    /// Length of its vectors.
    pub dimensions: usize,
    /// True if it was there already.
    pub resumed: bool,
}

/// The progress of the index that is being built.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Generation of the manifest that was looked at.
    pub generation: u64,
    /// Images in the bucket.
    #[serde(rename = "pictures")]
    pub images: u64,
    /// Those that the building index has as they are.
    pub done: u64,
    /// Keys that only the searched index has as they are.
    pub missing: Vec<String>,
    /// Keys that neither index has as they are: failed, or just put.
    pub neither: Vec<String>,
    /// Keys that only the building index has as they are.
    pub only_new: Vec<String>,
    /// Keys that the building index has, and the bucket does not.
    pub gone: Vec<String>,
    /// True if the index deserves a new base before it is searched.
    pub rebuild_due: bool,
}

/// The result of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// The generation that has it.
    pub generation: u64,
    /// Name of the encoder that is searched with now.
    pub encoder: String,
    /// Keys that the index lacks although the former one has them: they were accepted.
    pub accepted: Vec<String>,
}

impl Indexer {
    /// Adds an empty index of the encoder that this process was given, beside the searched one, or finds
    /// the one that was begun earlier. From then on every batch writes to it too.
    ///
    /// # Errors
    /// [`MigrationError`] when there is no use for such an index, or another one is being built.
    pub async fn begin_building(&self, deadline: Deadline) -> Result<Building, MigrationError> {
        let encoder = self.configured().await?;
        let published = self.publisher.reader.published().await?;
        let manifest = published.manifest.as_ref();
        let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
        let resumed = is_building(manifest, &encoder)?;
        if !self.ports.encoders.is_stored(manifest.fingerprint).await? {
            return Err(MigrationError::ServedNotStored(manifest.encoder.clone()));
        }
        // Before any manifest names it; and again when it is named, because files that were stored long
        // ago may just have been removed.
        self.ports.encoders.store_configured().await?;
        let mut refused = None;
        self.publisher
            .publish_with(
                deadline,
                &mut Rewriting(|published: &Published| {
                    let Some(manifest) = &published.manifest else {
                        refused = Some(MigrationError::NothingPublished);
                        return None;
                    };
                    // Asked again: somebody else may have come first.
                    refused = is_building(manifest, &encoder).err();
                    let EncoderIdentity {
                        name,
                        fingerprint,
                        dimensions,
                    } = &encoder;
                    let next = manifest.with_building(name, *fingerprint, *dimensions)?;
                    let changed = Changed::step(Step::EncoderBegun);
                    Some(Proposal::of_manifest(next, changed))
                }),
            )
            .await?;
        if let Some(error) = refused {
            return Err(error);
        }
        self.keep_building_encoder(&encoder).await?;
        info!(encoder = encoder.name, resumed, "an index is being built");
        Ok(Building {
            encoder: encoder.name,
            fingerprint: encoder.fingerprint,
            dimensions: encoder.dimensions,
            resumed,
        })
    }

    /// Stores the encoder again where garbage collection removed it just before it was named.
    async fn keep_building_encoder(&self, encoder: &EncoderIdentity) -> Result<(), MigrationError> {
        if !self.ports.encoders.is_stored(encoder.fingerprint).await? {
            self.ports.encoders.store_configured().await?;
        }
        Ok(())
    }

    /// Compares the building index with the searched one and with the bucket.
    ///
    /// # Errors
    /// [`MigrationError::NoSide`] when none is being built; a failed store.
    pub async fn coverage(&self) -> Result<Coverage, MigrationError> {
        // Listed first: what is put later is told to both indexes alike.
        let stored = self.stored_images().await?;
        let (published, indexes) = self.all_indexes().await?;
        let (served, building) = pair(&published, &indexes, Role::Building)?;
        let mut coverage = Coverage {
            generation: published.generation(),
            images: stored.len() as u64,
            rebuild_due: self.settings.policy.rebuild_due(&building.view),
            ..Coverage::default()
        };
        for (key, etag) in &stored {
            let has = |index: &Current| index.has_version(key, etag);
            match (has(served), has(building)) {
                (true, true) => {}
                (true, false) => coverage.missing.push(key.clone()),
                (false, true) => coverage.only_new.push(key.clone()),
                (false, false) => coverage.neither.push(key.clone()),
            }
        }
        let missing = coverage.missing.len() + coverage.neither.len();
        coverage.done = coverage.images - missing as u64;
        coverage.gone = building
            .live_keys()
            .filter(|key| !stored.contains_key(*key))
            .map(str::to_owned)
            .collect();
        Ok(coverage)
    }

    /// Images that the building index has by now; much cheaper than [`coverage`](Self::coverage).
    ///
    /// # Errors
    /// As [`coverage`](Self::coverage).
    pub async fn building_images(&self) -> Result<u64, MigrationError> {
        let (published, indexes) = self.all_indexes().await?;
        let (_, building) = pair(&published, &indexes, Role::Building)?;
        Ok(building.view.images())
    }

    /// Has the index of that role searched, at once for everybody; the searched index becomes the
    /// previous one, and is kept up to date as such. With [`Role::Building`] this ends a reindexing,
    /// with [`Role::Previous`] it takes it back.
    ///
    /// The two indexes are compared in the very state that is replaced: whatever was published
    /// meanwhile makes it compare again. Every batch writes to both with one write, so they agree at
    /// any time but for images that one encoder cannot embed. Those in `accepted` may be missing.
    ///
    /// # Errors
    /// [`MigrationError::Incomplete`] when the index lacks images that the searched one has and that are
    /// not in `accepted`, or has such that are gone.
    pub async fn switch(
        &self,
        role: Role,
        accepted: &[String],
        deadline: Deadline,
    ) -> Result<Switched, MigrationError> {
        // Looked up once, so that no switch leads to another index that took its place meanwhile.
        let published = self.publisher.reader.published().await?;
        let wanted = side_of(&published, role)?.fingerprint;
        let mut switching = Switching {
            indexer: self,
            role,
            wanted,
            accepted,
            refused: None,
            switched: None,
        };
        let publication = self.publisher.publish_with(deadline, &mut switching);
        let publication = publication.await?;
        let Switching {
            refused, switched, ..
        } = switching;
        if let Some(error) = refused {
            return Err(error);
        }
        let (encoder, accepted) = match switched {
            Some(switched) => switched,
            // Somebody else switched to it in between.
            None => {
                let published = self.publisher.reader.published().await?;
                let manifest = published.manifest.as_ref();
                (
                    manifest.map_or_else(String::new, |m| m.encoder.clone()),
                    Vec::new(),
                )
            }
        };
        info!(encoder, generation = publication.generation, "switched");
        Ok(Switched {
            generation: publication.generation,
            encoder,
            accepted,
        })
    }

    /// The manifest with the index of that role searched, and the accepted keys that it lacks; nothing
    /// when it is searched already.
    async fn judge(
        &self,
        published: &Published,
        role: Role,
        wanted: Fingerprint,
        accepted: &[String],
    ) -> Result<Option<(Manifest, Vec<String>)>, MigrationError> {
        let manifest = published.manifest.as_ref();
        let manifest = manifest.ok_or(MigrationError::NothingPublished)?;
        if manifest.fingerprint == wanted {
            return Ok(None);
        }
        let side = side_of(published, role)?;
        if side.fingerprint != wanted {
            return Err(MigrationError::NoSide(role));
        }
        let mut indexes = Vec::new();
        for encoder in published.encoders() {
            if [manifest.fingerprint, wanted].contains(&encoder.fingerprint) {
                indexes.push(self.publisher.reader.index(published, &encoder).await?);
            }
        }
        let (served, side) = pair(published, &indexes, role)?;
        let (old, new) = (versions(served), versions(side));
        let accepted: BTreeSet<&str> = accepted.iter().map(String::as_str).collect();
        let lacking = old
            .iter()
            .filter(|(key, etag)| new.get(*key) != Some(*etag));
        let (tolerated, mut keys): (Vec<String>, Vec<String>) = lacking
            .map(|(key, _)| (*key).to_owned())
            .partition(|key| accepted.contains(key.as_str()));
        for (key, etag) in new
            .iter()
            .filter(|(key, etag)| old.get(*key) != Some(*etag))
        {
            // One encoder may embed what the other cannot. But what is gone must not come back.
            let head = self.ports.images.head(key).await?;
            if head.is_none_or(|head| head.etag != *etag) {
                keys.push((*key).to_owned());
            }
        }
        keys.sort_unstable();
        keys.dedup();
        if !keys.is_empty() {
            return Err(MigrationError::Incomplete { role, keys });
        }
        let next = manifest.with_switched(role);
        Ok(next.map(|manifest| (manifest, tolerated)))
    }

    /// Gives up the index of that role: the one that was searched before, once there is no way back
    /// wanted, or the one that is being built. Its segments and its encoder are removed when they are
    /// old enough.
    ///
    /// # Errors
    /// [`MigrationError::NoSide`] when there is none.
    pub async fn give_up(&self, role: Role, deadline: Deadline) -> Result<u64, MigrationError> {
        let published = self.publisher.reader.published().await?;
        let unwanted = side_of(&published, role)?.fingerprint;
        let Publication { generation, .. } = self
            .publisher
            .publish_with(
                deadline,
                &mut Rewriting(|published: &Published| {
                    let manifest = published.manifest.as_ref()?;
                    // Somebody else may have given it up, or switched to it, in between.
                    let there = manifest.standby_index(role)?.fingerprint == unwanted;
                    let next = manifest.without_standby(role).filter(|_| there)?;
                    let changed = Changed {
                        standby: Some(role),
                        ..Changed::step(Step::EncoderGivenUp)
                    };
                    Some(Proposal::of_manifest(next, changed))
                }),
            )
            .await?;
        info!(role = role.name(), fingerprint = %unwanted, "an index was given up");
        Ok(generation)
    }
}

/// A switch on its way into the manifest.
struct Switching<'a> {
    indexer: &'a Indexer,
    role: Role,
    wanted: Fingerprint,
    accepted: &'a [String],
    refused: Option<MigrationError>,
    /// The encoder that was switched to, and the accepted keys that its index lacks.
    switched: Option<(String, Vec<String>)>,
}

#[async_trait]
impl Proposer for Switching<'_> {
    async fn propose(
        &mut self,
        published: &Published,
        _: Reuse,
    ) -> Result<Option<Proposal>, IndexingError> {
        self.refused = None;
        let judged = self
            .indexer
            .judge(published, self.role, self.wanted, self.accepted);
        match judged.await {
            Ok(None) => Ok(None),
            Ok(Some((manifest, lacking))) => {
                self.switched = Some((manifest.encoder.clone(), lacking));
                let changed = Changed::step(Step::EncoderSwitched);
                Ok(Some(Proposal::of_manifest(manifest, changed)))
            }
            // Missing segments make the publisher read again.
            Err(MigrationError::Indexing(error)) => Err(error),
            Err(error) => {
                self.refused = Some(error);
                Ok(None)
            }
        }
    }
}

/// True if the index of `encoder` is being built already.
fn is_building(manifest: &Manifest, encoder: &EncoderIdentity) -> Result<bool, MigrationError> {
    let ours = encoder.fingerprint;
    if manifest.fingerprint == ours {
        return Err(MigrationError::Served(encoder.name.clone()));
    }
    let previous = manifest.standby_index(Role::Previous);
    if previous.is_some_and(|side| side.fingerprint == ours) {
        return Err(MigrationError::Previous(encoder.name.clone()));
    }
    match manifest.standby_index(Role::Building) {
        None => Ok(false),
        Some(side) if side.fingerprint == ours => Ok(true),
        Some(side) => Err(MigrationError::OtherBuilding {
            name: side.encoder.clone(),
            fingerprint: side.fingerprint,
        }),
    }
}

fn side_of(published: &Published, role: Role) -> Result<&StandbyIndex, MigrationError> {
    let manifest = published.manifest.as_ref();
    manifest
        .and_then(|manifest| manifest.standby_index(role))
        .ok_or(MigrationError::NoSide(role))
}

/// The searched index and the one of that role.
fn pair<'a>(
    published: &Published,
    indexes: &'a [Arc<Current>],
    role: Role,
) -> Result<(&'a Current, &'a Current), MigrationError> {
    let wanted = side_of(published, role)?.fingerprint;
    let mut sides = indexes.iter();
    let side = sides.find(|index| index.manifest.fingerprint == wanted);
    match (indexes.first(), side) {
        (Some(served), Some(side)) => Ok((served, side)),
        _ => Err(MigrationError::NoSide(role)),
    }
}

/// Key and ETag of every live row.
fn versions(index: &Current) -> BTreeMap<&str, &str> {
    let view = &index.view;
    view.addresses()
        .map(|at| (view.meta(at).key(at.row), view.meta(at).etag(at.row)))
        .collect()
}
