//! Changing an index from a base segment to a vector base, and back, while it is searched and written to.
//!
//! The rows of the base segment are copied. It never changes, and no rebuild replaces it meanwhile; whatever is uploaded
//! or removed stays in deltas, whose rows cover those of the base by their keys, in a segment or in an engine. So the
//! vector base can take the place of the segment by one write, and the segment that of the vector base until the old
//! deltas are drained, which begins once the change is finished.

use std::sync::Arc;

use lookalike_core::time::Deadline;
use lookalike_core::vector_base::{BaseAddress, KeyState, VectorBaseAdmin};
use lookalike_index::{
    BaseName, Manifest, Segment, SegmentEntry, SegmentId, SegmentMeta, VectorBaseEntry,
};
use serde::Serialize;

use super::layout::layout_of;
use super::recall::recall;
use crate::current::Current;
use crate::encoder_identity::EncoderIdentity;
use crate::error::IndexingError;
use crate::indexer::Indexer;
use crate::manifest_edit::{Refusal, VectorBaseEdit};
use crate::vector_base_error::VectorBaseError;

/// What the names of vector bases begin with.
const PREFIX: &str = "base-";
/// Rows that are copied with one call.
const CHUNK: u32 = 500;
/// The number of the processes that fill a vector base. All that drain deltas have higher ones.
pub(super) const FILLING: u64 = 1;
/// The smallest share of the nearest images that searches of a vector base must find to be switched to.
pub const RECALL_FLOOR: f64 = 0.95;

/// A vector base and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VectorBaseState {
    /// Its name in the engine.
    pub name: String,
    /// True if searches use it.
    pub is_serving: bool,
    /// Rows of the base segment that are copied, or were.
    pub rows: u64,
    /// Number of its slots.
    pub slots: u32,
    /// True if the index can go back to its base segment.
    pub can_roll_back: bool,
}

/// A comparison of a vector base with the segment that it was filled from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BaseComparison {
    /// Rows that should be there.
    pub rows: u64,
    /// Rows that are missing or differ.
    pub missing: u64,
    /// Share of the ten nearest images that searches of the vector base find, over a sample.
    pub recall: f64,
}

/// Changes an index from a base segment to a vector base, and back.
pub struct BaseMigration<'a> {
    indexer: &'a Indexer,
    admin: Arc<dyn VectorBaseAdmin>,
}

/// An index with a vector base.
struct Target {
    encoder: EncoderIdentity,
    current: Arc<Current>,
    entry: VectorBaseEntry,
    address: BaseAddress,
}

impl<'a> BaseMigration<'a> {
    /// Makes a migration of the searched index.
    pub fn new(indexer: &'a Indexer, admin: Arc<dyn VectorBaseAdmin>) -> Self {
        Self { indexer, admin }
    }

    /// Returns the vector base of the index; `None` if it has none.
    ///
    /// # Errors
    /// [`VectorBaseError`] when the index cannot be read.
    pub async fn state(&self) -> Result<Option<VectorBaseState>, VectorBaseError> {
        match self.target().await {
            Ok(target) => Ok(Some(target.state())),
            Err(VectorBaseError::Missing | VectorBaseError::Unpublished) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a vector base to the index, to be filled, or finds the one that was begun earlier. Its number of slots
    /// follows from the number of rows unless it is given.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn begin(
        &self,
        slots: Option<u32>,
        deadline: Deadline,
    ) -> Result<VectorBaseState, VectorBaseError> {
        let target = match self.target().await {
            Err(VectorBaseError::Missing) => self.add(slots, deadline).await?,
            target => target?,
        };
        self.admin.create(&target.address).await.map_err(failed)?;
        Ok(target.state())
    }

    /// True once searches of the vector base show what is written.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn is_searchable(&self) -> Result<bool, VectorBaseError> {
        let target = self.target().await?;
        let searchable = self.admin.is_searchable(&target.address).await;
        searchable.map_err(failed)
    }

    /// Copies the rows of the base segment that are not in the vector base yet. `progress` hears of the rows that are
    /// done, of all rows.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn fill(&self, mut progress: impl FnMut(u64, u64)) -> Result<(), VectorBaseError> {
        let target = self.target().await?;
        if target.entry.is_serving {
            return Ok(());
        }
        let (_, base) = self.base_segment(&target).await?;
        let engine = &self.indexer.ports.vector_base_writer;
        let rows = base.meta().rows();
        for first in (0..rows).step_by(CHUNK as usize) {
            let end = rows.min(first + CHUNK);
            let lacking = self.lacking(&target, &base, first..end).await?;
            let lacking: Vec<_> = lacking.into_iter().map(|row| base.row(row)).collect();
            if !lacking.is_empty() {
                let put = engine.put(&target.address, &lacking, FILLING).await;
                put.map_err(failed)?;
            }
            progress(u64::from(end), u64::from(rows));
        }
        Ok(())
    }

    /// Compares the vector base with the base segment: every row, and searches for a sample of rows.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn compare(&self) -> Result<BaseComparison, VectorBaseError> {
        let target = self.target().await?;
        let (_, base) = self.base_segment(&target).await?;
        let (rows, mut missing) = (base.meta().rows(), 0);
        for first in (0..rows).step_by(CHUNK as usize) {
            let end = rows.min(first + CHUNK);
            missing += self.lacking(&target, &base, first..end).await?.len() as u64;
        }
        let engine = &*self.indexer.ports.vector_base;
        let recall = recall(engine, &target.address, base).await?;
        Ok(BaseComparison {
            rows: u64::from(rows),
            missing,
            recall,
        })
    }

    /// Makes the index search its vector base in place of the base segment, which is kept.
    ///
    /// # Errors
    /// [`VectorBaseError`], among them [`VectorBaseError::Incomplete`] and [`VectorBaseError::Recall`] if the vector base
    /// is not as good.
    pub async fn switch(&self, deadline: Deadline) -> Result<BaseComparison, VectorBaseError> {
        let target = self.target().await?;
        let (segment, _) = self.base_segment(&target).await?;
        let compared = self.compare().await?;
        if compared.missing > 0 {
            return Err(VectorBaseError::Incomplete {
                missing: compared.missing,
                rows: compared.rows,
            });
        }
        if compared.recall < RECALL_FLOOR {
            return Err(VectorBaseError::Recall {
                recall: compared.recall,
                floor: RECALL_FLOOR,
            });
        }
        let edit = VectorBaseEdit::Serve {
            name: target.entry.name.clone(),
            filled_from: segment.id,
        };
        self.edit(&target.encoder, edit, deadline).await?;
        Ok(compared)
    }

    /// Takes the base segment back in place of the vector base, or stops filling it. Nothing that was uploaded or removed
    /// meanwhile is lost. The vector base stays until [`remove_unused`](Self::remove_unused), for the searches of the
    /// generations before.
    ///
    /// # Errors
    /// [`VectorBaseError`], among them [`VectorBaseError::Finished`].
    pub async fn give_up(&self, deadline: Deadline) -> Result<(), VectorBaseError> {
        let target = self.target().await?;
        let base = match (target.entry.is_serving, &target.entry.replaced) {
            (false, _) => None,
            (true, Some(replaced)) => Some(self.meta(&target, replaced).await?),
            (true, None) => return Err(VectorBaseError::Finished),
        };
        let edit = VectorBaseEdit::GiveUp {
            name: target.entry.name,
            base,
        };
        self.edit(&target.encoder, edit, deadline).await
    }

    /// Removes the vector bases that neither the index has nor any generation that is kept. Returns their number.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn remove_unused(&self) -> Result<usize, VectorBaseError> {
        // Listed first: a new one is named before it is made.
        let mut unused = self.admin.list().await.map_err(failed)?;
        unused.retain(is_own);
        // Then the current manifest: whatever replaces it has kept it before.
        let published = self.indexer.publisher.reader.published().await?;
        let current = &published.manifest;
        unused.retain(|name| !current.iter().any(|manifest| is_named(name, manifest)));
        let generations = &self.indexer.ports.generations;
        for kept in generations.list().await.map_err(failed)? {
            let bytes = generations.load(kept.generation).await.map_err(failed)?;
            let manifest = bytes.map(|bytes| Manifest::decode(&bytes)).transpose();
            // What cannot be read may name any.
            let manifest = manifest.map_err(IndexingError::from)?;
            unused.retain(|name| !manifest.iter().any(|manifest| is_named(name, manifest)));
        }
        for name in &unused {
            self.admin.delete(name).await.map_err(failed)?;
        }
        Ok(unused.len())
    }

    /// Gives up the base segment that the vector base replaced. Old deltas are drained from then on.
    ///
    /// # Errors
    /// [`VectorBaseError`].
    pub async fn finish(&self, deadline: Deadline) -> Result<(), VectorBaseError> {
        let target = self.target().await?;
        let edit = VectorBaseEdit::Finish {
            name: target.entry.name,
        };
        self.edit(&target.encoder, edit, deadline).await
    }

    async fn add(&self, slots: Option<u32>, deadline: Deadline) -> Result<Target, VectorBaseError> {
        let (encoder, current) = self.searched().await?;
        let segment = current.manifest.base_segment();
        let segment = segment.ok_or(VectorBaseError::NoBaseSegment)?;
        let base = self.whole(segment, &encoder).await?;
        let filterable = self.indexer.settings.filterable.clone();
        let meta = Arc::clone(base.meta());
        let (layout, lists) =
            tokio::task::spawn_blocking(move || layout_of(&meta, &filterable, slots))
                .await
                .map_err(IndexingError::from)?;
        let id = self.indexer.ports.host.new_segment_id();
        let name = format!("{PREFIX}{id}").to_lowercase();
        let entry = VectorBaseEntry {
            name: name.parse().map_err(|_| VectorBaseError::Missing)?,
            layout,
            is_serving: false,
            images: 0,
            counted: None,
            writer: FILLING,
            lists,
            written: None,
            replaced: None,
            match_thresholds: None,
        };
        self.edit(&encoder, VectorBaseEdit::Begin(Box::new(entry)), deadline)
            .await?;
        self.target().await
    }

    /// Returns the rows of the base segment, of these, that the vector base lacks.
    async fn lacking(
        &self,
        target: &Target,
        base: &Segment,
        rows: std::ops::Range<u32>,
    ) -> Result<Vec<u32>, VectorBaseError> {
        let meta = base.meta();
        let keys: Vec<String> = rows.clone().map(|row| meta.key(row).to_owned()).collect();
        let engine = &self.indexer.ports.vector_base;
        let states = engine.get(&target.address, &keys).await.map_err(failed)?;
        let is_there = |row: &u32| {
            let state: Option<&KeyState> = states.get(meta.key(*row));
            state.is_some_and(|state| state.row.as_ref() == Some(&base.row(*row)))
        };
        Ok(rows.filter(|row| !is_there(row)).collect())
    }

    /// Returns the searched index with its vector base.
    async fn target(&self) -> Result<Target, VectorBaseError> {
        let (encoder, current) = self.searched().await?;
        let entry = current.manifest.vector_base.clone();
        let address = BaseAddress::of(&current.manifest);
        match (entry, address) {
            (Some(entry), Some(address)) => Ok(Target {
                encoder,
                current,
                entry,
                address,
            }),
            _ => Err(VectorBaseError::Missing),
        }
    }

    pub(super) fn indexer(&self) -> &Indexer {
        self.indexer
    }

    pub(super) async fn searched(
        &self,
    ) -> Result<(EncoderIdentity, Arc<Current>), VectorBaseError> {
        let reader = &self.indexer.publisher.reader;
        let published = reader.published().await?;
        let encoders = published.encoders();
        match &encoders[..] {
            [] => Err(VectorBaseError::Unpublished),
            [encoder] => Ok((encoder.clone(), reader.read(encoder).await?)),
            _ => Err(VectorBaseError::StandbyIndexes),
        }
    }

    /// Returns the base segment from which the vector base is filled.
    async fn base_segment(
        &self,
        target: &Target,
    ) -> Result<(SegmentEntry, Segment), VectorBaseError> {
        let entry = target.current.manifest.base_segment().cloned();
        let entry = entry.or_else(|| target.entry.replaced.clone());
        let entry = entry.ok_or(VectorBaseError::Finished)?;
        let segment = self.whole(&entry, &target.encoder).await?;
        Ok((entry, segment))
    }

    async fn whole(
        &self,
        entry: &SegmentEntry,
        encoder: &EncoderIdentity,
    ) -> Result<Segment, VectorBaseError> {
        let reader = &self.indexer.publisher.reader;
        let entries = std::slice::from_ref(entry);
        let mut segments = reader.whole(entries, encoder.fingerprint).await?;
        segments.pop().ok_or(VectorBaseError::NoBaseSegment)
    }

    async fn meta(
        &self,
        target: &Target,
        replaced: &SegmentEntry,
    ) -> Result<Arc<SegmentMeta>, VectorBaseError> {
        let manifest = Manifest {
            segments: vec![replaced.clone()],
            ..target.current.manifest.clone()
        };
        let metas = self.indexer.publisher.reader.metas(&manifest, &[]).await?;
        metas.into_iter().next().ok_or(VectorBaseError::Finished)
    }

    pub(super) async fn edit(
        &self,
        encoder: &EncoderIdentity,
        edit: VectorBaseEdit,
        deadline: Deadline,
    ) -> Result<(), VectorBaseError> {
        match self.indexer.edit_base(encoder, edit, deadline).await? {
            None => Ok(()),
            Some(Refusal::VectorBase(error)) => Err(error),
            Some(_) => Err(VectorBaseError::Busy),
        }
    }
}

impl Target {
    fn state(&self) -> VectorBaseState {
        let base = self.current.manifest.base_segment();
        let base = base.or(self.entry.replaced.as_ref());
        VectorBaseState {
            name: self.entry.name.to_string(),
            is_serving: self.entry.is_serving,
            rows: base.map_or(self.entry.images, |base| u64::from(base.rows)),
            slots: self.entry.layout.slots,
            can_roll_back: !self.entry.is_serving || self.entry.replaced.is_some(),
        }
    }
}

/// True if a name is one that [`BaseMigration::begin`] gives.
fn is_own(name: &BaseName) -> bool {
    let id = name.as_str().strip_prefix(PREFIX);
    id.is_some_and(|id| id.to_uppercase().parse::<SegmentId>().is_ok())
}

fn is_named(name: &BaseName, manifest: &Manifest) -> bool {
    manifest.vector_bases().any(|entry| entry.name == *name)
}

pub(super) fn failed(error: lookalike_core::StoreError) -> VectorBaseError {
    IndexingError::from(error).into()
}
