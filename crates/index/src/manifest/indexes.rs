//! Several indexes in one manifest, each with its own encoder.
//!
//! A writer works on one index at a time and sees the manifest as if that index were the only one,
//! [`Manifest::index_of`]. Its changes are put back by [`Manifest::with_index`], which touches no other index.

use super::{Manifest, Role, SegmentEntry, StandbyIndex};
use crate::ids::{Fingerprint, SegmentId};
use crate::vector_base::VectorBaseEntry;

impl Manifest {
    /// Returns the encoders of all indexes, the serving one's first.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        let standby = self.standby_indexes.iter();
        std::iter::once(self.fingerprint).chain(standby.map(|index| index.fingerprint))
    }

    /// Returns the segments of all indexes, and the base segments that they can go back to.
    pub fn entries(&self) -> impl Iterator<Item = &SegmentEntry> + '_ {
        let standby = self.standby_indexes.iter();
        let segments = self.segments.iter();
        let replaced = (self.vector_bases()).filter_map(|entry| entry.replaced.as_ref());
        segments
            .chain(standby.flat_map(|index| &index.segments))
            .chain(replaced)
    }

    /// Returns the vector bases of all indexes.
    pub fn vector_bases(&self) -> impl Iterator<Item = &VectorBaseEntry> + '_ {
        let standby = self.standby_indexes.iter();
        let standby = standby.filter_map(|index| index.vector_base.as_ref());
        self.vector_base.iter().chain(standby)
    }

    /// True if any index has this segment.
    pub fn names(&self, id: SegmentId) -> bool {
        self.entries().any(|entry| entry.id == id)
    }

    /// Returns the standby index with this role.
    pub fn standby_index(&self, role: Role) -> Option<&StandbyIndex> {
        self.standby_indexes.iter().find(|index| index.role == role)
    }

    /// Returns the manifest as if the index of this encoder were the only one; `None` if there is no such index.
    pub fn index_of(&self, fingerprint: Fingerprint) -> Option<Manifest> {
        if self.fingerprint == fingerprint {
            return Some(Manifest {
                standby_indexes: Vec::new(),
                ..self.clone()
            });
        }
        let standby = self
            .standby_indexes
            .iter()
            .find(|index| index.fingerprint == fingerprint)?;
        Some(Manifest {
            fingerprint,
            encoder: standby.encoder.clone(),
            dimensions: standby.dimensions,
            generation: self.generation,
            segments: standby.segments.clone(),
            vector_base: standby.vector_base.clone(),
            retired: self.retired.clone(),
            doomed: self.doomed.clone(),
            forgotten: self.forgotten,
            lease: standby.lease.clone(),
            standby_indexes: Vec::new(),
            history: self.history.clone(),
        })
    }

    /// Replaces segments, vector base and lease of one index by those of `index`, which
    /// [`index_of`](Self::index_of) returned and a writer changed. `None` if there is no longer an
    /// index of that encoder.
    pub fn with_index(&self, index: Manifest) -> Option<Manifest> {
        let mut whole = self.clone();
        if whole.fingerprint == index.fingerprint {
            whole.segments = index.segments;
            whole.vector_base = index.vector_base;
            whole.lease = index.lease;
            return Some(whole);
        }
        let mut standby = whole.standby_indexes.iter_mut();
        let changed = standby.find(|known| known.fingerprint == index.fingerprint)?;
        changed.segments = index.segments;
        changed.vector_base = index.vector_base;
        changed.lease = index.lease;
        Some(whole)
    }

    /// Adds an empty index of another encoder, to be built. `None` if another one is being built,
    /// or there is an index of that encoder already.
    pub fn with_building(
        &self,
        encoder: &str,
        fingerprint: Fingerprint,
        dimensions: usize,
    ) -> Option<Manifest> {
        let taken = self.fingerprints().any(|known| known == fingerprint);
        if taken || self.standby_index(Role::Building).is_some() {
            return None;
        }
        let mut whole = self.clone();
        whole.standby_indexes.push(StandbyIndex {
            role: Role::Building,
            fingerprint,
            encoder: encoder.to_owned(),
            dimensions,
            segments: Vec::new(),
            vector_base: None,
            lease: None,
        });
        Some(whole)
    }

    /// Makes the standby index of that role the serving one, which becomes the previous one. An
    /// older previous one is dropped. `None` if there is no index of that role.
    pub fn with_switched(&self, role: Role) -> Option<Manifest> {
        let next = self.standby_index(role)?.clone();
        let mut standby_indexes = self.standby_indexes.clone();
        standby_indexes.retain(|index| index.role != role && index.role != Role::Previous);
        standby_indexes.push(StandbyIndex {
            role: Role::Previous,
            fingerprint: self.fingerprint,
            encoder: self.encoder.clone(),
            dimensions: self.dimensions,
            segments: self.segments.clone(),
            vector_base: self.vector_base.clone(),
            lease: self.lease.clone(),
        });
        Some(Manifest {
            fingerprint: next.fingerprint,
            encoder: next.encoder,
            dimensions: next.dimensions,
            generation: self.generation,
            segments: next.segments,
            vector_base: next.vector_base,
            retired: self.retired.clone(),
            doomed: self.doomed.clone(),
            forgotten: self.forgotten,
            lease: next.lease,
            standby_indexes,
            history: self.history.clone(),
        })
    }

    /// Drops the standby index of that role; `None` if there is none.
    pub fn without_standby(&self, role: Role) -> Option<Manifest> {
        self.standby_index(role)?;
        let mut whole = self.clone();
        whole.standby_indexes.retain(|index| index.role != role);
        Some(whole)
    }
}
